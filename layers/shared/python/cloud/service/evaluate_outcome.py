"""EvaluateOutcome: what the stacks' results make of the operation."""

from __future__ import annotations

from cloud.domain.schedule import Standing
from cloud.domain.states import TaskState
from cloud.service.platform import Platform


def evaluate_outcome(platform: Platform, deployment_id: str, operation_id: str) -> TaskState:
    """The operation's state: failed, cancelled, completed (only a selection) or succeeded; error when some never ended."""
    operation = platform.stores.operations.get(deployment_id, operation_id)
    schedule, _ = platform.stores.operations.get_schedule(deployment_id, operation_id)
    counts = schedule.counts()
    if counts[Standing.FAILED]:
        return TaskState.FAILED
    if operation.cancel_requested or counts[Standing.CANCELLED]:
        return TaskState.CANCELLED
    if not schedule.is_finished or counts[Standing.SKIPPED]:
        return TaskState.ERROR
    return TaskState.SUCCEEDED if operation.selection.is_everything else TaskState.COMPLETED
