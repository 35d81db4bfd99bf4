"""FinishOperation: write the end, free the environment, tell everybody. Every Catch of the operation leads here."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.domain.states import TaskState
from cloud.entry import task
from cloud.observability import count, logger_of
from cloud.service.finish_operation import finish_operation

logger = logger_of("finish_operation")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    state = event["input"]
    outcome = state.get("outcome")
    ended = finish_operation(
        platform(),
        state["deployment_id"],
        state["operation_id"],
        state=TaskState(outcome["state"]) if outcome else None,
        caught=state.get("error"),
    )
    count("finish_operation", OperationsFinished=1)
    return ended
