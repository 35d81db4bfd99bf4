"""WebSocket ``$default``: subscribe, unsubscribe, ping."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.domain.errors import NetworkError, NotFound
from cloud.observability import logger_of
from cloud.service.receive_message import receive_message

logger = logger_of("receive_message")


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    connection_id = event["requestContext"]["connectionId"]
    try:
        receive_message(platform(), connection_id, event.get("body") or "")
    except (NotFound, NetworkError) as error:
        # The client went away while it was answered: $disconnect cleans up.
        logger.info(error.message, extra={"connection_id": connection_id})
    return {"statusCode": 200}
