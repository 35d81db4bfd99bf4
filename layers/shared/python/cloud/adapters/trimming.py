"""Events and log lines as they are stored: within one bound each, and honest where something was cut.

An event fits into a WebSocket frame, and so what is broadcast is what is stored, whole. A log line fits into a DynamoDB item
(400 KB).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from cloud.adapters.clock import stored_timestamp
from cloud.domain.events import MAX_DATA_BYTES, NewEvent
from cloud.domain.records import LogLine
from cloud.ports.workflow import Clock

MAX_BATCH = 50
"""Events in one transaction: at most 1.5 MB of the 4 MB that it takes."""
MAX_LINE_BYTES = 300_000
_KEPT_CHARACTERS = 1000
_RESERVE = 1000  # bytes, for "trimmed" itself
_ESSENTIAL = ("stack", "status", "state", "operation", "terminal")
"""What readers of events can't do without; texts of a few characters, as we write them."""


def size_of(data: Any) -> int:
    """Bytes of ``data`` as it is stored: JSON in ASCII."""
    return len(json.dumps(data))


def fitting_event(event: NewEvent) -> NewEvent:
    """``event`` as it can be stored: JSON data of at most MAX_DATA_BYTES.

    Where that is exceeded the largest fields give way, one by one: texts keep their beginning, lists become None, and
    ``data["trimmed"]`` maps each such field to the bytes that it had. What JSON has no word for (NaN) becomes text.
    """
    data: dict[str, Any] = json.loads(json.dumps(dict(event.data)), parse_constant=str)
    size = size_of(data)
    if size <= MAX_DATA_BYTES:
        return replace(event, data=data)
    trimmed: dict[str, int] = {}
    sizes = {name: size_of(value) for name, value in data.items()}
    essential = {name: data[name] for name in _ESSENTIAL if sizes.get(name, _KEPT_CHARACTERS) < _KEPT_CHARACTERS}
    for name in sorted(data, key=sizes.__getitem__, reverse=True):
        if size <= MAX_DATA_BYTES - _RESERVE:
            break
        beginning = _beginning(data[name])
        if beginning != data[name]:
            data[name], trimmed[name] = beginning, sizes[name]
            size += size_of(beginning) - sizes[name] + size_of({name: sizes[name]})
    if size > MAX_DATA_BYTES - _RESERVE:  # very many fields, or names that are huge themselves
        return replace(event, data={**essential, "trimmed": {"*": size_of(dict(event.data))}})
    return replace(event, data={**data, "trimmed": trimmed})


def _beginning(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _beginning(inner) for name, inner in value.items()}
    if isinstance(value, str) and len(value) > _KEPT_CHARACTERS:
        return value[:_KEPT_CHARACTERS] + "…"
    return None if isinstance(value, list) else value


def batches_of(events: Sequence[NewEvent]) -> Iterator[list[NewEvent]]:
    """The events, made to fit, in batches of at most MAX_BATCH, each for one transaction."""
    for start in range(0, len(events), MAX_BATCH):
        yield [fitting_event(event) for event in events[start : start + MAX_BATCH]]


def fitting_message(message: str) -> str:
    """A log line's message as it can be stored: valid UTF-8 of at most MAX_LINE_BYTES, the end of a longer one named."""
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= MAX_LINE_BYTES:
        return encoded.decode()
    return f"{encoded[:MAX_LINE_BYTES].decode('utf-8', 'ignore')}… (trimmed, {len(encoded)} bytes)"


def complete_lines(lines: Iterable[LogLine], clock: Clock) -> tuple[LogLine, ...]:
    """The lines as they are stored: with an id, the stored form of their time, a message that fits.

    Raises ConfigurationError for a time that is none.
    """
    return tuple(
        replace(
            line,
            id=line.id or clock.new_ulid(),
            timestamp=stored_timestamp(line.timestamp),
            message=fitting_message(line.message),
        )
        for line in lines
    )
