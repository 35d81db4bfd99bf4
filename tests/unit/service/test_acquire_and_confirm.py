"""The environment goes from ticket to ticket, and a plan is confirmed once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.errors import (
    NotFound,
    RunInterrupted,
    StateError,
)
from cloud.domain.operations import OperationKind
from cloud.domain.records import EnvironmentLock, LockTicket
from cloud.domain.states import StackStatus, TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.cancel_operation import cancel_operation, running_operation
from cloud.service.confirm_plan import confirm_plan
from cloud.service.finish_operation import finish_operation
from cloud.service.plan_deployment import plan_deployment
from cloud.service.record_stack import record_stack
from tests.unit.service.machine import run
from tests.unit.service.scene import ME, Scene
from tests.unit.service.stages import APPROVAL, CHAIN, begun, confirmed, planned, run_it


def test_the_environment_goes_from_ticket_to_ticket(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first, second, third = (scene.opened().id for _ in range(3))
    for name in (first, second, third):
        scene.workflow.open_task(name)
        acquire_environment(scene.platform, scene.deployment_id, name, name)
    acquire_environment(scene.platform, scene.deployment_id, second, second)  # a repetition keeps its place
    assert set(scene.workflow.answers) == {first}
    assert running_operation(scene.platform, scene.deployment_id, "dev") == first
    assert ((first, ME, 2)) in scene.told(third, "waiting_for", "held_by", "position")
    caught = {"Error": "RunInterrupted", "Cause": "away"}
    finish_operation(scene.platform, scene.deployment_id, second, state=None, caught=caught)  # leaves the queue
    assert set(scene.workflow.answers) == {first}
    finish_operation(scene.platform, scene.deployment_id, first, state=None, caught=caught)
    assert set(scene.workflow.answers) == {first, third}
    finish_operation(scene.platform, scene.deployment_id, first, state=None, caught=caught)  # again: changes nothing
    assert running_operation(scene.platform, scene.deployment_id, "dev") == third
    finish_operation(scene.platform, scene.deployment_id, third, state=None, caught=caught)
    with pytest.raises(NotFound, match="Nothing runs in dev"):
        running_operation(scene.platform, scene.deployment_id, "dev")


def test_a_delivery_after_the_end_takes_no_lock(scene: Scene) -> None:
    operation_id = planned(scene)
    caught = {"Error": "RunInterrupted", "Cause": "away"}
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=caught)
    with pytest.raises(StateError, match="has ended"):
        acquire_environment(scene.platform, scene.deployment_id, operation_id, "late")
    assert not scene.lock_held()
    with pytest.raises(StateError, match="has ended"):
        confirm_plan(scene.platform, scene.deployment_id, operation_id)


def test_an_owner_whose_execution_is_gone_gives_way_to_whoever_comes(scene: Scene) -> None:
    first = confirmed(scene)
    scene.workflow.finish(scene.arn_of(first))
    second = scene.opened().id
    scene.workflow.open_task("second")
    acquire_environment(scene.platform, scene.deployment_id, second, "second")
    assert scene.workflow.answers["second"].output == {"acquired": True}
    assert scene.operation(first).state is TaskState.ERROR
    assert {scene.row(name).status for name in CHAIN} == {StackStatus.FAILED, StackStatus.CANCELLED}


def test_a_place_in_the_queue_that_nobody_waits_for_is_passed_on(scene: Scene) -> None:
    first = confirmed(scene)
    dead, third = scene.opened().id, scene.opened().id
    for name in (dead, third):
        scene.workflow.open_task(name)
        acquire_environment(scene.platform, scene.deployment_id, name, name)
    scene.workflow.finish(scene.arn_of(dead))
    finish_operation(scene.platform, scene.deployment_id, first, state=TaskState.SUCCEEDED, caught=None)
    assert scene.operation(dead).state is TaskState.ERROR
    assert scene.workflow.answers[third].output == {"acquired": True}


def test_an_execution_that_step_functions_has_forgotten_has_ended(scene: Scene) -> None:
    scene.manifest(CHAIN)
    ticket = LockTicket("01OLD", "arn:forgotten", "ann", 1, "")
    operation = scene.opened()
    scene.stores.operations.create(replace(operation, id="01OLD", execution_arn="arn:forgotten", version=0))
    scene.stores.operations.put_lock(EnvironmentLock(scene.deployment_id, "dev", owner=ticket, next_ticket=2))
    scene.workflow.open_task("t")
    acquire_environment(scene.platform, scene.deployment_id, operation.id, "t")
    assert scene.workflow.answers["t"].output == {"acquired": True}


def test_one_of_several_in_the_queue_heals_a_dead_owner_and_goes_on_waiting(scene: Scene) -> None:
    first = confirmed(scene)
    second, third = scene.opened().id, scene.opened().id
    scene.workflow.open_task("second")
    acquire_environment(scene.platform, scene.deployment_id, second, "second")
    scene.workflow.finish(scene.arn_of(first))
    acquire_environment(scene.platform, scene.deployment_id, third, "third")
    assert scene.workflow.answers["second"].output == {"acquired": True}
    assert (second, 1) in scene.told(third, "waiting_for", "position")


def test_confirming_writes_the_schedule_and_repeating_changes_nothing(scene: Scene) -> None:
    operation_id = confirmed(scene)
    payload = confirm_plan(scene.platform, scene.deployment_id, operation_id)
    assert payload["layers"] == [{"stacks": [{"stack": "network"}]}, {"stacks": [{"stack": "app"}]}]
    assert scene.told(operation_id, "state").count(("running",)) == 1
    assert scene.status() == "deploying"


def test_within_a_layer_the_longest_remaining_path_is_first(scene: Scene) -> None:
    scene.manifest({"alone": [], "base": [], "middle": ["base"], "other": ["alone"], "top": ["middle"]})
    operation = scene.opened()
    payload = plan_deployment(scene.platform, scene.deployment_id, operation.id)
    first, second, _ = [[item["stack"] for item in layer["stacks"]] for layer in payload["layers"]]
    assert first == ["base", "alone"], "base has two stacks to come"
    assert second == ["middle", "other"]


def test_what_is_executed_is_what_the_first_delivery_confirmed(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert len(confirm_plan(scene.platform, scene.deployment_id, operation_id)["layers"]) == 2


def test_a_plan_that_changed_while_it_waited_is_replaced_or_refused(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    for environment in ({}, APPROVAL):
        scene.manifest(CHAIN, environment=environment)
        operation = scene.opened(OperationKind.DESTROY)
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
        gone = replace(scene.row("app"), status=StackStatus.DESTROYED, resource_count=0, program_digest="")
        scene.stores.stacks.put(gone)
        scene.workflow.open_task(operation.id)
        acquire_environment(scene.platform, scene.deployment_id, operation.id, operation.id)
        if environment:
            with pytest.raises(StateError, match="no longer what would run"):
                confirm_plan(scene.platform, scene.deployment_id, operation.id)
        else:
            assert len(confirm_plan(scene.platform, scene.deployment_id, operation.id)["layers"]) == 1
        finish_operation(scene.platform, scene.deployment_id, operation.id, state=TaskState.FAILED, caught=None)
        scene.stores.stacks.put(replace(scene.row("app"), status=StackStatus.DEPLOYED, resource_count=2))


def test_a_cancel_between_the_writes_of_confirm_plan_wins(scene: Scene) -> None:
    """The flag is raised after ConfirmPlan looked at it, and before it sets the operation running."""
    operation_id = planned(scene)
    operations = scene.stores.operations

    class Cancelling:
        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def create_schedule(self, *arguments: Any) -> None:
            operations.create_schedule(*arguments)
            cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")

    racing = replace(scene.platform, stores=replace(scene.stores, operations=Cancelling()))
    with pytest.raises(RunInterrupted):
        confirm_plan(racing, scene.deployment_id, operation_id)
    assert scene.operation(operation_id).state is TaskState.QUEUED


def test_two_that_confirm_at_once_agree(scene: Scene) -> None:
    operation_id = planned(scene)
    operations = scene.stores.operations

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def create_schedule(self, *arguments: Any) -> None:
            operations.create_schedule(*arguments)
            running = replace(operations.get(scene.deployment_id, operation_id), state=TaskState.RUNNING)
            operations.put(running)

    racing = replace(scene.platform, stores=replace(scene.stores, operations=Racing()))
    assert len(confirm_plan(racing, scene.deployment_id, operation_id)["layers"]) == 2
