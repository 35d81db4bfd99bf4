"""AwaitDependencies: keep the stack's task token until the scheduler starts or skips it."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import attempt_of, task
from cloud.observability import logger_of
from cloud.service.await_dependencies import await_dependencies

logger = logger_of("await_dependencies")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> None:
    await_dependencies(
        platform(), event["deployment_id"], event["operation_id"], event["stack"], event["token"], attempt_of(event)
    )
