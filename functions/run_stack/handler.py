"""RunStack: run Pulumi for one stack."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of, metrics_of
from cloud.service.run_stack import run_stack

logger = logger_of("run_stack")
metrics = metrics_of("run_stack")

MARGIN_SECONDS = 90.0
"""Kept of the function's life for an interrupted Pulumi to write its state (2-orchestration, Interrupt)."""


@metrics.log_metrics
@task(logger)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    metrics.add_metric("StacksRun", MetricUnit.Count, 1)
    changes = run_stack(
        platform(),
        event["deployment_id"],
        event["operation_id"],
        event["stack"],
        remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
    )
    metrics.add_metric("ResourcesChanged", MetricUnit.Count, sum(changes.values()) - changes.get("same", 0))
    return changes
