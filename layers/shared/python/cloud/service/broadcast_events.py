"""Broadcast stored events to the connections that follow their deployment.

What is broadcast is what was stored: the stream of the logs table feeds it. A connection that is slow or gone is pruned and
holds nobody back.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cloud.domain.errors import CloudError, NotFound
from cloud.domain.events import Event
from cloud.service.frames import frames
from cloud.service.platform import Platform

WORKERS = 16


@dataclass(frozen=True, slots=True)
class Broadcast:
    """How many frames were delivered, and which connections were pruned, with the reason."""

    delivered: int
    pruned: Mapping[str, str]


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
        return Broadcast(0, {})
    with ThreadPoolExecutor(max_workers=min(WORKERS, len(work)), thread_name_prefix="broadcast") as pool:
        sent = list(pool.map(lambda item: _send(platform, *item), work))
    pruned = {item[0]: reason for item, (_, reason) in zip(work, sent, strict=True) if reason}
    return Broadcast(sum(count for count, _ in sent), pruned)


def _send(platform: Platform, connection_id: str, batch: tuple[bytes, ...]) -> tuple[int, str]:
    """The number of frames delivered, and why the connection had to be pruned, if it had to."""
    gateway = platform.gateway()
    delivered = 0
    try:
        for frame in batch:
            gateway.post(connection_id, frame)
            delivered += 1
    except CloudError as error:
        if not isinstance(error, NotFound):
            # Too slow, throttled or refused: it may still be connected. Closing it makes its client come back and ask for
            # what it missed; raising would hold back everybody, for the stream repeats the whole batch.
            with contextlib.suppress(CloudError):
                gateway.disconnect(connection_id)
        platform.stores.connections.close(connection_id)
        return delivered, error.message
    return delivered, ""
