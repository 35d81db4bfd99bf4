"""The environment's lock: one owner, and a queue in the order of the tickets.

The lock has no lease: an operation may wait for days. Its owner is an execution, and everybody can see which. What proves
that an owner is gone is the end of its execution, never the time.
"""

from __future__ import annotations

from dataclasses import replace

from cloud.domain.errors import NotFound
from cloud.domain.operations import Operation
from cloud.domain.records import EnvironmentLock, LockTicket
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform

TOKEN = "AcquireEnvironment"  # noqa: S105 - the name of a state, under which its task token is kept


def take_ticket(platform: Platform, operation: Operation) -> EnvironmentLock:
    """Own the environment if it is free, else queue. A repeated delivery keeps its place."""

    def attempt() -> EnvironmentLock:
        lock = platform.stores.operations.get_lock(operation.deployment_id, operation.environment)
        held = lock.owner and lock.owner.operation_id == operation.id
        if held or any(ticket.operation_id == operation.id for ticket in lock.queue):
            return lock
        ticket = LockTicket(
            operation.id, operation.execution_arn, operation.requester, lock.next_ticket, platform.timestamp()
        )
        lock = replace(lock, next_ticket=lock.next_ticket + 1)
        lock = replace(lock, queue=(*lock.queue, ticket)) if lock.owner else replace(lock, owner=ticket)
        return platform.stores.operations.put_lock(lock)

    return until_fresh(attempt)


def release_environment(platform: Platform, operation: Operation) -> LockTicket | None:
    """Free the environment, or give up the place in its queue, and wake the owner. Gives the owner that there is now.

    Repeating it changes nothing, but wakes the owner again: a crash between the write and the send must not strand the queue.
    """

    def attempt() -> EnvironmentLock:
        lock = platform.stores.operations.get_lock(operation.deployment_id, operation.environment)
        if lock.owner and lock.owner.operation_id == operation.id:
            first = replace(lock.queue[0], taken_at=platform.timestamp()) if lock.queue else None
            return platform.stores.operations.put_lock(replace(lock, owner=first, queue=lock.queue[1:]))
        queue = tuple(ticket for ticket in lock.queue if ticket.operation_id != operation.id)
        return lock if queue == lock.queue else platform.stores.operations.put_lock(replace(lock, queue=queue))

    owner = until_fresh(attempt).owner
    if owner:
        wake_owner(platform, operation.deployment_id, owner)
    return owner


def wake_owner(platform: Platform, deployment_id: str, owner: LockTicket) -> None:
    """Complete the owner's AcquireEnvironment, if it waits. One that has no token yet looks at the lock when it comes."""
    tokens = platform.stores.operations.get_tokens(deployment_id, owner.operation_id, [TOKEN])
    if TOKEN in tokens:
        platform.workflow().succeed(tokens[TOKEN], {"acquired": True})


def has_ended(platform: Platform, execution_arn: str) -> bool:
    """Whether the execution is proved to have ended; Step Functions forgets an ended one after 90 days."""
    try:
        return not platform.workflow().is_running(execution_arn)
    except NotFound:
        return True
