"""RunStack: run Pulumi for one stack."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import count, logger_of
from cloud.service.run_claims import MARGIN_SECONDS
from cloud.service.run_stack import run_stack

logger = logger_of("run_stack")


@task(logger)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    try:
        changes = run_stack(
            platform(),
            event["deployment_id"],
            event["operation_id"],
            event["stack"],
            remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
        )
    finally:
        changed = sum(changes.values()) - changes.get("same", 0)
        count("run_stack", StacksRun=1, ResourcesChanged=changed)
    return changes
