"""The function that comes with the stack: it says what it was called with, whoever calls it. Put your own in its place."""

from __future__ import annotations

import json
import logging
from typing import Any

log = logging.getLogger()
log.setLevel(logging.INFO)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answers requests of an HTTP API, takes messages off a queue, and notes any other call (a schedule's, say)."""
    if "requestContext" in event:
        return answer(event)
    if "Records" in event:
        return take(event["Records"])
    log.info(json.dumps({"called": sorted(event)}))
    return {}


def answer(event: dict[str, Any]) -> dict[str, Any]:
    """The answer of an HTTP API's integration, payload version 2.0."""
    route = event.get("routeKey", "")
    log.info(json.dumps({"route": route}))
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"route": route}),
    }


def take(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Messages that are no JSON fail, and only those: Lambda hands them over again, and at last to the dead-letter queue."""
    failed = []
    for record in records:
        try:
            message = json.loads(record["body"])
        except ValueError:
            log.warning(json.dumps({"message": record["messageId"], "failed": "no JSON"}))
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            log.info(json.dumps({"message": record["messageId"], "type": type(message).__name__}))
    return {"batchItemFailures": failed}
