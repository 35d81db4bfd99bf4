"""A stack of which nothing has changed: its route, its result, and that nothing runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.domain.operations import OperationKind, OperationOptions
from cloud.domain.states import StackStatus, TaskState
from cloud.service.operation_facts import KEPT, facts_of
from cloud.service.prepare_stack import prepare_stack
from cloud.service.record_stack import record_stack
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import CHAIN, confirmed


@pytest.fixture
def twice(scene: Scene) -> Scene:
    """A deployment that was deployed with a known engine."""
    scene.platform = replace(scene.platform, engine="engine 1")
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    scene.runner.ran.clear()
    return scene


def test_what_has_not_changed_runs_nothing_and_says_why(twice: Scene) -> None:
    operation = twice.start()
    run(twice, operation.id)
    assert twice.runner.ran == []
    assert twice.operation(operation.id).state is TaskState.COMPLETED
    row = twice.row("network")
    assert (row.status, row.reason) == (StackStatus.UNCHANGED, "nothing that it depends on has changed")
    assert twice.told(operation.id, "stack", "status") == [("network", "unchanged"), ("app", "unchanged")]


def test_unchanged_twice_is_still_unchanged(twice: Scene) -> None:
    for _ in range(2):
        run(twice, twice.start().id)
    assert twice.runner.ran == []


def test_force_runs_it_all_the_same(twice: Scene) -> None:
    run(twice, twice.start(options=OperationOptions(force=True)).id)
    assert twice.runner.ran == ["network", "app"]


def test_another_engine_runs_it_and_the_row_says_so(twice: Scene) -> None:
    twice.platform = replace(twice.platform, engine="engine 2")
    operation = twice.start()
    run(twice, operation.id)
    assert twice.runner.ran == ["network", "app"]
    assert twice.told(operation.id, "why")[0] == ("Pulumi, its SDKs, plugins or runtime changed",)


def test_a_repeated_preparation_of_an_unchanged_stack_takes_the_same_route(twice: Scene) -> None:
    operation_id = confirmed(twice)
    routes = [
        prepare_stack(twice.platform, twice.deployment_id, operation_id, "network", go=True)["route"] for _ in range(2)
    ]
    assert routes == ["unchanged", "unchanged"]
    record_stack(twice.platform, twice.deployment_id, operation_id, "network", None)
    assert twice.row("network").status is StackStatus.UNCHANGED


def test_a_preparation_that_died_before_its_event_tells_it_when_it_is_repeated(twice: Scene) -> None:
    twice.platform = replace(twice.platform, engine="engine 2")
    operation_id = confirmed(twice)
    prepare_stack(twice.platform, twice.deployment_id, operation_id, "network", go=True)
    other = confirmed(twice)
    # As if the first delivery had died between the row and the event.
    twice.stores.stacks.put(replace(twice.row("network"), operation_id=other))
    prepare_stack(twice.platform, twice.deployment_id, other, "network", go=True)
    assert twice.told(other, "stack", "status") == [("network", "deploying")]


def test_a_destroy_and_what_follows_it_run(twice: Scene) -> None:
    run(twice, twice.start(OperationKind.DESTROY).id)
    run(twice, twice.start().id)
    assert twice.runner.ran == ["app", "network", "network", "app"]


def test_the_facts_of_many_operations_are_not_kept_for_ever(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    for number in range(KEPT):
        scene.platform.operations["D", str(number)] = operation
    assert facts_of(scene.platform, scene.deployment_id, operation.id).id == operation.id
    assert len(scene.platform.operations) == KEPT
    assert ("D", "0") not in scene.platform.operations
