"""AcquireEnvironment: one operation at a time in an environment, in the order of the tickets.

The lock has no lease: an operation may wait for days. Its owner is an execution, and everybody can see which.
"""

from __future__ import annotations

from dataclasses import replace

from cloud.domain.errors import RunInterrupted
from cloud.domain.operations import Operation
from cloud.domain.records import EnvironmentLock, LockTicket
from cloud.domain.states import TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform

TOKEN = "AcquireEnvironment"  # noqa: S105 - the name of a state, under which its task token is kept


def acquire_environment(platform: Platform, deployment_id: str, operation_id: str, token: str) -> None:
    """Take the lock and complete the task, or queue; whoever frees the environment completes it then.

    The token is stored before the queue is written, so that the one who frees the environment always finds it.
    """
    platform.stores.operations.put_token(deployment_id, operation_id, TOKEN, token)
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled.", operation_id=operation_id)
    lock = until_fresh(lambda: _take_ticket(platform, operation))
    if lock.owner and lock.owner.operation_id == operation_id:
        platform.workflow().succeed(token, {"acquired": True})
        return
    announce(
        platform,
        operation,
        operation_event(
            operation,
            TaskState.QUEUED,
            waiting_for=lock.owner.operation_id if lock.owner else "",
            held_by=lock.owner.requester if lock.owner else "",
            position=[ticket.operation_id for ticket in lock.queue].index(operation_id) + 1,
        ),
    )


def _take_ticket(platform: Platform, operation: Operation) -> EnvironmentLock:
    lock = platform.stores.operations.get_lock(operation.deployment_id, operation.environment)
    held = lock.owner and lock.owner.operation_id == operation.id
    if held or any(ticket.operation_id == operation.id for ticket in lock.queue):
        return lock  # a repeated delivery keeps its place
    ticket = LockTicket(
        operation.id, operation.execution_arn, operation.requester, lock.next_ticket, platform.timestamp()
    )
    lock = replace(lock, next_ticket=lock.next_ticket + 1)
    lock = replace(lock, queue=(*lock.queue, ticket)) if lock.owner else replace(lock, owner=ticket)
    return platform.stores.operations.put_lock(lock)


def release_environment(platform: Platform, operation: Operation) -> None:
    """Free the environment, or give up the place in its queue, and wake the next in line. Repeating it changes nothing.

    The next owner is woken again on every repetition: a crash between the write and the send must not strand the queue.
    """

    def attempt() -> EnvironmentLock:
        lock = platform.stores.operations.get_lock(operation.deployment_id, operation.environment)
        if lock.owner and lock.owner.operation_id == operation.id:
            first = lock.queue[0] if lock.queue else None
            return platform.stores.operations.put_lock(replace(lock, owner=first, queue=lock.queue[1:]))
        queue = tuple(ticket for ticket in lock.queue if ticket.operation_id != operation.id)
        return lock if queue == lock.queue else platform.stores.operations.put_lock(replace(lock, queue=queue))

    lock = until_fresh(attempt)
    if lock.owner:
        tokens = platform.stores.operations.get_tokens(operation.deployment_id, lock.owner.operation_id, [TOKEN])
        if TOKEN in tokens:
            platform.workflow().succeed(tokens[TOKEN], {"acquired": True})


def owns_environment(platform: Platform, operation: Operation) -> bool:
    """Whether the operation holds its environment's lock."""
    lock = platform.stores.operations.get_lock(operation.deployment_id, operation.environment)
    return lock.owner is not None and lock.owner.operation_id == operation.id
