"""Logs and metrics of the functions: Powertools, configured in one place.

A function makes its own logger here, so that every line carries the service and, once known, the operation.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "Cloud"


def logger_of(function: str) -> Logger:
    """The structured logger of one function."""
    return Logger(service=function)


def metrics_of(function: str) -> Metrics:
    """The metrics of one function, in the embedded metric format."""
    return Metrics(namespace=NAMESPACE, service=function)


def ids_of(event: Any) -> dict[str, str]:
    """What of an event identifies the work, for the log's keys; never a token or a secret."""
    if not isinstance(event, dict):
        return {}
    inner = event.get("input") if isinstance(event.get("input"), dict) else event
    names = ("deployment_id", "environment", "operation_id", "stack")
    return {name: str(inner[name]) for name in names if isinstance(inner.get(name), str)}
