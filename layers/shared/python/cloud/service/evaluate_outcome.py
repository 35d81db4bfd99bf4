"""EvaluateOutcome: what the stacks' results make of the operation."""

from __future__ import annotations

from cloud.domain.operations import OperationKind
from cloud.domain.schedule import Standing
from cloud.domain.states import StackStatus, TaskState
from cloud.service.platform import Platform


def evaluate_outcome(platform: Platform, deployment_id: str, operation_id: str) -> TaskState:
    """The operation's state: failed, cancelled, completed (only a selection, a look, or nothing to change) or succeeded.

    An operation that only looks has no rows: the schedule alone tells how it went. ``error`` when some stack never ended. A
    cancel that came when everything had finished changes nothing.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    schedule, _ = platform.stores.operations.get_schedule(deployment_id, operation_id)
    counts = schedule.counts()
    if counts[Standing.FAILED]:
        return TaskState.FAILED
    if counts[Standing.CANCELLED]:
        return TaskState.CANCELLED
    if not schedule.is_finished or counts[Standing.SKIPPED]:
        return TaskState.ERROR
    if operation.kind.only_looks or not operation.selection.is_everything:
        return TaskState.COMPLETED
    if operation.kind is OperationKind.REFRESH:
        return TaskState.SUCCEEDED  # every state agrees with AWS now, whatever there was to write
    rows = platform.stores.stacks.list(deployment_id, operation.environment)
    changed = any(row.operation_id == operation_id and row.status is not StackStatus.UNCHANGED for row in rows)
    return TaskState.SUCCEEDED if changed else TaskState.COMPLETED
