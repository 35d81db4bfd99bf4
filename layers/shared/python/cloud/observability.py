"""Logs and metrics of the functions: Powertools, configured in one place.

A function makes its own logger here, so that every line carries the service and, once known, the operation.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Cloud"


def logger_of(function: str) -> Logger:
    """The structured logger of one function."""
    return Logger(service=function)


def count(function: str, **counts: int) -> None:
    """Publish counts of one invocation, in the embedded metric format.

    An object for each invocation, as Powertools' shared one would mix what side by side invocations of one process count
    (local mode runs all of them in one).
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=function)
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    metrics.flush_metrics()


def ids_of(event: Any) -> dict[str, str]:
    """What of an event identifies the work, for the log's keys; never a token or a secret."""
    if not isinstance(event, dict):
        return {}
    held = event.get("input")
    inner = held if isinstance(held, dict) else event
    names = ("deployment_id", "environment", "operation_id", "stack")
    return {name: str(inner[name]) for name in names if isinstance(inner.get(name), str)}
