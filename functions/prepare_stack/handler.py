"""PrepareStack: resolve the stack's configuration and choose the route."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.prepare_stack import prepare_stack

logger = logger_of("prepare_stack")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return prepare_stack(
        platform(), event["deployment_id"], event["operation_id"], event["stack"], go=event["decision"]["go"]
    )
