"""Frames: what goes over a WebSocket. One JSON message, or an array of messages, of at most 32 KB.

API Gateway bills and limits by 32 KB frame; a batch of small events in one frame is one delivery.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAX_FRAME_BYTES = 32 * 1024


def encode(message: Mapping[str, Any]) -> bytes:
    """One message, compact and in ASCII: never more bytes than are stored, and it takes texts that UTF-8 doesn't."""
    return json.dumps(message, separators=(",", ":")).encode()


def frames(messages: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The messages in order, packed into as few frames as fit.

    What is stored fits; a message that is over the limit by itself loses ``data``, and says so, rather than its receiver.
    """
    batch: list[bytes] = []
    size = 2
    for message in messages:
        encoded = encode(message)
        if len(encoded) + 2 > MAX_FRAME_BYTES:
            encoded = encode({**message, "data": _shortened(message)})
        if batch and size + len(encoded) + 1 > MAX_FRAME_BYTES:
            yield _pack(batch)
            batch, size = [], 2
        batch.append(encoded)
        size += len(encoded) + 1
    if batch:
        yield _pack(batch)


def _shortened(message: Mapping[str, Any]) -> dict[str, Any]:
    """What clients need to draw the event."""
    data = message.get("data") or {}
    kept = {key: data[key] for key in ("stack", "status", "state", "terminal", "operation") if key in data}
    return {**kept, "truncated": True}


def _pack(batch: list[bytes]) -> bytes:
    return batch[0] if len(batch) == 1 else b"[" + b",".join(batch) + b"]"
