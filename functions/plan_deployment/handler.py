"""PlanDeployment: everything that can be refused before anything runs."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.plan_deployment import plan_deployment

logger = logger_of("plan_deployment")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return plan_deployment(platform(), event["deployment_id"], event["operation_id"])
