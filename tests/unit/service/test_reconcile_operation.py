"""The reconciler brings to the truth what stopped, died or got lost, once, and never before it is proved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script, ScriptedRunner
from cloud.adapters.memory.workflow import MemoryWorkflow
from cloud.domain import schedule as scheduler
from cloud.domain.errors import AccessDenied, CloudError, PulumiError, Throttled
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import RunClaim
from cloud.domain.states import StackStatus, TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.await_dependencies import await_dependencies
from cloud.service.cancel_operation import cancel_operation
from cloud.service.environment_lock import has_ended, take_ticket
from cloud.service.finish_abandoned import SETTLING_SECONDS, finish_abandoned
from cloud.service.finish_operation import finish_operation
from cloud.service.prepare_stack import prepare_stack
from cloud.service.reconcile_operation import (
    KEPT_SECONDS,
    START_SECONDS,
    Verdict,
    reconcile_execution,
    reconcile_operation,
    sweep_operations,
)
from cloud.service.record_stack import record_stack
from cloud.service.run_claims import EXPIRES_SECONDS
from cloud.service.scheduling import apply
from cloud.service.start_operation import start_operation
from tests.unit.service.machine import Crash, Fuse, fused, run
from tests.unit.service.scene import ME, Scene
from tests.unit.service.stages import APPROVAL, CHAIN, begun, confirmed, planned, run_it

KILLED = "01KILLEDRUNNER"


def reconcile(scene: Scene, operation_id: str) -> Verdict:
    return reconcile_operation(scene.platform, scene.deployment_id, operation_id)


def claimed(scene: Scene) -> str:
    """An operation whose first stack runs: its runner has beaten a moment ago."""
    operation_id = begun(scene)
    claim(scene, operation_id)
    return operation_id


def claim(scene: Scene, operation_id: str) -> None:
    now = scene.platform.timestamp()
    ends_by = "2025-01-01T00:16:30.000Z"
    row = replace(scene.row("network"), attempt=1, claim=RunClaim(operation_id, 1, KILLED, now, now, ends_by))
    scene.stores.stacks.put(row)


def stopped(scene: Scene, operation_id: str) -> str:
    scene.workflow.finish(scene.arn_of(operation_id))
    return operation_id


def waiting(scene: Scene, token: str, kind: OperationKind = OperationKind.DEPLOY) -> str:
    """An operation in the environment's queue."""
    operation_id = scene.opened(kind).id
    scene.workflow.open_task(token)
    acquire_environment(scene.platform, scene.deployment_id, operation_id, token)
    return operation_id


def assert_untouched(scene: Scene, *operation_ids: str) -> None:
    """A look more, from everywhere, changes nothing and tells nothing."""
    before = [(scene.operation(each), scene.events(each)) for each in operation_ids]
    lock = scene.stores.operations.get_lock(scene.deployment_id, "dev")
    for each in operation_ids:
        reconcile(scene, each)
        if has_ended(scene.platform, scene.arn_of(each)):
            finish_abandoned(scene.platform, scene.deployment_id, each)
        scene.sweep()
    assert [(scene.operation(each), scene.events(each)) for each in operation_ids] == before
    assert scene.stores.operations.get_lock(scene.deployment_id, "dev") == lock


def test_an_operation_that_ended_well_is_nothing_to_look_after(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    run(scene, operation.id)
    assert scene.operation(operation.id).settled
    assert reconcile(scene, operation.id) is Verdict.SETTLED
    assert scene.sweep() == {}


def test_a_runner_that_lives_is_waited_for_and_asked_to_stop(scene: Scene) -> None:
    operation_id = stopped(scene, claimed(scene))
    for _ in range(2):
        assert reconcile(scene, operation_id) is Verdict.WAITING
    assert scene.lock_held()
    assert scene.row("network").status is StackStatus.DEPLOYING
    assert scene.operation(operation_id).cancel_requested
    assert len(scene.told(operation_id, "cancelling")) == 1


def test_a_runner_that_died_is_recorded_as_dead_and_its_lock_freed_after_the_proof(scene: Scene) -> None:
    operation_id = stopped(scene, claimed(scene))
    successor = waiting(scene, "next")
    assert scene.sweep(later=EXPIRES_SECONDS - 0.1)["waiting"] == 1
    assert scene.runner.freed == []
    assert scene.sweep(later=0.1) == {"settled": 1, "running": 1}
    assert scene.runner.freed == [f"{scene.deployment_id}-network-dev"]
    row = scene.row("network")
    assert (row.status, row.claim) == (StackStatus.FAILED, None)
    assert row.error is not None
    assert "died in the middle" in row.error["message"]
    assert scene.row("app").status is StackStatus.CANCELLED
    ended = scene.operation(operation_id)
    assert (ended.state, ended.settled) == (TaskState.ERROR, True)
    assert ended.error is not None
    assert "execution ended" in ended.error["message"]
    record = scene.stores.artifacts.get_record(scene.deployment_id, operation_id, "record.json")
    assert record["state"] == "error"
    assert scene.workflow.answers["next"].output == {"acquired": True}
    assert_untouched(scene, operation_id)
    assert scene.operation(successor).state is TaskState.QUEUED


def test_a_runner_that_ended_in_order_after_its_execution_is_recorded_with_its_result(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    stopped(scene, operation_id)
    assert reconcile(scene, operation_id) is Verdict.SETTLED
    assert scene.row("network").status is StackStatus.DEPLOYED
    assert scene.row("app").status is StackStatus.CANCELLED
    assert scene.operation(operation_id).state is TaskState.ERROR
    assert scene.runner.freed == []


def test_an_operation_of_which_only_the_last_step_is_missing_ends_as_its_stacks_have(scene: Scene) -> None:
    operation_id = begun(scene)
    for stack in CHAIN:
        prepare_stack(scene.platform, scene.deployment_id, operation_id, stack, go=True)
        run_it(scene, operation_id, stack)
        record_stack(scene.platform, scene.deployment_id, operation_id, stack, None)
    stopped(scene, operation_id)
    assert reconcile(scene, operation_id) is Verdict.SETTLED
    assert scene.operation(operation_id).state is TaskState.SUCCEEDED
    assert scene.operation(operation_id).error is None
    assert scene.status() == "deployed"
    assert_untouched(scene, operation_id)


def test_a_cancelled_operation_that_is_stopped_is_cancelled(scene: Scene) -> None:
    operation_id = begun(scene)
    cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    stopped(scene, operation_id)
    assert reconcile(scene, operation_id) is Verdict.SETTLED
    assert scene.operation(operation_id).state is TaskState.CANCELLED
    assert scene.status() == "cancelled"


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_operation_that_never_began_is_ended_and_leaves_the_queue(scene: Scene, cancelled: bool) -> None:
    first = confirmed(scene)
    second = waiting(scene, "second")
    if cancelled:
        cancel_operation(scene.platform, scene.deployment_id, second, caller="ops")
    stopped(scene, second)
    assert reconcile(scene, second) is Verdict.SETTLED
    assert scene.operation(second).state is (TaskState.CANCELLED if cancelled else TaskState.ERROR)
    lock = scene.stores.operations.get_lock(scene.deployment_id, "dev")
    assert lock.owner is not None
    assert (lock.owner.operation_id, lock.queue) == (first, ())


def test_a_finish_operation_that_died_between_freeing_and_waking_is_completed(scene: Scene) -> None:
    """The lost hand-over, at every write: the next one is woken, and the end is told once."""
    for writes in range(1, 20):
        scene = Scene()
        first = confirmed(scene)
        waiting(scene, "next")
        caught = {"Error": "RunInterrupted", "Cause": "away"}
        try:
            finish_operation(fused(scene.platform, Fuse(writes)), scene.deployment_id, first, state=None, caught=caught)
        except Crash:
            pass
        else:
            break
        stopped(scene, first)
        scene.sweep(later=SETTLING_SECONDS)
        assert scene.operation(first).settled
        assert scene.workflow.answers["next"].output == {"acquired": True}
        assert [event.data["terminal"] for event in scene.events(first) if event.data.get("terminal")] == [True]
    assert writes > 5  # every write of it was one to die after


def test_a_reconciler_that_dies_at_any_write_is_outlived(scene: Scene) -> None:
    for writes in range(1, 40):
        scene = Scene()
        operation_id = stopped(scene, claimed(scene))
        scene.clock.advance(EXPIRES_SECONDS)
        broken = fused(scene.platform, Fuse(writes))
        try:
            reconcile_operation(broken, scene.deployment_id, operation_id)
        except Crash:
            pass
        else:
            break
        for _ in range(2):
            scene.sweep(later=SETTLING_SECONDS)
        assert scene.operation(operation_id).settled
        assert scene.row("network").status is StackStatus.FAILED
        assert scene.row("network").claim is None
        told = scene.told(operation_id, "stack", "status")
        assert [status for stack, status in told if stack == "app"] == ["cancelled"]
        assert [status for stack, status in told if stack == "network"] == ["deploying", "failed"]
        assert not scene.lock_held()
    assert writes > 10


def test_somebody_else_who_is_at_it_is_left_to_it(scene: Scene) -> None:
    operation_id = stopped(scene, begun(scene))
    scene.stores.operations.put(replace(scene.operation(operation_id), settling_since=scene.platform.timestamp()))
    assert reconcile(scene, operation_id) is Verdict.WAITING
    assert scene.lock_held()
    scene.clock.advance(SETTLING_SECONDS)
    assert reconcile(scene, operation_id) is Verdict.SETTLED


class Overtaking:
    """A store in which somebody else writes the same record just before its first write of ``name``."""

    def __init__(self, inner: Any, name: str) -> None:
        self._inner, self._name, self._left = inner, name, 1

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name != self._name:
            return method

        def write(record: Any) -> Any:
            if self._left:
                self._left -= 1
                method(record)
            return method(record)

        return write


@pytest.mark.parametrize("store", ["operations", "stacks"])
def test_two_that_begin_at_once_are_one(scene: Scene, store: str) -> None:
    """Of two that take the turn one goes on; and a runner that beats once more at the last moment keeps its claim."""
    operation_id = stopped(scene, claimed(scene))
    scene.clock.advance(EXPIRES_SECONDS)
    stores = replace(scene.stores, **{store: Overtaking(getattr(scene.stores, store), "put")})
    racing = replace(scene.platform, stores=stores)
    assert reconcile_operation(racing, scene.deployment_id, operation_id) is Verdict.WAITING
    assert scene.runner.freed == []
    assert scene.lock_held()


class Claiming:
    """A store of operations: as soon as the schedule is cancelled, a delivery that was under way claims its stack."""

    def __init__(self, scene: Scene, operation_id: str) -> None:
        self._scene, self._operation_id = scene, operation_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene.stores.operations, name)

    def put_schedule(self, *arguments: Any) -> None:
        self._scene.stores.operations.put_schedule(*arguments)
        if self._scene.row("network").claim is None:
            claim(self._scene, self._operation_id)


@pytest.mark.parametrize("by_finish_operation", [False, True])
def test_a_run_that_claims_while_its_stack_is_settled_is_waited_for(scene: Scene, by_finish_operation: bool) -> None:
    operation_id = begun(scene)
    stores: Any = replace(scene.stores, operations=Claiming(scene, operation_id))  # type: ignore[arg-type]
    racing = replace(scene.platform, stores=stores)
    if by_finish_operation:
        caught = {"Error": "States.TaskFailed", "Cause": "RecordStack died"}
        finish_operation(racing, scene.deployment_id, operation_id, state=None, caught=caught)
        stopped(scene, operation_id)
    else:
        stopped(scene, operation_id)
        assert reconcile_operation(racing, scene.deployment_id, operation_id) is Verdict.WAITING
    assert scene.lock_held()
    assert scene.operation(operation_id).cancel_requested
    assert scene.sweep() == {"waiting": 1}
    assert scene.sweep(later=EXPIRES_SECONDS) == {"settled": 1}
    assert scene.operation(operation_id).state is TaskState.ERROR
    assert scene.row("network").claim is None


class Locked(ScriptedRunner):
    """A runner that can't free locks."""

    def __init__(self, error: CloudError) -> None:
        super().__init__()
        self.error = error

    def free_lock(self, project: str, pulumi_stack: str) -> None:
        raise self.error


@pytest.mark.parametrize("error", [Throttled("slow down"), PulumiError("no such stack")])
def test_a_lock_of_pulumi_that_cannot_be_freed_is_tried_again_or_left(scene: Scene, error: CloudError) -> None:
    operation_id = stopped(scene, claimed(scene))
    scene.clock.advance(EXPIRES_SECONDS)
    platform = replace(scene.platform, runner=lambda: Locked(error))
    if error.retryable:
        with pytest.raises(Throttled):
            reconcile_operation(platform, scene.deployment_id, operation_id)
        assert scene.lock_held()
        assert scene.sweep(later=SETTLING_SECONDS) == {"settled": 1}
    else:
        assert reconcile_operation(platform, scene.deployment_id, operation_id) is Verdict.SETTLED
        assert ("network", "warning", "no such stack") in scene.told(operation_id, "stack", "level", "message")
    assert not scene.lock_held()


def test_who_cannot_free_locks_of_pulumi_leaves_a_dead_run_to_the_reconciler(scene: Scene) -> None:
    operation_id = stopped(scene, claimed(scene))
    scene.clock.advance(EXPIRES_SECONDS)
    assert not finish_abandoned(scene.platform, scene.deployment_id, operation_id)
    assert scene.row("network").claim is not None
    assert scene.lock_held()


# -- a FinishOperation that finds a run that has not reported


@pytest.mark.parametrize(
    ("state", "caught", "ends"),
    [
        (TaskState.FAILED, None, TaskState.FAILED),
        (None, {"Error": "States.TaskFailed", "Cause": "RecordStack died"}, TaskState.ERROR),
    ],
)
def test_an_operation_is_not_ended_while_one_of_its_runners_may_live(
    scene: Scene, state: TaskState | None, caught: Mapping[str, Any] | None, ends: TaskState
) -> None:
    operation_id = claimed(scene)
    if (
        caught is None
    ):  # the function of the run died, and its Catch recorded that when nothing was heard of it any more
        scene.clock.advance(EXPIRES_SECONDS)
        for stack in CHAIN:
            died = {"Error": "Lambda.Unknown", "Cause": "exit"} if stack == "network" else None
            record_stack(scene.platform, scene.deployment_id, operation_id, stack, died)
    answer = finish_operation(scene.platform, scene.deployment_id, operation_id, state=state, caught=caught)
    assert (answer["state"], scene.lock_held()) == (ends.value, True)
    assert "may still be at work" in answer["message"]
    assert scene.operation(operation_id).cancel_requested
    stopped(scene, operation_id)
    if caught is not None:
        assert scene.sweep() == {"waiting": 1}
        scene.clock.advance(EXPIRES_SECONDS)
    assert scene.sweep() == {"settled": 1}
    assert scene.operation(operation_id).state is ends
    assert scene.runner.freed == [f"{scene.deployment_id}-network-dev"]
    assert_untouched(scene, operation_id)


# -- what a running operation is sent again


def test_wake_ups_that_were_lost_are_sent_again(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.workflow.open_task("app")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "app", "app")
    run_it(scene, operation_id)
    operation = scene.operation(operation_id)
    apply(scene.platform, operation, scheduler.Finished("network", scheduler.Outcome.SUCCESS))  # and dies
    assert "app" not in scene.workflow.answers
    assert reconcile(scene, operation_id) is Verdict.RUNNING
    assert scene.workflow.answers["app"].output == {"go": True}


def test_a_cancel_that_died_after_its_flag_is_carried_out(scene: Scene) -> None:
    operation_id = confirmed(scene)
    scene.workflow.open_task("app")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "app", "app")
    scene.stores.operations.put(replace(scene.operation(operation_id), cancel_requested=True))  # and dies
    scene.sweep()
    assert scene.workflow.answers["app"].output == {"go": False}
    waits = waiting(scene, "waits")
    scene.stores.operations.put(replace(scene.operation(waits), cancel_requested=True))
    scene.sweep()
    assert scene.workflow.answers["waits"].cause == "The operation was cancelled."


def test_an_owner_that_was_never_woken_is_woken(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.opened()
    scene.workflow.open_task("t")
    scene.stores.operations.put_token(scene.deployment_id, operation.id, "AcquireEnvironment", "t", "")
    take_ticket(scene.platform, operation)  # and dies
    assert scene.sweep() == {"running": 1}
    assert scene.workflow.answers["t"].output == {"acquired": True}


def test_a_ticket_that_an_ended_operation_took_too_late_is_given_back(scene: Scene) -> None:
    scene.manifest(CHAIN)
    ended = scene.start()
    run(scene, ended.id)
    take_ticket(scene.platform, scene.operation(ended.id))  # a zombie, which dies before it looks again
    operation = scene.opened()
    scene.workflow.open_task("t")
    scene.stores.operations.put_token(scene.deployment_id, operation.id, "AcquireEnvironment", "t", "")
    take_ticket(scene.platform, operation)
    assert scene.sweep() == {"running": 1}
    assert scene.workflow.answers["t"].output == {"acquired": True}


def test_one_that_waits_for_an_approval_or_its_turn_is_left_alone(scene: Scene) -> None:
    planned(scene, environment=APPROVAL)
    first = confirmed(scene)
    second = waiting(scene, "second")
    assert scene.sweep() == {"running": 3}
    assert_untouched(scene, first, second)


# -- operations and executions that don't find each other


def test_an_operation_that_was_never_started_ends_when_nobody_can_start_it_any_more(scene: Scene) -> None:
    scene.manifest(CHAIN)
    started = scene.start()
    unbound = replace(scene.operation(started.id), execution_arn="")
    scene.stores.operations.put(unbound)
    assert scene.sweep() == {"starting": 1}
    assert scene.sweep(later=START_SECONDS) == {"settled": 1}
    ended = scene.operation(started.id)
    assert ended.state is TaskState.ERROR
    assert ended.error is not None
    assert "never started" in ended.error["message"]


def test_one_that_was_cancelled_before_it_was_started_is_cancelled(scene: Scene) -> None:
    scene.manifest(CHAIN)
    started = scene.start()
    scene.stores.operations.put(replace(scene.operation(started.id), execution_arn="", cancel_requested=True))
    scene.sweep(later=START_SECONDS)
    assert scene.operation(started.id).state is TaskState.CANCELLED


def event_of(scene: Scene, operation_id: str, execution: str = "", **given: Any) -> dict[str, Any]:
    given = given or {"operation_id": operation_id, "deployment_id": scene.deployment_id}
    return {"executionArn": scene.arn_of(execution or operation_id), "status": "ABORTED", "input": json.dumps(given)}


def test_an_execution_is_known_by_its_input_or_by_its_name(scene: Scene) -> None:
    first = stopped(scene, confirmed(scene))
    assert reconcile_execution(scene.platform, event_of(scene, first)) is Verdict.SETTLED
    second = stopped(scene, scene.opened().id)
    by_hand = event_of(scene, second, deployment_id=scene.deployment_id, environment="dev")
    assert reconcile_execution(scene.platform, by_hand) is Verdict.SETTLED
    third = stopped(scene, scene.opened().id)
    for unreadable in ("", "{", "[]", None):
        event = {"executionArn": scene.arn_of(third), "input": unreadable}
        assert reconcile_execution(scene.platform, event) is (Verdict.SETTLED if unreadable == "" else None)


def test_an_execution_that_died_before_it_was_noted_is_its_operations(scene: Scene) -> None:
    scene.manifest(CHAIN)
    started = scene.start()
    scene.stores.operations.put(replace(scene.operation(started.id), execution_arn=""))
    stopped(scene, started.id)
    assert reconcile_execution(scene.platform, event_of(scene, started.id)) is Verdict.SETTLED
    assert scene.operation(started.id).state is TaskState.ERROR


def test_an_execution_without_an_operation_of_its_own_is_nobodys(scene: Scene) -> None:
    """A duplicate that was stopped must not end the operation that another execution runs."""
    operation_id = confirmed(scene)
    duplicate = event_of(scene, operation_id, "again")
    unknown = event_of(scene, "01NOWHERE")
    refused = event_of(scene, "x", "refused", deployment_id="D000000")
    assert [reconcile_execution(scene.platform, event) for event in (duplicate, unknown, refused)] == [None] * 3
    assert scene.operation(operation_id).state is TaskState.RUNNING


# -- the sweep


def test_a_sweep_ends_in_time_and_one_that_fails_does_not_keep_the_others_from_it(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first, second, third = (scene.opened().id for _ in range(3))
    failures: list[str] = []

    class Denied(MemoryWorkflow):
        def is_running(self, execution_arn: str) -> bool:
            if execution_arn == scene.arn_of(second):
                raise AccessDenied("not yours")
            return True

    platform = replace(scene.platform, workflow=Denied)
    left = iter([KEPT_SECONDS + 1] * 3)

    def failed(operation: Operation, _: CloudError) -> None:
        failures.append(operation.id)

    counts = sweep_operations(platform, remaining_seconds=lambda: next(left), failed=failed)
    assert (counts, failures) == ({"running": 2, "failed": 1}, [second])
    left = iter([KEPT_SECONDS, KEPT_SECONDS - 1])
    assert sweep_operations(platform, remaining_seconds=lambda: next(left), failed=failed) == {"running": 1}
    assert {first, third} == {each.id for each in (scene.operation(first), scene.operation(third))}


def test_a_sweep_turns_the_pages(scene: Scene) -> None:
    scene.manifest(CHAIN)
    for number in range(101):
        start_operation(
            scene.platform, scene.deployment_id, "dev", OperationKind.DEPLOY, requester=ME, idempotency_key=str(number)
        )
    assert scene.sweep() == {"running": 101}


def test_a_failing_stack_says_so_also_when_the_execution_died_after_it(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(error="program-failed", message="no such CIDR")}
    with pytest.raises(CloudError):
        run_it(scene, operation_id)
    stopped(scene, operation_id)
    scene.sweep()
    row = scene.row("network")
    assert row.error is not None
    assert (row.status, row.error["message"]) == (StackStatus.FAILED, "no such CIDR")
