"""RequestApproval: wait until somebody who is not the requester approves or rejects."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.entry import attempt_of, task
from cloud.observability import logger_of
from cloud.service.request_approval import request_approval

logger = logger_of("request_approval")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> None:
    request_approval(platform(), event["deployment_id"], event["operation_id"], event["token"], attempt_of(event))
