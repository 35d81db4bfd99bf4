"""The open WebSocket connections of the gateway, and what waits to be sent on each."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from cloud_local.gateway.lambda_events import Identity

QUEUE_FRAMES = 256
"""Frames that wait for a client. One that lets more pile up is too slow; API Gateway would time out on it."""


def new_connection_id() -> str:
    """API Gateway's connection ids look like this one and end in "="."""
    return secrets.token_urlsafe(11) + "="


@dataclass(slots=True)
class Socket:
    """One connection. Only the gateway's event loop touches it."""

    socket: WebSocket
    identity: Identity
    id: str = field(default_factory=new_connection_id)
    connected_at: int = field(default_factory=lambda: int(time.time() * 1000))
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when our side wants the connection closed."""
    outbox: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))

    def offer(self, frame: str) -> bool:
        """Put a frame in the outbox; False when it is full."""
        try:
            self.outbox.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    async def pump(self) -> None:
        """Send what is in the outbox, for ever. Raises what sending raises when the client is gone."""
        while True:
            await self.socket.send_text(await self.outbox.get())
            self.outbox.task_done()


class Sockets:
    """The connections by id."""

    def __init__(self) -> None:
        self._open: dict[str, Socket] = {}

    def add(self, socket: Socket) -> None:
        self._open[socket.id] = socket

    def get(self, connection_id: str) -> Socket | None:
        return self._open.get(connection_id)

    def remove(self, connection_id: str) -> None:
        self._open.pop(connection_id, None)

    def __len__(self) -> int:
        return len(self._open)
