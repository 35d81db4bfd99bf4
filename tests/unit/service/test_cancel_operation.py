"""One terminal state, wherever and however often it is cancelled."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from cloud.domain.errors import (
    NotFound,
)
from cloud.domain.records import LockTicket, RunClaim
from cloud.domain.states import TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.await_dependencies import await_dependencies
from cloud.service.cancel_operation import cancel_operation, running_operation
from cloud.service.finish_operation import finish_operation
from cloud.service.record_stack import record_stack
from cloud.service.request_approval import request_approval
from cloud.service.run_claims import EXPIRES_SECONDS
from tests.unit.service.machine import Machine, run
from tests.unit.service.scene import ME, Scene
from tests.unit.service.stages import APPROVAL, CHAIN, begun, confirmed, planned, run_it


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


def test_an_operation_whose_execution_is_dead_is_ended_at_once(scene: Scene) -> None:
    """The execution died before anybody cancelled, so it is the platform's error; cancelling again changes nothing."""
    operation_id = confirmed(scene)
    scene.workflow.finish(scene.arn_of(operation_id))
    for _ in range(2):
        ended = cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
        assert (ended.state, ended.settled, ended.cancel_requested) == (TaskState.ERROR, True, False)
    assert not scene.lock_held()
    assert len(scene.told(operation_id, "terminal", "message")) == 1


def test_a_forced_cancel_follows_a_plain_one_and_each_is_told_once(scene: Scene) -> None:
    operation_id = confirmed(scene)
    for force in (False, False, True, True, False):
        asked = cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops", force=force)
    assert (asked.cancel_requested, asked.cancel_forced) == (True, True)
    told = [event.data.get("forced", False) for event in scene.events(operation_id) if event.data.get("cancelling")]
    assert told == [False, True]


def test_a_forced_cancel_also_reaches_a_run_that_has_outlived_its_execution(scene: Scene) -> None:
    operation_id = begun(scene)
    now = scene.platform.timestamp()
    claim = RunClaim(operation_id, 1, "01HOLDER", now, now, "2025-01-01T00:16:30.000Z")
    scene.stores.stacks.put(replace(scene.row("network"), attempt=1, claim=claim))
    scene.workflow.finish(scene.arn_of(operation_id))
    plain = cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    assert (plain.state, plain.cancel_forced) == (TaskState.RUNNING, False)
    forced = cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops", force=True)
    assert forced.cancel_forced
    scene.sweep(later=EXPIRES_SECONDS)
    assert scene.operation(operation_id).state is TaskState.ERROR


def test_a_cancel_ends_the_wait_for_an_approval_or_for_a_turn(scene: Scene) -> None:
    asked = planned(scene, environment=APPROVAL)
    scene.workflow.open_task("approve")
    request_approval(scene.platform, scene.deployment_id, asked, "approve")
    confirmed(scene)
    queued = scene.opened().id
    scene.workflow.open_task("queued")
    acquire_environment(scene.platform, scene.deployment_id, queued, "queued")
    for operation_id, token in ((asked, "approve"), (queued, "queued")):
        cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
        answer = scene.workflow.answers[token]
        assert (answer.error, answer.cause) == ("RunInterrupted", "Cancelled by ops.")
