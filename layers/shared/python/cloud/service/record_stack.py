"""RecordStack: the only writer of a stack's result, and the only releaser of its dependents.

It is the target of every Catch of an iteration, and it may run twice: the row is fenced by the operation, the schedule
ignores what it knows already, and the wake-ups are sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloud.domain.errors import CloudError, ConfigurationError, StackBusy, from_dict
from cloud.domain.events import Event
from cloud.domain.operations import Operation, OperationKind, StackResult
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, require_transition
from cloud.service.announcing import announce, stack_result, was_told
from cloud.service.failures import from_catch, is_cancellation
from cloud.service.fingerprinting import row_fields
from cloud.service.operation_facts import facts_of
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.record_look import record_look
from cloud.service.release_dependents import not_run, release_dependents
from cloud.service.results import has_changes, report_of, reported_result
from cloud.service.run_claims import is_expired
from cloud.service.stack_rows import row_of, waiting_status

KEPT_DURATIONS = 20
MAX_OUTPUT_BYTES = 256 * 1024
"""Of all outputs of a stack as JSON: the row holds them, and an item of DynamoDB takes 400 KB."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the stack ended, and what its row takes from the run."""

    result: StackResult
    run: Mapping[str, Any] = field(default_factory=dict)


def record_stack(
    platform: Platform, deployment_id: str, operation_id: str, stack: str, caught: Mapping[str, Any] | None
) -> None:
    """Write how the stack ended, tell it, and wake whom the scheduler starts or skips because of it.

    ``caught`` is a Catch's ``{"Error", "Cause"}`` or None. Raises StackBusy while the run is still alive, StateError for an
    operation that has ended.
    """
    operation = facts_of(platform, deployment_id, operation_id)
    if operation.kind.only_looks:
        record_look(platform, operation, stack, caught)
        return
    ended, first = until_fresh(lambda: _write(platform, operation, stack, caught))
    result = ended.result
    # A crash between the row and its event is healed by the repetition, which looks before it tells again.
    if first or not was_told(platform, operation, lambda event: _tells(event, stack, result.status)):
        announce(platform, operation, stack_result(result, ended.run.get("outputs"), kind=operation.kind))
    release_dependents(platform, operation, result)


def _tells(event: Event, stack: str, status: StackStatus) -> bool:
    return event.data.get("stack") == stack and event.data.get("status") == status.value


def _write(
    platform: Platform, operation: Operation, stack: str, caught: Mapping[str, Any] | None
) -> tuple[_Ended, bool]:
    """Write the row. Gives how the stack ended, and False when that stood there already."""
    row = row_of(platform, operation, stack)
    own = row.operation_id == operation.id
    if own and row.is_recorded:
        return _Ended(_standing_result(operation, row)), False
    ended = _how_it_ended(platform, operation, stack, row, caught)
    result, run = ended.result, ended.run
    written = replace(
        row,
        status=_status(operation, row, result),
        operation_id=operation.id,
        attempt=row.attempt if own else 0,
        updated_at=platform.timestamp(),
        blocked_by=result.blocked_by,
        reason=result.reason,
        error=result.error,
        changes=result.changes,
        last_seconds=result.seconds,
        program_seconds=result.program_seconds,
        report=None,
        is_recorded=True,
    )
    if run:
        written = replace(
            written,
            outputs=run["outputs"],
            resource_count=int(run["resource_count"]),
            seconds=_durations(row, result),
            secrets_provider=run["secrets_provider"],
            program_digest=run["program_digest"],
            has_drift=result.status is StackStatus.DRIFTED or (row.has_drift and written.status is StackStatus.DRIFTED),
            **row_fields(run["fields"]),
        )
    if written.status is StackStatus.DESTROYED and not written.resource_count:
        written = replace(written, outputs={}, program_digest="", dependencies=())
    platform.stores.stacks.put(written)
    return ended, True


def _how_it_ended(
    platform: Platform, operation: Operation, stack: str, row: StackRecord, caught: Mapping[str, Any] | None
) -> _Ended:
    """A run that left its report has ended so, whatever became of the answer of the function that ran it."""
    report = report_of(row, operation)
    if report is None:
        _require_silence(platform, operation, row)
        return _Ended(_without_report(platform, operation, stack, caught))
    if "unchanged" in report:
        return _Ended(StackResult(stack, StackStatus.UNCHANGED, reason=str(report["unchanged"])))
    if "error" in report:
        return _Ended(_failure(stack, from_dict(report["error"]), float(report["seconds"])))
    run = reported_result(platform, operation, report)
    changed = has_changes(run["changes"])
    result = StackResult(
        stack,
        _status_after(operation.kind, changed=changed),
        "" if changed else "Pulumi found nothing to change",
        run["changes"],
        float(run["seconds"]),
        float(run["program_seconds"]),
    )
    size = len(json.dumps(run["outputs"]))
    if size > MAX_OUTPUT_BYTES:
        error = ConfigurationError(
            f"The outputs of {stack} have {size:,} bytes; at most {MAX_OUTPUT_BYTES:,} can be kept.",
            hint="Its resources are there. Export less: store what is large in S3 or SSM and export its name.",
            stack=stack,
        )
        failed = replace(result, status=StackStatus.FAILED, reason=error.message, error=error.to_dict())
        return _Ended(failed, {**run, "outputs": {}, "fields": {}})
    return _Ended(result, run)


def _require_silence(platform: Platform, operation: Operation, row: StackRecord) -> None:
    """Raises StackBusy while this operation's own run is alive: only it knows how it ends, whatever Lambda told of it.

    A run is alive as long as it renews its claim. Step Functions may take it for failed before: a task was delivered twice, an
    answer was lost, a time limit passed. The state machine asks again.
    """
    claim = row.claim
    if claim is None or claim.operation_id != operation.id or is_expired(claim, platform.clock.now()):
        return
    raise StackBusy(
        f"{row.stack} still runs: it was last heard of at {claim.heartbeat_at}.",
        hint="Its result is waited for; nothing needs to be done.",
        stack=row.stack,
        operation_id=operation.id,
    )


def _status_after(kind: OperationKind, *, changed: bool) -> StackStatus:
    """What a run that succeeded makes of the stack."""
    if kind is OperationKind.DESTROY:
        return StackStatus.DESTROYED
    if not changed:
        return StackStatus.UNCHANGED
    return StackStatus.DEPLOYED if kind.changes_resources else StackStatus.DRIFTED


def _failure(stack: str, error: CloudError, seconds: float = 0.0) -> StackResult:
    status = StackStatus.CANCELLED if is_cancellation(error) else StackStatus.FAILED
    return StackResult(stack, status, reason=error.message, seconds=seconds, error=error.to_dict())


def _without_report(
    platform: Platform, operation: Operation, stack: str, caught: Mapping[str, Any] | None
) -> StackResult:
    if caught is not None:
        return _failure(stack, from_catch(caught))
    return not_run(platform, operation, stack) or _failure(
        stack, CloudError("The run ended without a result.", stack=stack)
    )


def _status(operation: Operation, row: StackRecord, result: StackResult) -> StackStatus:
    """The row's new status. A refresh only tells whether what is deployed has drifted.

    What a refresh found differs from what the program wants until it is deployed again. One that found nothing takes known
    drift back only while the state is still the one that the last deploy left: then somebody has mended it by hand.
    """
    if not operation.kind.changes_resources:
        if not row.status.is_standing:
            return row.status
        if result.status is StackStatus.UNCHANGED and row.status is StackStatus.DRIFTED and row.fingerprint:
            return StackStatus.DEPLOYED
        return StackStatus.DRIFTED if result.status is StackStatus.DRIFTED else row.status
    under_way = row.operation_id == operation.id and not row.status.is_settled
    keeps = result.status is StackStatus.UNCHANGED and row.status.is_standing
    before = row.status if under_way or keeps else waiting_status(row)
    return require_transition(before, result.status, deployment_id=operation.deployment_id, stack=row.stack)


def _durations(row: StackRecord, result: StackResult) -> tuple[float, ...]:
    """What predictions are made of: a destroy, or a run that changed nothing, says little about the next deploy."""
    kept = (*row.seconds, result.seconds) if result.status is StackStatus.DEPLOYED else row.seconds
    return kept[-KEPT_DURATIONS:]


def _standing_result(operation: Operation, row: StackRecord) -> StackResult:
    """What was recorded, for a repeated delivery. A refresh's row keeps the status that the stack has all the same."""
    status = row.status
    if not operation.kind.changes_resources:
        status = StackStatus.DRIFTED if row.has_drift else StackStatus.UNCHANGED
        if row.error is not None:
            status = StackStatus.CANCELLED if is_cancellation(from_dict(row.error)) else StackStatus.FAILED
        elif row.blocked_by:
            status = StackStatus.SKIPPED
    return StackResult(
        row.stack, status, row.reason, row.changes, row.last_seconds, row.program_seconds, row.blocked_by, row.error
    )
