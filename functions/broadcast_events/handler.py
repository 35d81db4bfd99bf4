"""The logs table's stream → the WebSocket connections. Ignores REMOVE and every row that is not an event."""

from __future__ import annotations

from typing import Any

from cloud.adapters.dynamodb.images import event_of
from cloud.bootstrap import platform
from cloud.domain.events import Event
from cloud.entry import task
from cloud.observability import logger_of
from cloud.service.broadcast_events import broadcast_events

logger = logger_of("broadcast_events")


@task(logger)
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    found = (_stored_event(record) for record in event["Records"] if record["eventName"] == "INSERT")
    result = broadcast_events(platform(), [stored for stored in found if stored])
    if result.pruned:
        logger.info("Pruned connections that are slow or gone.", extra={"connections": dict(result.pruned)})
    if result.late:
        logger.warning("Connections were not reached in time.", extra={"connections": result.late})
    return {"delivered": result.delivered, "pruned": len(result.pruned), "late": len(result.late)}


def _stored_event(record: dict[str, Any]) -> Event | None:
    """The event of a record. One that can't be read (a later version's) must not hold back the others: it is left out, and
    who needs it asks the store."""
    try:
        return event_of(record["dynamodb"]["NewImage"])
    except (KeyError, ValueError):
        logger.exception("A record is no event that this version can read.")
        return None
