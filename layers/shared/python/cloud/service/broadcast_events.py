"""Broadcast stored events to the connections that follow their deployment.

What is broadcast is what was stored: the stream of the logs table feeds it. A connection that is slow or gone is pruned and
holds nobody back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cloud.domain.errors import NetworkError, NotFound
from cloud.domain.events import Event
from cloud.service.frames import frames
from cloud.service.platform import Platform

WORKERS = 16


@dataclass(frozen=True, slots=True)
class Broadcast:
    """How many frames were delivered, and which connections were pruned."""

    delivered: int
    pruned: tuple[str, ...]


def broadcast_events(platform: Platform, events: Sequence[Event]) -> Broadcast:
    """Send each deployment's events, in order, to its subscribers; the connections side by side."""
    by_deployment: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_deployment[event.deployment_id].append(event)
    work = [
        (connection_id, tuple(frames(event.to_dict() for event in batch)))
        for deployment_id, batch in by_deployment.items()
        for connection_id in platform.stores.connections.subscribers(deployment_id)
    ]
    if not work:
        return Broadcast(0, ())
    with ThreadPoolExecutor(max_workers=min(WORKERS, len(work)), thread_name_prefix="broadcast") as pool:
        sent = list(pool.map(lambda item: _send(platform, *item), work))
    pruned = tuple(sorted({item[0] for item, count in zip(work, sent, strict=True) if count is None}))
    return Broadcast(sum(count or 0 for count in sent), pruned)


def _send(platform: Platform, connection_id: str, batch: tuple[bytes, ...]) -> int | None:
    """The number of frames delivered, or None when the connection had to be pruned."""
    gateway = platform.gateway()
    try:
        for frame in batch:
            gateway.post(connection_id, frame)
    except NotFound:
        platform.stores.connections.close(connection_id)
        return None
    except NetworkError:
        # Too slow: it may still be connected. Closing it makes its client come back and ask for what it missed.
        gateway.disconnect(connection_id)
        platform.stores.connections.close(connection_id)
        return None
    return len(batch)
