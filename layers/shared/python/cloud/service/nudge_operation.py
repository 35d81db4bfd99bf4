"""Send an operation again what may have been lost on its way: the task tokens of those who should have been woken.

A crash between a write and its send leaves somebody waiting. Sending again harms nobody: a token works once.
"""

from __future__ import annotations

from cloud.domain import schedule as scheduler
from cloud.domain.errors import RunInterrupted
from cloud.domain.operations import Operation
from cloud.domain.states import TaskState
from cloud.service.environment_lock import TOKEN as ACQUIRE
from cloud.service.environment_lock import wake_owner
from cloud.service.platform import Platform
from cloud.service.request_approval import TOKEN as APPROVE
from cloud.service.scheduling import apply, wake

INTERRUPTED = RunInterrupted.__name__


def nudge_operation(platform: Platform, operation: Operation, *, cancelled_by: str = "") -> None:
    """Wake whom the schedule or the lock names; of a cancelled operation, end every wait."""
    operations = platform.stores.operations
    if operation.state is TaskState.RUNNING:  # so its schedule is there: ConfirmPlan writes that first
        if operation.cancel_requested:
            wake(platform, operation, apply(platform, operation, scheduler.CancelRequested()))
        else:
            schedule, _ = operations.get_schedule(operation.deployment_id, operation.id)
            wake(platform, operation, scheduler.wake_ups(schedule))
    elif operation.cancel_requested:
        # It waits for an approval or for its turn: end the wait; FinishOperation gives up its place in the queue.
        cause = f"Cancelled by {cancelled_by}." if cancelled_by else "The operation was cancelled."
        for token in operations.get_tokens(operation.deployment_id, operation.id, [APPROVE, ACQUIRE]).values():
            platform.workflow().fail(token, INTERRUPTED, cause)
    else:
        owner = operations.get_lock(operation.deployment_id, operation.environment).owner
        if owner is not None and owner.operation_id == operation.id:
            wake_owner(platform, operation.deployment_id, owner)
