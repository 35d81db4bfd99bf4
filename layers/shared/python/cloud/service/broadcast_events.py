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
from datetime import datetime, timedelta

from cloud.domain.errors import CloudError, NotFound
from cloud.domain.events import Event
from cloud.service.frames import frames
from cloud.service.platform import Platform

WORKERS = 16
BUDGET_SECONDS = 30.0
"""For one batch, which is half of what the function has. Whoever isn't reached by then sees the gap, and asks."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """How many frames were delivered, which connections were pruned, with the reason, and which weren't reached in time."""

    delivered: int
    pruned: Mapping[str, str]
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of one connection's frames. ``problem`` is why it was pruned, if it was."""

    connection_id: str
    delivered: int = 0
    problem: str = ""
    is_late: bool = False


def broadcast_events(platform: Platform, events: Sequence[Event]) -> Broadcast:
    """Send each deployment's events, in order, to its subscribers; the connections side by side.

    Who subscribes is asked for every batch, by one query that reads nothing where nobody does. Remembering the answer would
    be cheaper and wrong: who subscribes meanwhile has had its replay already, and would miss what comes until it is asked
    again. Raises what the query raises, before anything is sent: the stream repeats the batch.
    """
    by_deployment: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_deployment[event.deployment_id].append(event)
    work = [
        (connection_id, batch)
        for deployment_id, told in by_deployment.items()
        if (subscribers := platform.stores.connections.subscribers(deployment_id))
        for batch in (tuple(frames(event.to_dict() for event in told)),)
        for connection_id in subscribers
    ]
    if not work:
        return Broadcast(0, {})
    deadline = platform.clock.now() + timedelta(seconds=BUDGET_SECONDS)
    with ThreadPoolExecutor(max_workers=min(WORKERS, len(work)), thread_name_prefix="broadcast") as pool:
        sent = list(pool.map(lambda item: _send(platform, item[0], item[1], deadline), work))
    return Broadcast(
        sum(each.delivered for each in sent),
        {each.connection_id: each.problem for each in sent if each.problem},
        tuple(each.connection_id for each in sent if each.is_late),
    )


def _send(platform: Platform, connection_id: str, batch: tuple[bytes, ...], deadline: datetime) -> _Sent:
    gateway = platform.gateway()
    for delivered, frame in enumerate(batch):
        if platform.clock.now() >= deadline:
            return _Sent(connection_id, delivered, is_late=True)
        try:
            gateway.post(connection_id, frame)
        except CloudError as error:
            _prune(platform, connection_id, is_gone=isinstance(error, NotFound))
            return _Sent(connection_id, delivered, error.message)
    return _Sent(connection_id, len(batch))


def _prune(platform: Platform, connection_id: str, *, is_gone: bool) -> None:
    """Forget a connection that takes nothing; never raises, for the stream would repeat the batch for everybody.

    What is too slow, throttled or refused may still be connected. Closing it makes its client come back and ask for what it
    missed. A row that can't be removed is met again by the next batch, and expires in the end.
    """
    if not is_gone:
        with contextlib.suppress(CloudError):
            platform.gateway().disconnect(connection_id)
    with contextlib.suppress(CloudError):
        platform.stores.connections.close(connection_id)
