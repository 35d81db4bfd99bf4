"""AcquireEnvironment: one operation at a time in an environment, in the order of the tickets."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import attempt_of, task
from cloud.observability import logger_of
from cloud.service.acquire_environment import acquire_environment

logger = logger_of("acquire_environment")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> None:
    acquire_environment(platform(), event["deployment_id"], event["operation_id"], event["token"], attempt_of(event))
