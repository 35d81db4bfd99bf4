"""Reads events out of the stream of the table ``logs``, without pynamodb: the broadcaster's cold start is short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloud.domain.events import Event, EventType


def event_of(image: Mapping[str, Mapping[str, Any]]) -> Event | None:
    """The event in a stream record's ``NewImage`` (attribute values); None for a row that is no event."""
    if not str(image.get("SK", {}).get("S", "")).startswith("EVENT#"):
        return None
    return Event(
        type=EventType(image["type"]["S"]),
        deployment_id=image["deployment_id"]["S"],
        environment=image["environment"]["S"],
        operation_id=image["operation_id"]["S"],
        sequence=int(image["sequence"]["N"]),
        timestamp=image["timestamp"]["S"],
        data=json.loads(image["data"]["S"]),
    )
