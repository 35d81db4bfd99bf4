"""The logs table's stream → the WebSocket connections. Ignores REMOVE and every row that is not an event."""

from __future__ import annotations

from typing import Any

from cloud.adapters.dynamodb.images import event_of
from cloud.bootstrap import platform
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.broadcast_events import broadcast_events

logger = logger_of("broadcast_events")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    inserted = (record for record in event["Records"] if record["eventName"] == "INSERT")
    found = (event_of(record["dynamodb"]["NewImage"]) for record in inserted)
    result = broadcast_events(platform(), [stored for stored in found if stored])
    if result.pruned:
        logger.info("Pruned connections that are slow or gone.", extra={"connections": dict(result.pruned)})
    return {"delivered": result.delivered, "pruned": len(result.pruned)}
