"""End an operation whose execution has ended without it: stopped by hand, timed out, or dead in its last step.

What proves the end of an execution is Step Functions; what proves the end of a run, once the execution has ended, is its
claim: given back, or expired. Before both are proved nothing is settled, freed or handed on: runs that are still at work are
asked to stop, and whoever looks next finds them gone. So many may look, and at any time: the reconciler, the next operation
in the queue, whoever cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud.domain.errors import CloudError, InternalError, RunInterrupted, StaleWrite, from_dict
from cloud.domain.operations import Operation
from cloud.domain.records import EnvironmentLock, StackRecord
from cloud.domain.states import TaskState
from cloud.service.end_operation import Ended, end_operation, request_stop, state_after
from cloud.service.environment_lock import has_ended, release_environment
from cloud.service.evaluate_outcome import evaluate_outcome
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.run_claims import is_expired
from cloud.service.settle_stacks import claimed_rows, settle_stacks

SETTLING_SECONDS = 360.0
"""How long nobody else settles the stacks of an operation: longer than any function that does it may live."""

FreeLock = Callable[[StackRecord], None]
"""Deletes Pulumi's lock on a stack whose runner is proved dead."""


def finish_abandoned(
    platform: Platform, deployment_id: str, operation_id: str, *, free_lock: FreeLock | None = None
) -> bool:
    """End the operation, whose execution is proved to have ended. False: it can't be done here, or not yet.

    Runs that died in the middle have left Pulumi's lock behind; they are settled only by who can free it with ``free_lock``.
    Repeating it, also side by side, changes nothing twice.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.settled:
        release_environment(platform, operation)  # of a ticket that a delivery took which came too late
        return True
    end: _End | None = _end_of(operation)
    if operation.state is TaskState.RUNNING:
        end = _settle(platform, operation, free_lock)
    if end is None:
        return False
    pass_on(platform, end_operation(platform, deployment_id, operation_id, end.state, end.error))
    return True


def pass_on(platform: Platform, ended: Ended) -> None:
    """See to it that whoever holds the environment after ``ended`` is somebody that can be woken."""
    successor = ended.successor
    if successor is not None and has_ended(platform, successor.execution_arn):
        finish_abandoned(platform, ended.operation.deployment_id, successor.operation_id)


def free_from_the_dead(platform: Platform, lock: EnvironmentLock) -> EnvironmentLock:
    """End the owner's operation if its execution is proved to have ended. Gives the lock as it is then."""
    if lock.owner is None or not has_ended(platform, lock.owner.execution_arn):
        return lock
    finish_abandoned(platform, lock.deployment_id, lock.owner.operation_id)
    return platform.stores.operations.get_lock(lock.deployment_id, lock.environment)


@dataclass(frozen=True, slots=True)
class _End:
    """With what an operation ends."""

    state: TaskState
    error: CloudError | None = None


def _settle(platform: Platform, operation: Operation, free_lock: FreeLock | None) -> _End | None:
    """Bring all stacks of a running operation to their ends. None: not here, or not yet."""
    now = platform.clock.now()
    if _is_being_settled(operation, now):
        return None
    rows = claimed_rows(platform, operation)
    if any(row.claim and not is_expired(row.claim, now) for row in rows):
        request_stop(platform, operation, _broken_off(operation.id))
        return None
    if (rows and free_lock is None) or not _take_turn(platform, operation):
        return None
    end = _end_of(operation)
    schedule, _ = platform.stores.operations.get_schedule(operation.deployment_id, operation.id)
    if schedule.is_finished and not operation.error:  # every stack has ended: only the last step is missing
        state = evaluate_outcome(platform, operation.deployment_id, operation.id)
        end = end if state is TaskState.ERROR else _End(state)
    if free_lock is None or all(_clear(platform, row, free_lock) for row in rows):
        settle_stacks(platform, operation, [row.stack for row in rows])
        # Looked at again: a delivery that was under way may have claimed its stack before it was recorded. None can any more.
        if not claimed_rows(platform, operation):
            return end
    until_fresh(lambda: _give_turn_back(platform, operation))
    request_stop(platform, operation, _broken_off(operation.id))
    return None


def _end_of(operation: Operation) -> _End:
    """With the error that it was left with; cancelled, if somebody asked for it; else broken off."""
    if operation.error is not None:
        error = from_dict(operation.error)
        return _End(state_after(error), error)
    if operation.cancel_requested:
        return _End(TaskState.CANCELLED, RunInterrupted("The operation was cancelled.", operation_id=operation.id))
    return _End(TaskState.ERROR, _broken_off(operation.id))


def _broken_off(operation_id: str) -> CloudError:
    return InternalError(
        "The execution ended before the operation did: it was stopped, or FinishOperation failed.",
        hint="The execution's history in Step Functions tells why.",
        operation_id=operation_id,
    )


def _is_being_settled(operation: Operation, now: datetime) -> bool:
    """One at a time settles the stacks, so that each is told once. Whoever began and died is outlived."""
    since = operation.settling_since
    return bool(since) and now < datetime.fromisoformat(since) + timedelta(seconds=SETTLING_SECONDS)


def _take_turn(platform: Platform, operation: Operation) -> bool:
    try:
        platform.stores.operations.put(replace(operation, settling_since=platform.timestamp()))
    except StaleWrite:
        return False
    return True


def _give_turn_back(platform: Platform, operation: Operation) -> None:
    current = platform.stores.operations.get(operation.deployment_id, operation.id)
    platform.stores.operations.put(replace(current, settling_since=""))


def _clear(platform: Platform, row: StackRecord, free_lock: FreeLock) -> bool:
    """Take the claim of a dead runner over, free Pulumi's lock, and give the claim back. False: the runner lives after all.

    The claim is taken first, and by a conditional write: a runner that comes to itself finds it lost, and stops.
    """
    assert row.claim is not None  # noqa: S101 - only such rows are asked for
    claim = replace(row.claim, holder=platform.clock.new_ulid(), heartbeat_at=platform.timestamp())
    try:
        taken = platform.stores.stacks.put(replace(row, claim=claim))
    except StaleWrite:
        return False
    free_lock(taken)
    platform.stores.stacks.put(replace(taken, claim=None))
    return True
