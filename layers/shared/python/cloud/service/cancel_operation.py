"""Cancel: a flag that the scheduler and the runner see. Nothing new starts, what runs is interrupted, the lock goes last."""

from __future__ import annotations

from dataclasses import replace

from cloud.domain import schedule as scheduler
from cloud.domain.errors import NotFound, RunInterrupted
from cloud.domain.operations import Operation
from cloud.domain.states import TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.environment_lock import TOKEN as ACQUIRE
from cloud.service.environment_lock import has_ended
from cloud.service.finish_operation import finish_abandoned
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.request_approval import TOKEN as APPROVE
from cloud.service.scheduling import apply, wake

INTERRUPTED = RunInterrupted.__name__


def cancel_operation(platform: Platform, deployment_id: str, operation_id: str, *, caller: str) -> Operation:
    """Ask the operation to end. One that has ended already is given back as it is; asking twice is asking once.

    One whose execution is gone (stopped by hand, or dead in its last step) is ended here, as nobody else would, with all that
    goes with it. Raises NotFound.
    """

    def flag() -> tuple[Operation, bool]:
        operation = platform.stores.operations.get(deployment_id, operation_id)
        if operation.state.is_terminal or operation.cancel_requested:
            return operation, False
        return platform.stores.operations.put(replace(operation, cancel_requested=True)), True

    operation, first = until_fresh(flag)
    if first:
        announce(platform, operation, operation_event(operation, operation.state, cancelling=True, cancelled_by=caller))
    if operation.execution_arn and has_ended(platform, operation.execution_arn):
        finish_abandoned(platform, deployment_id, operation_id)
        return platform.stores.operations.get(deployment_id, operation_id)
    if operation.state.is_terminal:
        return operation
    if operation.state is TaskState.RUNNING:  # so its schedule is there: ConfirmPlan writes that first
        wake(platform, operation, apply(platform, operation, scheduler.CancelRequested()))
        return operation
    # It waits for an approval or for its turn: end the wait; FinishOperation gives up its place in the queue.
    tokens = platform.stores.operations.get_tokens(deployment_id, operation_id, [APPROVE, ACQUIRE])
    for token in tokens.values():
        platform.workflow().fail(token, INTERRUPTED, f"Cancelled by {caller}.")
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
