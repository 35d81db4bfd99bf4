"""EvaluateOutcome: what the stacks' results make of the operation."""

from __future__ import annotations

from cloud.domain.schedule import Standing
from cloud.domain.states import StackStatus, TaskState
from cloud.service.platform import Platform


def evaluate_outcome(platform: Platform, deployment_id: str, operation_id: str) -> TaskState:
    """The operation's state: failed, cancelled, completed (only a selection, or nothing to change) or succeeded.

    ``error`` when some stack never ended. A cancel that came when everything had finished changes nothing.
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
    if not operation.selection.is_everything:
        return TaskState.COMPLETED
    rows = platform.stores.stacks.list(deployment_id, operation.environment)
    changed = any(row.operation_id == operation_id and row.status is not StackStatus.UNCHANGED for row in rows)
    return TaskState.SUCCEEDED if changed else TaskState.COMPLETED
