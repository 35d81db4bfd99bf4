"""The end of an operation, whoever brings it about: written, told, recorded, the environment freed. It repeats without harm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cloud.domain.errors import CloudError
from cloud.domain.events import closes
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import LockTicket, StackRecord
from cloud.domain.states import DeploymentStatus, StackStatus, TaskState, require_transition
from cloud.service.announcing import announce, operation_event, was_told
from cloud.service.environment_lock import release_environment
from cloud.service.environments import end_status
from cloud.service.failures import is_cancellation
from cloud.service.history import record_events, record_state_after
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform

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


def state_after(error: CloudError | None) -> TaskState:
    """How an operation ends that broke off with ``error``."""
    if error is None:
        return TaskState.ERROR
    if is_cancellation(error):
        return TaskState.CANCELLED
    # What the user can mend (4xx) is the operation's failure; the rest is the platform's.
    return TaskState.FAILED if error.http_status < 500 else TaskState.ERROR


@dataclass(frozen=True, slots=True)
class Ended:
    """The operation as it ended, and who holds the environment now."""

    operation: Operation
    successor: LockTicket | None = None


def end_operation(
    platform: Platform, deployment_id: str, operation_id: str, state: TaskState, error: CloudError | None
) -> Ended:
    """Write the end, tell it, free the environment; its stacks are settled. One that has ended keeps its end."""
    before = platform.stores.operations.get(deployment_id, operation_id)
    if before.settled:
        return Ended(before)
    operation = until_fresh(lambda: _end(platform, before, state, error))
    end_status(platform, operation, _status_after(platform, operation))
    # A repetition looks before it tells again: by then the stacks may be another operation's. A crash in between must not
    # leave a watcher without the last event.
    if not (before.state.is_terminal and was_told(platform, operation, closes)):
        _tell_the_end(platform, operation)
    successor = release_environment(platform, operation)
    record_events(platform, operation)  # nobody waits for it any more; repeated until the operation is settled
    until_fresh(lambda: _settle(platform, operation))
    return Ended(operation, successor)


def request_stop(platform: Platform, operation: Operation, error: CloudError | None) -> None:
    """Ask the runs that are left to stop, and note what the operation ends with when they have (None: with its outcome)."""

    def attempt() -> bool:
        current = platform.stores.operations.get(operation.deployment_id, operation.id)
        if current.state.is_terminal or current.error is not None or current.cancel_requested:
            return False
        noted = error.to_dict() if error is not None else None
        platform.stores.operations.put(replace(current, cancel_requested=True, error=noted))
        return True

    if until_fresh(attempt):
        message = error.message if error is not None else ""
        announce(platform, operation, operation_event(operation, operation.state, cancelling=True, message=message))


def _tell_the_end(platform: Platform, operation: Operation) -> None:
    records = platform.stores.stacks.list(operation.deployment_id, operation.environment)
    stacks = [record for record in records if record.operation_id == operation.id]
    record_state_after(platform, operation, records)
    platform.stores.artifacts.put_record(
        operation.deployment_id, operation.id, "record.json", _record(operation, stacks)
    )
    told = operation_event(operation, operation.state, message=message_of(operation), **_summary(stacks))
    if announce(platform, operation, told):
        _measure(platform, operation)


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


def _settle(platform: Platform, operation: Operation) -> None:
    """The last write of an operation: nobody has to look after it any more."""
    current = platform.stores.operations.get(operation.deployment_id, operation.id)
    platform.stores.operations.put(replace(current, settled=True))


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


def message_of(operation: Operation) -> str:
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
