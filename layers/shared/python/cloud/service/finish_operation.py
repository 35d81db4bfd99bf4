"""FinishOperation: write the end, free the environment, tell everybody. It repeats without harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cloud.domain.errors import CloudError, InternalError
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.states import DeploymentStatus, StackStatus, TaskState, require_transition
from cloud.service.announcing import announce, operation_event, was_told
from cloud.service.environment_lock import has_ended, release_environment
from cloud.service.environments import end_status
from cloud.service.failures import from_catch, is_cancellation
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.settle_stacks import settle_stacks

_WITHOUT_ERROR = (TaskState.SUCCEEDED, TaskState.COMPLETED)
_ENDED = {
    TaskState.SUCCEEDED: "succeeded",
    TaskState.COMPLETED: "completed",
    TaskState.FAILED: "failed",
    TaskState.CANCELLED: "was cancelled",
    TaskState.ERROR: "ended with an error of the platform",
}
_STATUS_AFTER = {
    TaskState.FAILED: DeploymentStatus.FAILED,
    TaskState.ERROR: DeploymentStatus.FAILED,
    TaskState.CANCELLED: DeploymentStatus.CANCELLED,
}


def finish_operation(
    platform: Platform,
    deployment_id: str,
    operation_id: str,
    *,
    state: TaskState | None,
    caught: Mapping[str, Any] | None,
) -> dict[str, str]:
    """End the operation with ``state``, or with what ``caught`` says. Gives ``{operation_id, state, message}``.

    The environment is freed last, so that whoever comes next finds everything written.
    """
    error = from_catch(caught) if caught is not None else None
    return end_operation(platform, deployment_id, operation_id, state or _state_after(error), error)


def finish_abandoned(platform: Platform, deployment_id: str, operation_id: str) -> None:
    """End an operation whose execution has ended without FinishOperation. One that has ended is only freed again."""
    error = InternalError(
        "The execution ended before the operation did: it was stopped, or FinishOperation failed.",
        hint="The execution's history in Step Functions tells why.",
        operation_id=operation_id,
    )
    end_operation(platform, deployment_id, operation_id, TaskState.ERROR, error)


def end_operation(
    platform: Platform, deployment_id: str, operation_id: str, state: TaskState, error: CloudError | None
) -> dict[str, str]:
    """What ``finish_operation`` does once it is known how the operation ended."""
    before = platform.stores.operations.get(deployment_id, operation_id)
    if error is not None and not before.state.is_terminal:
        settle_stacks(platform, before)
    operation = until_fresh(lambda: _end(platform, before, state, error))
    message = _message(operation)
    end_status(platform, operation, _status_after(platform, operation))
    # A repetition looks before it tells again; a crash in between must not leave a watcher without the last event.
    if not (before.state.is_terminal and was_told(platform, operation, lambda event: bool(event.data.get("terminal")))):
        stacks = [
            record
            for record in platform.stores.stacks.list(deployment_id, operation.environment)
            if record.operation_id == operation_id
        ]
        platform.stores.artifacts.put_record(deployment_id, operation_id, "record.json", _record(operation, stacks))
        _measure(platform, operation)
        announce(platform, operation, operation_event(operation, operation.state, message=message, **_summary(stacks)))
    successor = release_environment(platform, operation)
    if successor and successor.operation_id != operation_id and has_ended(platform, successor.execution_arn):
        finish_abandoned(platform, deployment_id, successor.operation_id)  # nobody is left to be woken: pass it on
    return {"operation_id": operation_id, "state": operation.state.value, "message": message}


def _state_after(error: CloudError | None) -> TaskState:
    if error is None:
        return TaskState.ERROR
    if is_cancellation(error):
        return TaskState.CANCELLED
    # What the user can mend (4xx) is the operation's failure; the rest is the platform's.
    return TaskState.FAILED if error.http_status < 500 else TaskState.ERROR


def _end(platform: Platform, operation: Operation, state: TaskState, error: CloudError | None) -> Operation:
    current = platform.stores.operations.get(operation.deployment_id, operation.id)
    if current.state.is_terminal:
        return current
    return platform.stores.operations.put(
        replace(
            current,
            state=require_transition(current.state, state, deployment_id=operation.deployment_id),
            finished_at=platform.timestamp(),
            error=error.to_dict() if error and state not in _WITHOUT_ERROR else None,
        )
    )


def _status_after(platform: Platform, operation: Operation) -> DeploymentStatus:
    if operation.state in _STATUS_AFTER:
        return _STATUS_AFTER[operation.state]
    if operation.kind is OperationKind.DESTROY:
        left = [
            record
            for record in platform.stores.stacks.list(operation.deployment_id, operation.environment)
            if record.is_deployed
        ]
        # A selected part was destroyed: the rest of the environment still stands.
        return DeploymentStatus.DESTROYED if not left else DeploymentStatus.DEPLOYED
    return DeploymentStatus.DEPLOYED


def _message(operation: Operation) -> str:
    if operation.error is not None:
        return str(operation.error["message"])
    return f"The {operation.kind.value} {_ENDED[operation.state]}."


def _summary(stacks: list[StackRecord]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for record in stacks:
        counts[record.status.value] = counts.get(record.status.value, 0) + 1
    failed = [record.stack for record in stacks if record.status is StackStatus.FAILED]
    return {"stacks": counts, "failed": ", ".join(failed)}


def _record(operation: Operation, stacks: list[StackRecord]) -> dict[str, Any]:
    return {
        "id": operation.id,
        "deployment_id": operation.deployment_id,
        "environment": operation.environment,
        "kind": operation.kind.value,
        "requester": operation.requester,
        "state": operation.state.value,
        "manifest_version": operation.manifest_version,
        "plan_digest": operation.plan_digest,
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "finished_at": operation.finished_at,
        "error": operation.error,
        "stacks": [
            {
                "stack": record.stack,
                "status": record.status.value,
                "changes": dict(record.changes),
                "seconds": record.seconds[-1] if record.seconds else 0.0,
                "blocked_by": record.blocked_by,
                "reason": record.reason,
                "error": record.error,
            }
            for record in stacks
        ],
    }


def _measure(platform: Platform, operation: Operation) -> None:
    labels = {"deployment": operation.deployment_id, "kind": operation.kind.value, "state": operation.state.value}
    platform.stores.metrics.record("OperationsFinished", operation.finished_at, 1.0, labels)
