"""What is declared fits together, and fits the code that it names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloud import asl
from cloud.settings import Settings
from cloud_local import bundle
from functions.serve_api.handler import app
from infra import topology

NAMES = {function.name for function in topology.FUNCTIONS}
TABLES = {table.name for table in topology.TABLES}


def test_no_name_is_declared_twice() -> None:
    for declared in (topology.FUNCTIONS, topology.TABLES, topology.BUCKETS, topology.BUSES, topology.RULES):
        names = [each.name for each in declared]
        assert len(names) == len(set(names))
    routes = [(route.method, re.sub(r"{\w+}", "{}", route.path)) for route in topology.ROUTES]
    assert len(routes) == len(set(routes))


def test_every_folder_of_functions_is_declared_and_every_declared_function_has_one() -> None:
    folder = Path(topology.__file__).parent.parent / "functions"

    assert {path.parent.name for path in folder.glob("*/handler.py")} == NAMES


def test_the_rest_routes_are_those_that_serve_api_implements() -> None:
    implemented = {
        (method, re.sub(r"<\w+>", "{}", route.path))
        for route in [*app._static_routes, *app._dynamic_routes]
        for method in ([route.method] if isinstance(route.method, str) else route.method)
    }

    assert {(route.method, re.sub(r"{\w+}", "{}", route.path)) for route in topology.ROUTES} == implemented
    assert {route.function for route in topology.ROUTES} == {"serve_api"}


def test_paths_are_written_as_api_gateway_writes_them() -> None:
    for route in topology.ROUTES:
        assert re.fullmatch(r"(/([a-z]+|{[a-z_]+}))+", route.path)
        assert route.method in {"GET", "POST", "PUT", "DELETE", "PATCH"}


def test_the_websocket_api_has_its_three_routes() -> None:
    assert {route.key for route in topology.SOCKET_ROUTES} == {"$connect", "$disconnect", "$default"}
    assert {route.function for route in topology.SOCKET_ROUTES} <= NAMES


def test_what_functions_reach_is_declared() -> None:
    for function in topology.FUNCTIONS:
        assert set(function.tables) <= TABLES
        assert set(function.uses) <= {"artifacts", "connections", "lookups", "pulumi", "state", "vault", "workflow"}
        assert 0 < function.timeout <= 900
        assert 128 <= function.memory <= 10_240


def test_event_sources_read_tables_that_have_a_stream_and_feed_functions() -> None:
    streaming = {table.name: table for table in topology.TABLES if table.stream}
    for source in topology.EVENT_SOURCES:
        assert source.table in streaming
        assert streaming[source.table].range_key or not source.key_prefixes
        assert source.function in NAMES
    assert {source.table for source in topology.EVENT_SOURCES} == set(streaming)


def test_rules_are_on_declared_buses_and_aim_at_something_declared() -> None:
    machines = {machine.name for machine in topology.STATE_MACHINES}
    for rule in topology.RULES:
        assert rule.bus in {topology.DEFAULT_BUS, *(bus.name for bus in topology.BUSES)}
        assert rule.of_state_machine in {"", *machines}
        assert rule.target_name in (machines if rule.target is topology.RuleTarget.STATE_MACHINE else NAMES)
        json.dumps(rule.pattern)


def test_schedules_call_declared_functions() -> None:
    for schedule in topology.SCHEDULES:
        assert schedule.function in NAMES
        assert schedule.minutes >= 1


@pytest.mark.parametrize("machine", topology.STATE_MACHINES, ids=lambda machine: machine.name)
def test_a_state_machines_substitutions_are_the_names_in_its_file(machine: topology.StateMachine) -> None:
    text = (bundle.folder("statemachine") / f"{machine.name}.asl.json").read_text(encoding="utf-8")

    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(machine.substitutions)
    asl.render(text, machine.substitutions)
    functions = {name: target for name, target in machine.substitutions.items() if name.endswith("Function")}
    assert set(functions.values()) <= NAMES
    for name, target in functions.items():
        assert target.replace("_", "") == name.removesuffix("Function").lower()


def test_every_state_machine_file_is_declared() -> None:
    files = {path.name.removesuffix(".asl.json") for path in bundle.folder("statemachine").glob("*.asl.json")}

    assert files == {machine.name for machine in topology.STATE_MACHINES}


def test_the_settings_name_the_declared_tables_and_bucket() -> None:
    settings = Settings()

    named = {
        *(settings.deployments_table, settings.stacks_table, settings.logs_table, settings.metrics_table),
        settings.connections_table,
    }
    assert named == {f"cloud-{name}" for name in TABLES}
    assert settings.artifacts_bucket in {f"cloud-{bucket.name}" for bucket in topology.BUCKETS}


def test_it_is_pure_data() -> None:
    program = "import sys, infra.topology; print(sorted(m for m in ('pulumi', 'boto3', 'cloud') if m in sys.modules))"
    folder = Path(topology.__file__).parent.parent
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder)

    assert ran.stdout.strip() == "[]"
