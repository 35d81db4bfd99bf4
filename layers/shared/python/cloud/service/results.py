"""How a run ended, from the runner's executor to RecordStack: a report on the stack's row, given back with the claim.

A report is JSON with ``operation_id``, ``attempt`` and one of: ``result`` (a run that succeeded), ``record`` (the same, too
large for the row: the name of a record of the operation), ``error`` (``CloudError.to_dict``, with ``seconds``) or
``unchanged`` (the reason why nothing had to run). It survives whatever becomes of the answer of the function that wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cloud.domain.errors import CloudError
from cloud.domain.operations import Operation
from cloud.domain.records import StackRecord
from cloud.domain.secret import contains_secret
from cloud.ports.runner import RunResult
from cloud.service.platform import Platform

SECRET_OUTPUT: Mapping[str, Any] = {"secret": True}
"""Stands for the value of an output that is secret or holds a secret; it stays in Pulumi's state."""
_UNCHANGING = ("same", "read", "discard")
MAX_INLINE_BYTES = 64 * 1024
"""A row holds the outputs of the last success beside the report; an item of DynamoDB takes 400 KB."""


def has_changes(changes: Mapping[str, int]) -> bool:
    """Whether Pulumi did, or would do, anything to a resource. ``changes`` counts resources by operation."""
    return any(count for change, count in changes.items() if change not in _UNCHANGING)


def public_outputs(result: RunResult) -> dict[str, Any]:
    """The outputs as JSON, without the values of secrets."""
    return {name: dict(SECRET_OUTPUT) if contains_secret(value) else value for name, value in result.outputs.items()}


def result_record(result: RunResult, digest: str) -> dict[str, Any]:
    """The result as JSON, without the values of secrets; ``digest`` is the program's."""
    return {
        "changes": dict(result.changes),
        "outputs": public_outputs(result),
        "resource_count": result.resource_count,
        "seconds": result.seconds,
        "program_seconds": result.program_seconds,
        "references": list(result.references),
        "warnings": list(result.warnings),
        "secrets_provider": asdict(result.secrets_provider),
        "program_digest": digest,
    }


def success_report(
    platform: Platform, operation: Operation, stack: str, attempt: int, run: Mapping[str, Any]
) -> dict[str, Any]:
    """The report of a run that succeeded; a large result is stored as a record of the operation first."""
    report = {"operation_id": operation.id, "attempt": attempt}
    if len(json.dumps(run)) <= MAX_INLINE_BYTES:
        return {**report, "result": dict(run)}
    name = f"result-{stack}-{attempt}.json"
    platform.stores.artifacts.put_record(operation.deployment_id, operation.id, name, run)
    return {**report, "record": name}


def failure_report(operation: Operation, attempt: int, error: CloudError, seconds: float) -> dict[str, Any]:
    """The report of a run that failed."""
    return {"operation_id": operation.id, "attempt": attempt, "error": error.to_dict(), "seconds": round(seconds, 3)}


def unchanged_report(operation: Operation, reason: str) -> dict[str, Any]:
    """The report of a stack that needed no run."""
    return {"operation_id": operation.id, "attempt": 0, "unchanged": reason}


def report_of(row: StackRecord, operation: Operation) -> Mapping[str, Any] | None:
    """The report that the operation's current attempt left on the row; one of another run doesn't count."""
    report = row.report
    if report is None or (report["operation_id"], report["attempt"]) != (operation.id, row.attempt):
        return None
    return report


def reported_result(platform: Platform, operation: Operation, report: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result of a report of success. Raises NotFound for a record that is gone."""
    if "record" in report:
        return platform.stores.artifacts.get_record(operation.deployment_id, operation.id, str(report["record"]))
    result: Mapping[str, Any] = report["result"]
    return result
