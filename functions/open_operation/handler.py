"""OpenOperation: make a start one operation, however often it is delivered."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.open_operation import open_operation

logger = logger_of("open_operation")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return open_operation(platform(), event["input"], event["execution_arn"])
