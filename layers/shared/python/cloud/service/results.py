"""What a run leaves for RecordStack: a record of the operation, because outputs may outgrow the state machine's payload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cloud.domain.secret import contains_secret
from cloud.ports.runner import RunResult

SECRET_OUTPUT: Mapping[str, Any] = {"secret": True}
"""Stands for the value of an output that is secret or holds a secret; it stays in Pulumi's state."""


def result_name(stack: str) -> str:
    """The record of the operation under which the run's result is kept until RecordStack writes the row."""
    return f"result-{stack}.json"


def result_record(result: RunResult, digest: str) -> dict[str, Any]:
    """The result as JSON, without the values of secrets; ``digest`` is the program's."""
    return {
        "changes": dict(result.changes),
        "outputs": {
            name: dict(SECRET_OUTPUT) if contains_secret(value) else value for name, value in result.outputs.items()
        },
        "resource_count": result.resource_count,
        "seconds": result.seconds,
        "program_seconds": result.program_seconds,
        "references": list(result.references),
        "warnings": list(result.warnings),
        "secrets_provider": asdict(result.secrets_provider),
        "program_digest": digest,
    }
