"""ConfirmPlan: plan again under the lock, and write the schedule."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.confirm_plan import confirm_plan

logger = logger_of("confirm_plan")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return confirm_plan(platform(), event["deployment_id"], event["operation_id"])
