"""One terminal state, wherever and however often it is cancelled."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from cloud.domain.errors import (
    NotFound,
)
from cloud.domain.records import LockTicket
from cloud.domain.states import TaskState
from cloud.service.await_dependencies import await_dependencies
from cloud.service.cancel_operation import cancel_operation, running_operation
from cloud.service.finish_operation import finish_operation
from cloud.service.record_stack import record_stack
from tests.unit.service.machine import Machine, run
from tests.unit.service.scene import ME, Scene
from tests.unit.service.stages import CHAIN, begun, confirmed, run_it


def test_a_cancel_wakes_what_waits_and_is_one_however_often(scene: Scene) -> None:
    operation_id = confirmed(scene)
    scene.workflow.open_task("app")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "app", "app")
    for _ in range(2):
        cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    assert scene.workflow.answers["app"].output == {"go": False}
    assert scene.told(operation_id, "cancelled_by") == [("ops",)]


def test_what_is_to_be_cancelled_may_hold_nothing_yet(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    with pytest.raises(NotFound):
        running_operation(scene.platform, scene.deployment_id, "dev")
    waiting = scene.opened()
    assert running_operation(scene.platform, scene.deployment_id, "dev") == waiting.id
    with pytest.raises(NotFound):
        running_operation(scene.platform, scene.deployment_id, "prod")


def test_a_cancel_of_what_has_ended_gives_it_back(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    run(scene, operation.id)
    before = scene.events(operation.id)
    ended = cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    assert (ended.state, ended.cancel_requested) == (TaskState.SUCCEEDED, False)
    assert scene.events(operation.id) == before


def test_whoever_frees_the_environment_before_the_next_has_its_token_wakes_nobody(scene: Scene) -> None:
    first = confirmed(scene)
    second = scene.opened()
    lock = scene.stores.operations.get_lock(scene.deployment_id, "dev")
    ticket = LockTicket(second.id, second.execution_arn, ME, 2, "")
    scene.stores.operations.put_lock(replace(lock, queue=(ticket,), next_ticket=3))
    finish_operation(scene.platform, scene.deployment_id, first, state=TaskState.SUCCEEDED, caught=None)
    assert running_operation(scene.platform, scene.deployment_id, "dev") == second.id


def test_an_operation_whose_execution_has_one_more_step_to_go_is_given_back(scene: Scene) -> None:
    operation_id = confirmed(scene)
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=TaskState.FAILED, caught=None)
    ended = cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    assert (ended.state, ended.cancel_requested) == (TaskState.FAILED, False)


def test_an_operation_that_was_refused_at_the_start_needs_no_cancel(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    scene.stores.operations.put(replace(scene.operation(operation.id), state=TaskState.ERROR))
    ended = cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    assert ended.state is TaskState.ERROR


def test_a_wake_up_that_a_dying_cancel_never_sent_is_sent_by_the_next_record(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.workflow.open_task("app")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "app", "app")
    from cloud.domain import schedule as scheduler
    from cloud.service.scheduling import apply

    apply(scene.platform, scene.operation(operation_id), scheduler.CancelRequested())  # and dies
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert scene.workflow.answers["app"].output == {"go": False}


def test_a_cancel_after_the_last_stack_changes_nothing(scene: Scene) -> None:
    scene.manifest(CHAIN)
    machine = Machine(scene, random.Random(0))
    operation = scene.start()
    machine.execute({"operation_id": operation.id, "deployment_id": scene.deployment_id}, operation.id)
    finished = {"network", "app"}
    machine.advance(
        lambda: (
            finished <= {event.data.get("stack") for event in scene.events(operation.id) if event.data.get("changes")}
        )
    )
    cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    machine.finish()
    assert scene.operation(operation.id).state is TaskState.SUCCEEDED
