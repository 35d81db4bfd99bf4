"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.event_handler import Response

from cloud.domain.errors import CloudError

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1


def problem_body(error: CloudError, request_id: str) -> dict[str, Any]:
    """``type title status detail code errors[] request_id``, and our ``hint``, ``retryable`` and ``ids``."""
    return {
        "type": f"urn:cloud:error:{error.code}",
        "title": type(error).__name__,
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "errors": [asdict(problem) for problem in error.problems],
        "request_id": request_id,
        "hint": error.hint,
        "retryable": error.retryable,
        "ids": dict(error.ids),
    }


def problem_response(error: CloudError, request_id: str) -> Response[str]:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if error.http_status == 429 else {}
    return Response(error.http_status, CONTENT_TYPE, json.dumps(problem_body(error, request_id)), headers)
