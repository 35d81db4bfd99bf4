"""From a manifest and what is stored to what the planner needs."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.domain.errors import NotFound
from cloud.domain.manifest import Manifest
from cloud.domain.nodes import node_of, nodes_of, predicted_seconds
from cloud.domain.operations import OperationKind
from cloud.domain.plan import make_plan
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus


def manifest(stacks: dict[str, dict[str, Any]]) -> Manifest:
    return Manifest.from_dict({"environments": {"dev": {}}, "stacks": stacks})


def record(name: str, *needs: str, seconds: tuple[float, ...] = ()) -> StackRecord:
    return StackRecord("D1BRV40", name, "dev", "acme", StackStatus.DEPLOYED, "", dependencies=needs, seconds=seconds)


def destroyed(stacks: dict[str, dict[str, Any]], *records: StackRecord) -> list[list[str]]:
    """The layers of a destroy."""
    nodes = nodes_of(manifest(stacks), "dev", records={item.stack: item for item in records})
    plan = make_plan(nodes, kind=OperationKind.DESTROY, deployment_id="D1BRV40", environment="dev")
    return [[stack.stack for stack in layer] for layer in plan.layers]


def test_a_node_says_what_the_manifest_and_the_row_say() -> None:
    stacks = {
        "network": {},
        "app": {
            "dependencies": ["network"],
            "optional_dependencies": ["cache"],
            "config": {"db": "{{stack.database.url}}", "own": "{{stack.app.x | default(1)}}"},
            "executor": "lambda",
            "enabled": False,
        },
    }
    node = node_of(manifest(stacks), "app", "dev", record=record("app", seconds=(1.0, 9.0, 2.0)))
    assert (node.dependencies, node.optional_dependencies, node.implicit_dependencies) == (
        ("network",),
        ("cache",),
        ("database",),
    )
    assert (node.enabled, node.executor, node.predicted_seconds, node.deployed) == (False, "lambda", 2.0, True)
    assert predicted_seconds(None) == predicted_seconds(record("app")) == 0.0
    with pytest.raises(NotFound):
        node_of(manifest(stacks), "ap", "dev")


def test_only_what_survives_the_merge_is_a_dependency() -> None:
    stacks = {"network": {}, "app": {"config": {"a": "{{stack.network.id}}"}}}
    files = {"app.dev": {"a": "plain", "b": "{{stack.dns.zone}}"}}
    assert node_of(manifest(stacks), "app", "dev").implicit_dependencies == ("network",)
    assert node_of(manifest(stacks), "app", "dev", config_files=files).implicit_dependencies == ("dns",)
    settings = {"b": "{{stack.ecr.url}}"}
    node = node_of(manifest(stacks), "app", "dev", config_files=files, settings=settings)
    assert node.implicit_dependencies == ("ecr",)


def test_a_stack_that_the_manifest_lost_goes_before_what_it_needed() -> None:
    assert destroyed({"network": {}}, record("network"), record("lost", "network")) == [["lost"], ["network"]]


def test_a_stack_that_the_manifest_lost_goes_after_what_needed_it() -> None:
    rows = record("network"), record("lost", "network"), record("app", "lost")
    assert destroyed({"network": {}, "app": {}}, *rows) == [["app"], ["lost"], ["network"]]


def test_a_recorded_dependency_between_stacks_of_the_manifest_does_not_count() -> None:
    rows = record("network", "app"), record("app"), record("lost")
    assert destroyed({"network": {}, "app": {}}, *rows) == [["app", "lost", "network"]]


def test_rows_that_contradict_the_manifest_give_way_to_it() -> None:
    stacks = {"network": {}, "app": {"dependencies": ["network"]}}
    rows = record("network", "lost"), record("lost", "app"), record("app", "network")
    assert destroyed(stacks, *rows) == [["app", "lost"], ["network"]]


def test_a_lost_stack_that_is_not_deployed_is_forgotten_and_no_deploy_waits_for_one() -> None:
    gone = StackRecord("D1BRV40", "gone", "dev", "acme", StackStatus.DESTROYED, "")
    rows = {"gone": gone, "lost": record("lost", "network"), "app": record("app", "lost")}
    nodes = nodes_of(manifest({"network": {}, "app": {}}), "dev", records=rows)
    assert nodes.keys() == {"network", "app", "lost"}
    plan = make_plan(nodes, kind=OperationKind.DEPLOY, deployment_id="D1BRV40", environment="dev")
    assert plan.stacks.keys() == {"network", "app"}
    assert "stays deployed" in plan.left_out["lost"]
