"""WebSocket ``$connect``: remember the connection and whose it is."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.observability import logger_of
from cloud.service.connect_client import connect_client

logger = logger_of("open_connection")


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """API Gateway closes the connection unless the answer is 200."""
    request = event["requestContext"]
    identity = request.get("authorizer") or {}
    connect_client(
        platform(),
        request["connectionId"],
        user_id=str(identity.get("sub", "")),
        email=str(identity.get("email", "")),
        org=str(identity.get("org", "")),
    )
    logger.info("connected", extra={"connection_id": request["connectionId"]})
    return {"statusCode": 200}
