"""What the state machine left unrecorded when it broke off: every stack of an operation ends, also when a Map failed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from cloud.domain import schedule as scheduler
from cloud.domain.errors import CloudError, InternalError
from cloud.domain.operations import Operation
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, TaskState
from cloud.service.announcing import told_events
from cloud.service.platform import Platform
from cloud.service.record_stack import record_stack
from cloud.service.scheduling import apply

_UNDER_WAY = (StackStatus.WAITING.value, StackStatus.DEPLOYING.value, StackStatus.DESTROYING.value)


def settle_stacks(platform: Platform, operation: Operation, died: Collection[str] = ()) -> None:
    """Record each stack of the schedule whose result is not written or not told yet. Nothing new starts.

    A run that left a result is recorded with it. One that did not is failed: nobody knows how far Pulumi came. ``died`` are
    those whose runner is proved to have died in the middle; of none may a runner still be alive.
    """
    operations = platform.stores.operations
    if operation.state is not TaskState.RUNNING:
        return  # it broke off before anything could run, be there a schedule or not
    schedule, _ = operations.get_schedule(operation.deployment_id, operation.id)
    apply(platform, operation, scheduler.CancelRequested())
    told = {
        event.data.get("stack")
        for event in told_events(platform, operation)
        if "stack" in event.data and event.data.get("status", _UNDER_WAY[0]) not in _UNDER_WAY
    }
    rows = platform.stores.stacks.list(operation.deployment_id, operation.environment)
    recorded = {row.stack for row in rows if row.operation_id == operation.id and row.is_recorded}
    done = {
        stack.name
        for stack in schedule.stacks.values()
        if stack.standing.is_terminal and stack.name in told and (operation.kind.only_looks or stack.name in recorded)
    }
    for stack in sorted(schedule.stacks.keys() - done):
        try:
            caught = _runner_died(operation, stack) if stack in died else None
            record_stack(platform, operation.deployment_id, operation.id, stack, caught)
        except CloudError as error:
            # One that can't be recorded must not keep the environment locked; the next operation takes it for failed.
            if error.retryable:
                raise


def claimed_rows(platform: Platform, operation: Operation) -> tuple[StackRecord, ...]:
    """The stacks whose runs of this operation have not reported how they ended: they run, or have died."""
    if operation.state is not TaskState.RUNNING or operation.kind.only_looks:
        return ()
    rows = platform.stores.stacks.list(operation.deployment_id, operation.environment)
    return tuple(row for row in rows if row.claim is not None and row.claim.operation_id == operation.id)


def _runner_died(operation: Operation, stack: str) -> Mapping[str, str]:
    """As a Catch would hand it on."""
    error = InternalError(
        f"The runner of {stack} died in the middle of its run, and the execution with it.",
        hint="What it had begun stands in Pulumi's state; the next deploy settles what was left pending.",
        deployment_id=operation.deployment_id,
        operation_id=operation.id,
        stack=stack,
    )
    return {"Error": type(error).__name__, "Cause": json.dumps(error.to_dict())}
