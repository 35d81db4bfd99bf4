"""RunStack: run Pulumi for one stack, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cloud.domain.errors import CloudError, RunInterrupted, StackBusy
from cloud.domain.events import EventType, NewEvent
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.nodes import node_of
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import LogLine, StackRecord
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunRequest, SecretsProvider
from cloud.service.optimistic import until_fresh
from cloud.service.planning import load_manifest, timeout_of
from cloud.service.platform import Platform, Stored
from cloud.service.resolving import resolve_stack
from cloud.service.results import result_name, result_record

CANCEL_CHECK_SECONDS = 1.0
_BEGUN = (StackStatus.DEPLOYING, StackStatus.DESTROYING)


def run_stack(
    platform: Platform,
    deployment_id: str,
    operation_id: str,
    stack: str,
    *,
    remaining_seconds: Callable[[], float],
    monotonic: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Run Pulumi and keep its result as a record of the operation for RecordStack. Gives the changes by kind.

    ``remaining_seconds`` is how long the executor will live; the run is interrupted before that.
    Raises what the runner raises, StackBusy when this run was claimed already, RunInterrupted for a cancelled operation.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.cancel_requested or operation.state.is_terminal:
        raise RunInterrupted("The operation was cancelled before this stack ran.", stack=stack)
    stored = load_manifest(platform, operation)
    record = until_fresh(lambda: _claim(platform, operation, stack, stored))
    digest = record.program_digest
    request = RunRequest(
        operation_id=operation_id,
        deployment_id=deployment_id,
        environment=operation.environment,
        stack=stack,
        pulumi_stack=pulumi_stack_name(deployment_id, stack, operation.environment),
        project=operation.project,
        kind=operation.kind,
        program=platform.stores.artifacts.get_program(digest) if digest else b"",
        config=resolve_stack(platform, operation, stack),
        secrets_provider=SecretsProvider(**record.secrets_provider) if record.secrets_provider else None,
        timeout_seconds=min(timeout_of(stored.manifest, stack, operation.environment), remaining_seconds()),
    )

    def emit(events: Sequence[NewEvent]) -> None:
        platform.stores.events.append(deployment_id, operation.environment, operation_id, events)
        lines = [
            _log_line(platform, operation, stack, event) for event in events if event.type is EventType.LOG_CREATED
        ]
        if lines:
            platform.stores.events.write_lines(lines)

    result = platform.runner().run(request, emit, _CancelCheck(platform, operation, monotonic))
    platform.stores.artifacts.put_record(deployment_id, operation_id, result_name(stack), result_record(result, digest))
    return dict(result.changes)


def _log_line(platform: Platform, operation: Operation, stack: str, event: NewEvent) -> LogLine:
    return LogLine(
        operation.deployment_id,
        operation.environment,
        platform.timestamp(),
        str(event.data.get("level", "info")),
        str(event.data.get("message", "")),
        stack=stack,
        operation_id=operation.id,
    )


def _claim(platform: Platform, operation: Operation, stack: str, stored: Stored) -> StackRecord:
    """Take the one attempt of this operation; a second delivery of the task must not run beside the first.

    What is about to run is noted before it does: a run that dies half-way has left something that must be found again.
    """
    record = platform.stores.stacks.get(operation.deployment_id, stack, operation.environment)
    if record is None or record.operation_id != operation.id or record.status not in _BEGUN or record.attempt:
        raise StackBusy(
            f"{stack} is not this run's to take: it was claimed or has ended already.",
            stack=stack,
            operation_id=operation.id,
        )
    digest = stored.programs.get(stack, record.program_digest)
    claimed = replace(record, attempt=1, program_digest=digest, updated_at=platform.timestamp())
    if operation.kind is OperationKind.DEPLOY:
        claimed = replace(claimed, dependencies=_needed(operation, stack, stored))
    return platform.stores.stacks.put(claimed)


def _needed(operation: Operation, stack: str, stored: Stored) -> tuple[str, ...]:
    settings = operation.options.settings
    node = node_of(stored.manifest, stack, operation.environment, config_files=stored.config_files, settings=settings)
    return tuple(sorted(node.hard().union(node.optional_dependencies)))


class _CancelCheck:
    """Whether the operation was cancelled, or has ended without this run; asks the store at most once a second."""

    def __init__(self, platform: Platform, operation: Operation, monotonic: Callable[[], float]) -> None:
        self._platform, self._operation, self._monotonic = platform, operation, monotonic
        self._asked = monotonic()

    def __call__(self) -> bool:
        if self._monotonic() - self._asked < CANCEL_CHECK_SECONDS:
            return False
        self._asked = self._monotonic()
        try:
            current = self._platform.stores.operations.get(self._operation.deployment_id, self._operation.id)
        except CloudError as error:
            if error.retryable:
                return False  # a store that stumbles must not end a run that nobody wants ended; it is asked again
            raise
        return current.cancel_requested or current.state.is_terminal
