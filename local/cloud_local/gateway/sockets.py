"""The open WebSocket connections of the gateway, and what waits to be sent on each."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from cloud_local.gateway.lambda_events import Identity

QUEUE_FRAMES = 1000
"""Frames that wait for a client. One that lets more pile up is too slow; API Gateway would time out on it."""


@dataclass(slots=True)
class Socket:
    """One connection. Only the gateway's event loop touches it."""

    id: str
    socket: WebSocket
    identity: Identity
    connected_at: int
    outbox: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))

    def offer(self, frame: bytes) -> bool:
        """Put a frame in the outbox; False when it is full."""
        try:
            self.outbox.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    async def pump(self) -> None:
        """Send what is in the outbox until a None says that the connection is to be closed."""
        while (frame := await self.outbox.get()) is not None:
            await self.socket.send_text(frame.decode())


class Sockets:
    """The connections by id."""

    def __init__(self) -> None:
        self._open: dict[str, Socket] = {}

    def add(self, socket: WebSocket, identity: Identity) -> Socket:
        # API Gateway's connection ids look like this one and end in "=".
        opened = Socket(secrets.token_urlsafe(11) + "=", socket, identity, int(time.time() * 1000))
        self._open[opened.id] = opened
        return opened

    def get(self, connection_id: str) -> Socket | None:
        return self._open.get(connection_id)

    def remove(self, connection_id: str) -> None:
        self._open.pop(connection_id, None)

    def __len__(self) -> int:
        return len(self._open)
