"""WebSocket ``$disconnect``: forget the connection."""

from __future__ import annotations

from typing import Any

from cloud.bootstrap import platform
from cloud.observability import logger_of
from cloud.service.connect_client import disconnect_client

logger = logger_of("close_connection")


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    connection_id = event["requestContext"]["connectionId"]
    disconnect_client(platform(), connection_id)
    logger.info("disconnected", extra={"connection_id": connection_id})
    return {"statusCode": 200}
