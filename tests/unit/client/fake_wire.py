"""A control plane in memory with a wire that misbehaves: the real use cases on one side, the real stream on the other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from cloud.client.contexts import Context
from cloud.domain.errors import NetworkError, NotFound
from cloud.domain.events import Event, EventType, NewEvent
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.states import TaskState
from cloud.service.broadcast_events import broadcast_events
from cloud.service.connect_client import connect_client, disconnect_client
from cloud.service.receive_message import receive_message
from tests.unit.service.scene import Scene

CONTEXT = Context("http://127.0.0.1:1", "ws://127.0.0.1:1", "t0ken", "ann")


class FakeWire:
    """One connection as its client has it. Frames come in the order in which they were posted."""

    def __init__(self, plane: ControlPlane, connection_id: str) -> None:
        self.id = connection_id
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._plane = plane

    async def send(self, text: str) -> None:
        if self.id not in self._plane.open:
            raise ConnectionError("cut")
        self._plane.hear(self.id, text)

    async def receive(self) -> bytes:
        if self.id not in self._plane.open and self.frames.empty():
            raise ConnectionError("cut")
        frame = await self.frames.get()
        if frame is None:
            raise ConnectionError("cut")
        return frame


class ControlPlane:
    """``dial`` is where clients come from; ``tell`` stores events, ``broadcast`` sends what is stored, as often as it likes.

    It is its own ConnectionGateway. ``breaks_after`` posts from now the connection that is posted to is cut. What is
    ``mute`` takes frames and loses them all.
    """

    def __init__(self) -> None:
        self.scene = Scene()
        self.deployment_id = self.scene.deployment()
        self.platform = replace(self.scene.platform, gateway=lambda: self)
        self.open: dict[str, FakeWire] = {}
        self.mute: set[str] = set()
        self.is_down = False
        self.breaks_after: int | None = None
        self.heard: list[str] = []
        self.dialled: list[float] = []
        self._numbers = itertools.count(1)

    # -- the control plane's side

    def operation(self, operation_id: str) -> None:
        row = Operation(
            operation_id,
            self.deployment_id,
            "dev",
            OperationKind.DEPLOY,
            "ann",
            TaskState.RUNNING,
            self.platform.timestamp(),
            1,
        )
        self.scene.stores.operations.create(row)

    def tell(self, operation_id: str, count: int = 1, *, terminal: bool = False) -> tuple[Event, ...]:
        data = {"terminal": True} if terminal else {}
        events = [NewEvent(EventType.DEPLOYMENT_STATUS, data)] * count
        return self.scene.stores.events.append(self.deployment_id, "dev", operation_id, events)

    def stored(self, operation_id: str, after: int = 0) -> list[int]:
        found = self.scene.stores.events.read(self.deployment_id, operation_id, after=after, limit=500)
        return [event.sequence for event in found]

    def broadcast(self, *events: Event) -> None:
        broadcast_events(self.platform, events)

    def cut(self) -> None:
        """Every connection breaks; what was on its way is lost, and no ``$disconnect`` is heard."""
        for connection_id in list(self.open):
            self._close(connection_id)

    def forget(self) -> None:
        """Every connection is pruned, and doesn't know."""
        for connection_id in self.open:
            self.scene.stores.connections.close(connection_id)

    # -- the gateway

    def hear(self, connection_id: str, text: str) -> None:
        self.heard.append(text)
        try:
            receive_message(self.platform, connection_id, text)
        except NotFound:
            return  # as the function does

    def post(self, connection_id: str, frame: bytes) -> None:
        if connection_id not in self.open:
            raise NotFound("gone")
        if self.breaks_after is not None:
            if not self.breaks_after:
                self.breaks_after = None
                raise NetworkError("too slow")
            self.breaks_after -= 1
        if connection_id not in self.mute:
            self.open[connection_id].frames.put_nowait(frame)

    def disconnect(self, connection_id: str) -> None:
        self._close(connection_id)

    def _close(self, connection_id: str) -> None:
        wire = self.open.pop(connection_id, None)
        if wire is not None:
            wire.frames.put_nowait(None)

    # -- the client's side

    @asynccontextmanager
    async def dial(self, _: Context) -> AsyncIterator[FakeWire]:
        self.dialled.append(asyncio.get_running_loop().time())
        if self.is_down:
            raise ConnectionRefusedError
        wire = FakeWire(self, f"c{next(self._numbers)}")
        connect_client(self.platform, wire.id, user_id="ann", email="", org="acme")
        self.open[wire.id] = wire
        try:
            yield wire
        finally:
            self.open.pop(wire.id, None)
            disconnect_client(self.platform, wire.id)
