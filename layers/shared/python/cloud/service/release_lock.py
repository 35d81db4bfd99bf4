"""Free an environment whose owner is proved to be gone. There is no way round the proof: a live owner is cancelled instead."""

from __future__ import annotations

from typing import Any

from cloud.domain.errors import LockHeld
from cloud.service.environment_lock import has_ended
from cloud.service.finish_abandoned import finish_abandoned
from cloud.service.platform import Platform
from cloud.service.show_lock import lock_view


def release_lock(platform: Platform, deployment_id: str, environment: str) -> dict[str, Any]:
    """End the owner's operation and pass the environment on. Gives the lock as ``show_lock`` does; a free one stays free.

    Raises NotFound without such an environment, and LockHeld while the owner's execution runs, or one of its runs may.
    """
    platform.stores.deployments.get_environment(deployment_id, environment)
    lock = platform.stores.operations.get_lock(deployment_id, environment)
    owner = lock.owner
    if owner is not None:
        if not has_ended(platform, owner.execution_arn):
            raise LockHeld(
                f"{environment} is held by operation {owner.operation_id} of {owner.requester}, whose execution runs.",
                hint=f"`cloud cancel --operation {owner.operation_id}` ends it.",
                deployment_id=deployment_id,
                operation_id=owner.operation_id,
            )
        if not finish_abandoned(platform, deployment_id, owner.operation_id):
            raise LockHeld(
                f"The execution of operation {owner.operation_id} has ended, but one of its runs may still be at work.",
                hint="The reconciler looks every minute, and frees the environment when the run is proved to have ended.",
                deployment_id=deployment_id,
                operation_id=owner.operation_id,
            )
        lock = platform.stores.operations.get_lock(deployment_id, environment)
    return lock_view(platform, lock)
