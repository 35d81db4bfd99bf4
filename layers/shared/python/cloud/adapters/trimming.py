"""Events and log lines as they are stored: within what one DynamoDB item takes (400 KB), and honest where something was cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from cloud.adapters.clock import stored_timestamp
from cloud.domain.events import NewEvent
from cloud.domain.records import LogLine
from cloud.ports.workflow import Clock

MAX_DATA_BYTES = 300_000
MAX_BATCH = 50
MAX_BATCH_BYTES = 3_000_000  # one transaction takes 4 MB
_KEPT_CHARACTERS = 1000
_RESERVE = 1000  # bytes, for "trimmed" itself


def size_of(data: Any) -> int:
    """Bytes of ``data`` as it is stored: JSON in ASCII."""
    return len(json.dumps(data))


def fitting_event(event: NewEvent) -> NewEvent:
    """``event`` as it can be stored: JSON data of at most MAX_DATA_BYTES.

    Where that is exceeded the largest fields give way, one by one: a text keeps its beginning, anything else becomes
    None, and ``data["trimmed"]`` maps each such field to the bytes that it had.
    """
    data: dict[str, Any] = json.loads(json.dumps(dict(event.data)))
    size = size_of(data)
    if size <= MAX_DATA_BYTES:
        return replace(event, data=data)
    trimmed: dict[str, int] = {}
    sizes = {name: size_of(value) for name, value in data.items()}
    for name in sorted(data, key=sizes.__getitem__, reverse=True):
        if size <= MAX_DATA_BYTES - _RESERVE:
            break
        data[name] = _beginning(data[name])
        trimmed[name] = sizes[name]
        size += size_of(data[name]) - sizes[name] + size_of({name: sizes[name]})
    if size > MAX_DATA_BYTES - _RESERVE:  # very many fields, or names that are huge themselves
        return replace(event, data={"trimmed": {"*": size_of(dict(event.data))}})
    return replace(event, data={**data, "trimmed": trimmed})


def _beginning(value: Any) -> str | None:
    is_long_text = isinstance(value, str) and len(value) > _KEPT_CHARACTERS
    return value[:_KEPT_CHARACTERS] + "…" if is_long_text else None


def batches_of(events: Sequence[NewEvent]) -> Iterator[list[NewEvent]]:
    """The events, made to fit, in batches that one transaction takes: at most MAX_BATCH, at most MAX_BATCH_BYTES."""
    batch: list[NewEvent] = []
    size = 0
    for event in map(fitting_event, events):
        event_size = size_of(event.data)
        if batch and (len(batch) == MAX_BATCH or size + event_size > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event_size
    if batch:
        yield batch


def fitting_message(message: str) -> str:
    """A log line's message as it can be stored: valid UTF-8 of at most MAX_DATA_BYTES, the end of a longer one named."""
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= MAX_DATA_BYTES:
        return encoded.decode()
    return f"{encoded[:MAX_DATA_BYTES].decode('utf-8', 'ignore')}… (trimmed, {len(encoded)} bytes)"


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
