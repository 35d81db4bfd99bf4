"""Who holds an environment, since when, whether they live, and who waits for it."""

from __future__ import annotations

from typing import Any

from cloud.domain.records import EnvironmentLock, LockTicket
from cloud.service.environment_lock import has_ended
from cloud.service.platform import Platform


def show_lock(platform: Platform, deployment_id: str, environment: str) -> dict[str, Any]:
    """``{deployment_id, environment, owner, queue}``. Raises NotFound without such an environment.

    A place has ``operation_id kind state requester ticket since execution_arn is_running``; one in the queue has its
    ``position`` too, from 1. ``owner`` is None when the environment is free. ``since`` is when it was taken, or queued for.
    """
    platform.stores.deployments.get_environment(deployment_id, environment)
    return lock_view(platform, platform.stores.operations.get_lock(deployment_id, environment))


def lock_view(platform: Platform, lock: EnvironmentLock) -> dict[str, Any]:
    """What ``show_lock`` gives, of a lock that was read."""
    queue = [
        {"position": position, **_place(platform, lock, ticket)} for position, ticket in enumerate(lock.queue, start=1)
    ]
    return {
        "deployment_id": lock.deployment_id,
        "environment": lock.environment,
        "owner": _place(platform, lock, lock.owner) if lock.owner else None,
        "queue": queue,
    }


def _place(platform: Platform, lock: EnvironmentLock, ticket: LockTicket) -> dict[str, Any]:
    operation = platform.stores.operations.get(lock.deployment_id, ticket.operation_id)
    return {
        "operation_id": ticket.operation_id,
        "kind": operation.kind.value,
        "state": operation.state.value,
        "requester": ticket.requester,
        "ticket": ticket.number,
        "since": ticket.taken_at,
        "execution_arn": ticket.execution_arn,
        "is_running": not has_ended(platform, ticket.execution_arn),
    }
