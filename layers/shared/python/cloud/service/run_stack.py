"""RunStack: run Pulumi for one stack, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloud.domain.errors import CloudError, InternalError, StackBusy
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.nodes import node_of
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import RunClaim, StackRecord
from cloud.domain.secret import hide_shown
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunRequest, RunResult, SecretsProvider, ShouldStop
from cloud.service.fingerprinting import FORGOTTEN, known_before, must_refresh, success_fields
from cloud.service.operation_facts import facts_of
from cloud.service.optimistic import until_fresh
from cloud.service.planning import load_manifest, timeout_of
from cloud.service.platform import Platform, Stored
from cloud.service.previewing import keep_preview, not_previewable, preview_inputs
from cloud.service.record_look import keep_drift
from cloud.service.resolving import resolve_stack
from cloud.service.results import failure_report, result_record, success_report
from cloud.service.run_claims import CancelWatch, HeldClaim, new_claim
from cloud.service.stack_rows import stored_row
from cloud.service.told_events import ToldEvents

_BEGUN = {OperationKind.DEPLOY: StackStatus.DEPLOYING, OperationKind.DESTROY: StackStatus.DESTROYING}


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run is about, and the executor it has."""

    platform: Platform
    operation: Operation
    stack: str
    stored: Stored
    remaining_seconds: Callable[[], float]
    monotonic: Callable[[], float]

    def request(self, row: StackRecord, config: Mapping[str, Any]) -> RunRequest:
        operation, digest = self.operation, row.program_digest
        timeout = timeout_of(self.stored.manifest, self.stack, operation.environment)
        return RunRequest(
            operation_id=operation.id,
            deployment_id=operation.deployment_id,
            environment=operation.environment,
            stack=self.stack,
            pulumi_stack=pulumi_stack_name(operation.deployment_id, self.stack, operation.environment),
            project=operation.project,
            kind=operation.kind,
            program=self.platform.stores.artifacts.get_program(digest) if digest else b"",
            config=config,
            secrets_provider=SecretsProvider(**row.secrets_provider) if row.secrets_provider else None,
            timeout_seconds=min(timeout, self.remaining_seconds()),
            refresh=operation.kind is OperationKind.DEPLOY
            and must_refresh(self.platform, self.stack, self.stored, row),
        )

    def perform(self, request: RunRequest, should_stop: ShouldStop) -> RunResult:
        """Run, and tell what happens; what can't be told doesn't end the run.

        An output that shows a secret of the configuration is one, whether the program says so or not.
        """
        told = ToldEvents(self.platform, self.operation, self.stack)
        try:
            result = self.platform.runner().run(request, told.emit, should_stop)
        finally:
            told.flush()
        result = replace(result, outputs=hide_shown(result.outputs, (request.config, request.unknown_config)))
        if told.dropped:
            lost = f"{told.dropped} events of this run could not be stored."
            return replace(result, warnings=(*result.warnings, lost))
        return result


def run_stack(
    platform: Platform,
    deployment_id: str,
    operation_id: str,
    stack: str,
    *,
    remaining_seconds: Callable[[], float],
    monotonic: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Run Pulumi and leave a report of how it ended for RecordStack. Gives the changes by kind.

    ``remaining_seconds`` is how long the executor will live; the run is interrupted before that.
    Raises what the runner raises, StackBusy when this run was claimed already or its claim was lost, RunInterrupted for a
    cancelled operation.
    """
    # Whether the operation was cancelled is what the runner asks first, while Pulumi starts.
    operation = facts_of(platform, deployment_id, operation_id)
    run = _Run(platform, operation, stack, load_manifest(platform, operation), remaining_seconds, monotonic)
    return dict(_look(run) if operation.kind.only_looks else _run_claimed(run))


def _run_claimed(run: _Run) -> Mapping[str, int]:
    """Run under the claim. Whatever becomes of the run, its report is left and the claim given back in one write."""
    platform, operation, stack = run.platform, run.operation, run.stack
    row, claim = until_fresh(lambda: _claim(run))
    held = HeldClaim(platform, operation, row, claim, run.monotonic)
    began = run.monotonic()
    try:
        config = resolve_stack(platform, operation, stack)
        before = (
            known_before(platform, operation, stack, run.stored, config, row)
            if operation.kind is OperationKind.DEPLOY
            else {}
        )
        result = run.perform(run.request(row, config), held)
        fields = success_fields(platform, operation, stack, run.stored, before, result)
        content = {**result_record(result, row.program_digest), "fields": fields}
        report = success_report(platform, operation, stack, row.attempt, content)
    except CloudError as error:
        held.give_back(failure_report(operation, row.attempt, error, run.monotonic() - began))
        raise
    except Exception as error:
        broken = InternalError(f"The runner failed: {type(error).__name__}: {error}", stack=stack)
        held.give_back(failure_report(operation, row.attempt, broken, run.monotonic() - began))
        raise broken from error
    held.give_back(report)
    return result.changes


def _look(run: _Run) -> Mapping[str, int]:
    """A run that changes nothing takes no claim: any number may look at once. What it saw is a record of the operation."""
    platform, operation, stack = run.platform, run.operation, run.stack
    row = stored_row(platform, operation, stack)
    row = replace(row, program_digest=run.stored.programs.get(stack, row.program_digest))
    watch = CancelWatch(platform, operation, run.monotonic)
    if operation.kind is OperationKind.DRIFT:
        request = run.request(row, resolve_stack(platform, operation, stack))
        return keep_drift(platform, operation, stack, run.perform(request, watch))
    inputs = preview_inputs(platform, operation, stack, run.stored)
    request = replace(run.request(row, inputs.config), upstream=inputs.upstream, unknown_config=inputs.unknown_config)
    try:
        result = run.perform(request, watch)
    except CloudError as error:
        if not_previewable(platform, operation, stack, error) is None:
            raise
        return {}
    keep_preview(platform, operation, stack, result)
    return result.changes


def _claim(run: _Run) -> tuple[StackRecord, RunClaim]:
    """Take the one attempt of this operation; a second delivery of the task must not run beside the first.

    What is about to run is noted before it does: a run that dies half-way has left something that must be found again.
    """
    platform, operation, stack = run.platform, run.operation, run.stack
    record = platform.stores.stacks.get(operation.deployment_id, stack, operation.environment)
    begun = _BEGUN.get(operation.kind)
    if (
        record is None
        or record.operation_id != operation.id
        or record.attempt
        or record.is_recorded
        or (begun and record.status is not begun)
    ):
        raise StackBusy(
            f"{stack} is not this run's to take: it was claimed or has ended already.",
            stack=stack,
            operation_id=operation.id,
        )
    claim = new_claim(platform, operation, 1, run.remaining_seconds())
    claimed = replace(
        record,
        attempt=claim.attempt,
        claim=claim,
        program_digest=run.stored.programs.get(stack, record.program_digest),
        updated_at=platform.timestamp(),
    )
    if operation.kind.changes_resources:
        claimed = replace(claimed, **FORGOTTEN)
    if operation.kind is OperationKind.DEPLOY:
        claimed = replace(claimed, dependencies=_needed(operation, stack, run.stored))
    return platform.stores.stacks.put(claimed), claim


def _needed(operation: Operation, stack: str, stored: Stored) -> tuple[str, ...]:
    settings = operation.options.settings
    node = node_of(stored.manifest, stack, operation.environment, config_files=stored.config_files, settings=settings)
    return tuple(sorted(node.hard().union(node.optional_dependencies)))
