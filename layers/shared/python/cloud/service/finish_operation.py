"""FinishOperation: write the end, free the environment, tell everybody. Every Catch of the operation leads here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloud.domain.states import TaskState
from cloud.service.end_operation import end_operation, message_of, request_stop, state_after
from cloud.service.failures import from_catch
from cloud.service.finish_abandoned import pass_on
from cloud.service.platform import Platform
from cloud.service.settle_stacks import claimed_rows, settle_stacks


def finish_operation(
    platform: Platform,
    deployment_id: str,
    operation_id: str,
    *,
    state: TaskState | None,
    caught: Mapping[str, Any] | None,
) -> dict[str, str]:
    """End the operation with ``state``, or with what ``caught`` says. Gives ``{operation_id, state, message}``.

    Where a runner may still be alive (its function died, or a Map broke off) the operation is not ended, and keeps the
    environment: the runner is asked to stop, and the reconciler ends the operation when it is proved to be gone.
    """
    error = from_catch(caught) if caught is not None else None
    state = state or state_after(error)
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if not operation.state.is_terminal:
        left = claimed_rows(platform, operation)
        if error is not None and not left:
            settle_stacks(platform, operation)
            left = claimed_rows(platform, operation)  # of a delivery that claimed its stack before it was recorded
        if left:
            request_stop(platform, operation, error)
            names = ", ".join(row.stack for row in left)
            message = f"A run of {names} may still be at work: the operation ends when it is proved to be gone."
            return {"operation_id": operation_id, "state": state.value, "message": message}
    ended = end_operation(platform, deployment_id, operation_id, state, error)
    pass_on(platform, ended)
    return {
        "operation_id": operation_id,
        "state": ended.operation.state.value,
        "message": message_of(ended.operation),
    }
