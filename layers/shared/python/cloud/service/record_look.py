"""How a stack of a preview or a drift scan ended. Such an operation has no rows: its schedule, its records and its events tell.

Only known drift is noted on the row, and only while nobody works on the stack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cloud.domain import schedule as scheduler
from cloud.domain.errors import CloudError, NotFound
from cloud.domain.operations import Operation, OperationKind, StackResult
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunResult
from cloud.service.announcing import announce, stack_result, was_told
from cloud.service.failures import from_catch, is_cancellation
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.previewing import preview_name
from cloud.service.release_dependents import not_run, release_dependents
from cloud.service.results import has_changes


def keep_drift(platform: Platform, operation: Operation, stack: str, result: RunResult) -> Mapping[str, int]:
    """Keep what a scan found, as the record ``drift-{stack}.json``: ``{"changes", "seconds"}``. Gives the changes."""
    record = {"changes": dict(result.changes), "seconds": result.seconds}
    platform.stores.artifacts.put_record(operation.deployment_id, operation.id, _drift_name(stack), record)
    return result.changes


def _drift_name(stack: str) -> str:
    return f"drift-{stack}.json"


def record_look(platform: Platform, operation: Operation, stack: str, caught: Mapping[str, Any] | None) -> None:
    """Tell how the stack ended, and wake whom the scheduler starts or skips because of it.

    ``caught`` is a Catch's ``{"Error", "Cause"}`` or None.
    """
    try:
        name = _drift_name(stack) if operation.kind is OperationKind.DRIFT else preview_name(stack)
        seen = platform.stores.artifacts.get_record(operation.deployment_id, operation.id, name)
    except NotFound:
        result = _without_look(platform, operation, stack, caught)
    else:
        result = _result(operation, stack, seen)
        if operation.kind is OperationKind.DRIFT:
            until_fresh(lambda: _note_drift(platform, operation, stack, result.status is StackStatus.DRIFTED))
    schedule, _ = platform.stores.operations.get_schedule(operation.deployment_id, operation.id)
    may_be_told = not isinstance(scheduler.decision(schedule, stack), scheduler.Grant)
    if not may_be_told or not was_told(platform, operation, lambda event: event.data.get("stack") == stack):
        announce(platform, operation, stack_result(result, kind=operation.kind))
    release_dependents(platform, operation, result)


def _result(operation: Operation, stack: str, seen: Mapping[str, Any]) -> StackResult:
    """``pending`` is what a preview says of a stack that a deploy would change, or of which nobody knows."""
    changes = seen["changes"] if "changes" in seen else Counter(step["op"] for step in seen["steps"])
    differs = has_changes(changes)
    found = StackStatus.DRIFTED if operation.kind is OperationKind.DRIFT else StackStatus.PENDING
    status = found if differs or not seen.get("previewable", True) else StackStatus.UNCHANGED
    return StackResult(stack, status, str(seen.get("reason", "")), dict(changes), float(seen["seconds"]))


def _without_look(
    platform: Platform, operation: Operation, stack: str, caught: Mapping[str, Any] | None
) -> StackResult:
    error = from_catch(caught) if caught is not None else None
    if error is None:
        skipped = not_run(platform, operation, stack)
        if skipped is not None:
            return skipped
        error = CloudError("The run ended without a result.", stack=stack)
    status = StackStatus.CANCELLED if is_cancellation(error) else StackStatus.FAILED
    return StackResult(stack, status, reason=error.message, error=error.to_dict())


def _note_drift(platform: Platform, operation: Operation, stack: str, has_drift: bool) -> None:
    """A scan yields: what somebody deploys or destroys meanwhile is not what was looked at."""
    row = platform.stores.stacks.get(operation.deployment_id, stack, operation.environment)
    if row is None or row.claim is not None or not row.status.is_standing or row.has_drift == has_drift:
        return
    platform.stores.stacks.put(_with_drift(row, has_drift, platform.timestamp()))


def _with_drift(row: StackRecord, has_drift: bool, now: str) -> StackRecord:
    status = StackStatus.DRIFTED if has_drift else StackStatus.DEPLOYED
    return replace(row, has_drift=has_drift, status=status, updated_at=now)
