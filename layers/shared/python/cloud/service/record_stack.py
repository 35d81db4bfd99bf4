"""RecordStack: the only writer of a stack's result, and the only releaser of its dependents.

It is the target of every Catch of an iteration, and it may run twice: the row is fenced by the operation, the schedule
ignores what it knows already, and the wake-ups are sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloud.domain import schedule as scheduler
from cloud.domain.errors import CloudError, ConfigurationError, NotFound
from cloud.domain.events import Event
from cloud.domain.operations import Operation, OperationKind, StackResult
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, require_transition
from cloud.service.announcing import announce, stack_result, was_told
from cloud.service.failures import from_catch, is_cancellation
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.results import result_name
from cloud.service.scheduling import apply, wake
from cloud.service.stack_rows import row_of, waiting_status

KEPT_DURATIONS = 20
MAX_OUTPUT_BYTES = 256 * 1024
"""Of all outputs of a stack as JSON: the row holds them, and an item of DynamoDB takes 400 KB."""
_UNCHANGING = {"same", "read", "discard"}

_OUTCOMES = {
    StackStatus.FAILED: scheduler.Outcome.FAILURE,
    StackStatus.SKIPPED: scheduler.Outcome.SKIPPED,
    StackStatus.CANCELLED: scheduler.Outcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the stack ended, and what its row takes from the run."""

    result: StackResult
    run: Mapping[str, Any] = field(default_factory=dict)


def record_stack(
    platform: Platform, deployment_id: str, operation_id: str, stack: str, caught: Mapping[str, Any] | None
) -> None:
    """Write how the stack ended, tell it, and wake whom the scheduler starts or skips because of it.

    ``caught`` is a Catch's ``{"Error", "Cause"}`` or None. Raises StateError for an operation that has ended.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    ended = _how_it_ended(platform, operation, stack, caught)
    result, first = until_fresh(lambda: _write(platform, operation, stack, ended))
    # A crash between the row and its event is healed by the repetition, which looks before it tells again.
    if first or not was_told(platform, operation, lambda event: _tells(event, stack, result.status)):
        announce(platform, operation, stack_result(result, ended.run.get("outputs")))
    if result.status in (StackStatus.SKIPPED, StackStatus.CANCELLED) and result.error is None:
        return  # the scheduler decided so itself, and woke the others when it did
    outcome = _OUTCOMES.get(result.status, scheduler.Outcome.SUCCESS)
    decided = apply(platform, operation, scheduler.Finished(stack, outcome, result.blocked_by))
    wake(platform, operation, decided)


def _tells(event: Event, stack: str, status: StackStatus) -> bool:
    return event.data.get("stack") == stack and event.data.get("status") == status.value


def _how_it_ended(platform: Platform, operation: Operation, stack: str, caught: Mapping[str, Any] | None) -> _Ended:
    """A run that left its result has ended, whatever became of the answer of the function that ran it."""
    try:
        run = platform.stores.artifacts.get_record(operation.deployment_id, operation.id, result_name(stack))
    except NotFound:
        if caught is not None:
            return _Ended(_failure(stack, from_catch(caught)))
        return _Ended(_not_run(platform, operation, stack))
    changed = {kind: count for kind, count in run["changes"].items() if kind not in _UNCHANGING and count}
    if operation.kind is OperationKind.DESTROY:
        status = StackStatus.DESTROYED
    else:
        status = StackStatus.DEPLOYED if changed else StackStatus.UNCHANGED
    reason = "" if changed else "Pulumi found nothing to change"
    result = StackResult(stack, status, reason, run["changes"], float(run["seconds"]), float(run["program_seconds"]))
    size = len(json.dumps(run["outputs"]))
    if size > MAX_OUTPUT_BYTES:
        error = ConfigurationError(
            f"The outputs of {stack} have {size:,} bytes; at most {MAX_OUTPUT_BYTES:,} can be kept.",
            hint="Its resources are there. Export less: store what is large in S3 or SSM and export its name.",
            stack=stack,
        )
        failed = replace(result, status=StackStatus.FAILED, reason=error.message, error=error.to_dict())
        return _Ended(failed, {**run, "outputs": {}})
    return _Ended(result, run)


def _failure(stack: str, error: CloudError) -> StackResult:
    status = StackStatus.CANCELLED if is_cancellation(error) else StackStatus.FAILED
    return StackResult(stack, status, reason=error.message, error=error.to_dict())


def _not_run(platform: Platform, operation: Operation, stack: str) -> StackResult:
    """The schedule decided that the stack doesn't run; it also knows why."""
    schedule, _ = platform.stores.operations.get_schedule(operation.deployment_id, operation.id)
    decision = scheduler.decision(schedule, stack)
    if isinstance(decision, scheduler.Skip):
        skipped = decision.outcome is scheduler.Outcome.SKIPPED
        status = StackStatus.SKIPPED if skipped else StackStatus.CANCELLED
        return StackResult(stack, status, reason=decision.reason, blocked_by=decision.blocked_by)
    return _failure(stack, CloudError("The run ended without a result.", stack=stack))


def _write(platform: Platform, operation: Operation, stack: str, ended: _Ended) -> tuple[StackResult, bool]:
    """Write the row. Gives the result that stands, and False when this operation's stood there already."""
    row = row_of(platform, operation, stack)
    own = row.operation_id == operation.id
    if own and row.status.is_settled:
        return _standing_result(row), False
    result, run = ended.result, ended.run
    before = row.status if own else waiting_status(row)
    row = replace(
        row,
        status=require_transition(before, result.status, deployment_id=operation.deployment_id, stack=stack),
        operation_id=operation.id,
        updated_at=platform.timestamp(),
        blocked_by=result.blocked_by,
        reason=result.reason,
        error=result.error,
        changes=result.changes,
    )
    if run:
        row = replace(
            row,
            outputs=run["outputs"],
            resource_count=int(run["resource_count"]),
            seconds=_durations(row, result),
            last_seconds=result.seconds,
            program_seconds=result.program_seconds,
            secrets_provider=run["secrets_provider"],
            program_digest=run["program_digest"],
        )
    if row.status is StackStatus.DESTROYED and not row.resource_count:
        row = replace(row, outputs={}, program_digest="", dependencies=())
    platform.stores.stacks.put(row)
    return result, True


def _durations(row: StackRecord, result: StackResult) -> tuple[float, ...]:
    """What predictions are made of: a destroy, or a run that changed nothing, says little about the next deploy."""
    kept = (*row.seconds, result.seconds) if result.status is StackStatus.DEPLOYED else row.seconds
    return kept[-KEPT_DURATIONS:]


def _standing_result(row: StackRecord) -> StackResult:
    return StackResult(
        row.stack, row.status, row.reason, row.changes, row.last_seconds, row.program_seconds, row.blocked_by, row.error
    )
