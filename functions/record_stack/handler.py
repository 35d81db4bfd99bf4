"""RecordStack: the only writer of a stack's result, and the target of every Catch of an iteration."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.record_stack import record_stack

logger = logger_of("record_stack")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> None:
    state = event["input"]
    record_stack(platform(), state["deployment_id"], state["operation_id"], state["stack"], state.get("error"))
