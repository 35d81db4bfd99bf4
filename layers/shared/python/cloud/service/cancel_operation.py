"""Cancel: a flag that the scheduler and the runner see. Nothing new starts, what runs is interrupted, the lock goes last."""

from __future__ import annotations

from dataclasses import replace

from cloud.domain.errors import NotFound
from cloud.domain.operations import Operation
from cloud.service.announcing import announce, operation_event
from cloud.service.environment_lock import has_ended
from cloud.service.finish_abandoned import finish_abandoned
from cloud.service.nudge_operation import nudge_operation
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform


def cancel_operation(
    platform: Platform, deployment_id: str, operation_id: str, *, caller: str, force: bool = False
) -> Operation:
    """Ask the operation to end. One that has ended already is given back as it is; asking twice is asking once.

    ``force`` has running stacks killed at once, also after a plain cancel: what Pulumi was doing is left as pending operations.
    One whose execution is gone (stopped by hand, or dead in its last step) is ended here, unless somebody of it may still run
    or the reconciler is at it: then that ends it. Raises NotFound.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.execution_arn and not operation.settled and has_ended(platform, operation.execution_arn):
        finish_abandoned(platform, deployment_id, operation_id)
        operation = platform.stores.operations.get(deployment_id, operation_id)
        if not force:
            return operation

    def flag() -> tuple[Operation, bool]:
        current = platform.stores.operations.get(deployment_id, operation_id)
        forced = current.cancel_forced or force
        if current.state.is_terminal or (current.cancel_requested and current.cancel_forced == forced):
            return current, False
        return platform.stores.operations.put(replace(current, cancel_requested=True, cancel_forced=forced)), True

    operation, first = until_fresh(flag)
    if first:
        told = operation_event(operation, operation.state, cancelling=True, forced=force or None, cancelled_by=caller)
        announce(platform, operation, told)
    if not operation.state.is_terminal:
        nudge_operation(platform, operation, cancelled_by=caller)
    return operation


def running_operation(platform: Platform, deployment_id: str, environment: str) -> str:
    """The operation that holds the environment, else the latest that waits for an approval. Raises NotFound."""
    lock = platform.stores.operations.get_lock(deployment_id, environment)
    if lock.owner is None:
        for operation in platform.stores.operations.list(deployment_id).items:
            if operation.environment == environment and not operation.state.is_terminal:
                return operation.id
        raise NotFound(
            f"Nothing runs in {environment or 'no environment'} of {deployment_id}.",
            hint="`cloud status` shows the operations.",
            deployment_id=deployment_id,
        )
    return lock.owner.operation_id
