"""AcquireEnvironment: one operation at a time in an environment, in the order of the tickets."""

from __future__ import annotations

from cloud.domain.errors import RunInterrupted, StateError
from cloud.domain.operations import Operation
from cloud.domain.states import TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.environment_lock import TOKEN, release_environment, take_ticket
from cloud.service.finish_abandoned import free_from_the_dead
from cloud.service.platform import Platform


def acquire_environment(
    platform: Platform, deployment_id: str, operation_id: str, token: str, attempt: str = ""
) -> None:
    """Take the lock and complete the task, or queue; whoever frees the environment completes it then.

    The token is stored before the queue is written, so that the one who frees the environment always finds it. ``attempt`` is
    ``entry.attempt_of`` the delivery. Raises RunInterrupted for a cancelled operation, StateError for one that has ended,
    StaleWrite for a delivery that comes after a later one.
    """
    operations = platform.stores.operations
    operations.put_token(deployment_id, operation_id, TOKEN, token, attempt)
    operation = operations.get(deployment_id, operation_id)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled.", operation_id=operation_id)
    _require_open(operation)
    lock = take_ticket(platform, operation)
    # Looked at again after the ticket is written: FinishOperation ends the operation first and looks for its ticket then, so
    # one of the two sees the other, and no ticket of an ended operation is left to hold the environment for ever.
    try:
        _require_open(operations.get(deployment_id, operation_id))
    except StateError:
        release_environment(platform, operation)
        raise
    if lock.owner and lock.owner.operation_id != operation_id:
        lock = free_from_the_dead(platform, lock)
    owner = lock.owner
    if owner and owner.operation_id == operation_id:
        platform.workflow().succeed(token, {"acquired": True})
        return
    waiting = [ticket.operation_id for ticket in lock.queue]
    announce(
        platform,
        operation,
        operation_event(
            operation,
            TaskState.QUEUED,
            waiting_for=owner.operation_id if owner else "",
            held_by=owner.requester if owner else "",
            position=waiting.index(operation_id) + 1 if operation_id in waiting else None,
        ),
    )


def _require_open(operation: Operation) -> None:
    if operation.state.is_terminal:
        raise StateError("The operation has ended.", operation_id=operation.id)
