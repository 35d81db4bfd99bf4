"""Rendering and linting of state machine files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from cloud import asl
from cloud.domain.errors import ConfigurationError
from cloud_local import bundle
from infra import topology

MACHINE = topology.STATE_MACHINES[0]
FILE = bundle.folder("statemachine") / f"{MACHINE.name}.asl.json"
WITHOUT_CATCH = ("OpenOperation", "RecordStack", "FinishOperation")
"""OpenOperation comes before there is anything to clean up; the other two are the targets of every Catch."""


@pytest.fixture
def machine() -> dict[str, Any]:
    return asl.render(FILE.read_text(), MACHINE.substitutions)


def state(machine: dict[str, Any], wanted: str) -> dict[str, Any]:
    return next(found for _, name, found, _ in asl.states_of(machine) if name == wanted)  # type: ignore[return-value]


def messages(machine: dict[str, Any]) -> str:
    return "\n".join(problem.render() for problem in asl.lint(machine, without_catch=WITHOUT_CATCH))


def test_our_machine_breaks_no_rule(machine: dict[str, Any]) -> None:
    assert asl.lint(machine, without_catch=WITHOUT_CATCH) == ()


def test_the_file_is_json_before_it_is_rendered() -> None:
    assert json.loads(FILE.read_text())["StartAt"] == "OpenOperation"


def test_every_name_is_replaced(machine: dict[str, Any]) -> None:
    assert "${" not in json.dumps(machine)


def test_unknown_and_unused_names_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        asl.render('{"A": "${Typo}"}', {"Unused": "x"})
    assert [problem.message for problem in caught.value.problems] == [
        "The name ${Typo} is not given.",
        "The name Unused is given but not used.",
    ]


@pytest.mark.parametrize("text", ["{", "[]", '"text"'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        asl.render(text, {})


def test_state_name_folder_and_service_function_are_one_name(machine: dict[str, Any]) -> None:
    functions = {function.name for function in topology.FUNCTIONS}
    for _, name, found, _ in asl.states_of(machine):
        if found["Type"] == "Task" and "lambda:invoke" in found["Resource"]:
            verb_noun = "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
            assert found["Parameters"]["FunctionName"] == verb_noun
            assert verb_noun in functions


def test_every_catch_of_an_iteration_leads_to_record_stack(machine: dict[str, Any]) -> None:
    iteration = state(machine, "RunLayer")["ItemProcessor"]["States"]
    targets = {entry["Next"] for found in iteration.values() for entry in found.get("Catch", ())}
    assert targets == {"RecordStack"}


def test_an_iteration_ends_with_an_empty_object(machine: dict[str, Any]) -> None:
    record = state(machine, "RecordStack")
    assert (record["ResultSelector"], record["ResultPath"], record["End"]) == ({}, "$", True)


def test_a_retry_of_run_stack_beside_a_zombie_is_found(machine: dict[str, Any]) -> None:
    state(machine, "RunStack")["Retry"][0]["ErrorEquals"].append("Lambda.Unknown")
    assert "RunStack retries throttling only" in messages(machine)
    assert "Lambda.Unknown must not be retried" in messages(machine)


def test_a_retryable_error_of_our_tree_that_is_not_retried_is_found(machine: dict[str, Any]) -> None:
    for entry in state(machine, "PrepareStack")["Retry"]:
        entry["ErrorEquals"] = [error for error in entry["ErrorEquals"] if error != "StaleWrite"]
    assert "does not agree with the error tree: StaleWrite" in messages(machine)


@pytest.mark.parametrize("name", ["RecordStack", "FinishOperation"])
def test_the_last_resort_is_repeated_whatever_happened(machine: dict[str, Any], name: str) -> None:
    assert state(machine, name)["Retry"].pop()["ErrorEquals"] == ["States.ALL"]
    assert "nobody else would clean up" in messages(machine)


def test_throttling_that_is_not_retried_is_found(machine: dict[str, Any]) -> None:
    state(machine, "PrepareStack")["Retry"].pop()
    assert "A Lambda task retries Lambda.TooManyRequestsException" in messages(machine)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("TimeoutSeconds", "A Task needs TimeoutSeconds"),
        ("Retry", "A Task needs Retry"),
        ("Catch", "A Task needs a Catch"),
    ],
)
def test_a_task_without_its_safety_is_found(machine: dict[str, Any], key: str, message: str) -> None:
    del state(machine, "PrepareStack")[key]
    assert message in messages(machine)


def test_a_retry_without_jitter_is_found(machine: dict[str, Any]) -> None:
    del state(machine, "PrepareStack")["Retry"][0]["JitterStrategy"]
    assert "JitterStrategy FULL" in messages(machine)


def test_an_unbounded_map_is_found(machine: dict[str, Any]) -> None:
    del state(machine, "RunLayer")["MaxConcurrencyPath"]
    assert "A Map needs MaxConcurrency" in messages(machine)


def test_a_transition_to_nowhere_and_a_state_nobody_reaches_are_found(machine: dict[str, Any]) -> None:
    state(machine, "PrepareStack")["Next"] = "Nowhere"
    found = messages(machine)
    assert "'Nowhere' is not a state of this machine" in found
    assert "RunStack: No transition leads to this state" in found


def test_a_start_that_is_no_state_is_found(machine: dict[str, Any]) -> None:
    machine["StartAt"] = "Nowhere"
    assert "StartAt names 'Nowhere'" in messages(machine)


def test_branches_of_a_parallel_are_walked(machine: dict[str, Any]) -> None:
    inner = copy.deepcopy(machine)
    parallel = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [inner], "End": True}}}
    assert "/Both/DeployLayers/RunLayer" in {path for path, *_ in asl.states_of(parallel)}


def test_every_function_of_the_topology_has_a_folder_and_every_folder_is_declared() -> None:
    folder = Path(bundle.folder("statemachine")).parent / "functions"
    found = {path.parent.name for path in folder.glob("*/handler.py")}
    assert found == {function.name for function in topology.FUNCTIONS}
