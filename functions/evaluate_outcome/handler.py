"""EvaluateOutcome: what the stacks' results make of the operation."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.evaluate_outcome import evaluate_outcome

logger = logger_of("evaluate_outcome")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    return {"state": evaluate_outcome(platform(), event["deployment_id"], event["operation_id"]).value}
