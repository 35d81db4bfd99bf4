"""The WebSocket client: an asynchronous stream of a deployment's events, exactly once and in order, across reconnections."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from cloud.client.contexts import Context
from cloud.client.ordering import Sequencer, Verdict
from cloud.domain.errors import AuthError, NetworkError, from_dict
from cloud.domain.events import Cursor, Event

PING_SECONDS = 30.0
PONG_SECONDS = 10.0
RECONNECT_SECONDS = 5.0
"""The keep-alive and the pause before a reconnection, as 3-interfaces.md has them; the first reconnection is immediate."""

MAX_ATTEMPTS = 5
"""Failed connections in a row before the stream gives up with NetworkError."""


class EventStream:
    """``async for event in EventStream(context, "D1BRV40", since=cursor)``.

    ``since`` replays what is stored after it, then goes on live. Raises NetworkError when the control plane stays away,
    AuthError when it does not let us in, and what it answers to the subscription (NotFound, ConfigurationError).
    """

    def __init__(
        self,
        context: Context,
        deployment_id: str,
        *,
        since: Cursor | None = None,
        reconnect_seconds: float = RECONNECT_SECONDS,
        ping_seconds: float = PING_SECONDS,
        pong_seconds: float = PONG_SECONDS,
    ) -> None:
        self._context = context
        self._deployment_id = deployment_id
        self._order = Sequencer(since)
        self._reconnect_seconds = reconnect_seconds
        self._ping_seconds = ping_seconds
        self._pong_seconds = pong_seconds
        self.connections = 0

    async def __aiter__(self) -> AsyncIterator[Event]:
        failures = 0
        while True:
            try:
                async with connect(
                    self._context.websocket_url,
                    additional_headers={
                        "Authorization": f"Bearer {self._context.token}",
                        "X-Cloud-User": self._context.user,
                    },
                    proxy=None,
                    ping_interval=None,
                    max_size=1 << 20,
                ) as socket:
                    self.connections += 1
                    failures = 0
                    async for event in self._follow(socket):
                        yield event
            except InvalidStatus as error:
                if error.response.status_code in (401, 403):
                    raise AuthError("The control plane does not let us in.", hint="The token is not its own.") from None
                failures += 1
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                failures += 1
            if failures >= MAX_ATTEMPTS:
                raise NetworkError(
                    f"The connection to {self._context.websocket_url} is lost.",
                    hint="The operation goes on without us: `cloud watch` follows it again.",
                )
            if failures > 1:
                await asyncio.sleep(self._reconnect_seconds)

    async def _follow(self, socket: ClientConnection) -> AsyncIterator[Event]:
        await self._subscribe(socket)
        alive = asyncio.get_running_loop().time
        last_heard, pinged = alive(), False
        while True:
            wait = self._pong_seconds if pinged else self._ping_seconds
            try:
                async with asyncio.timeout(max(0.0, last_heard + wait - alive())):
                    text = await socket.recv()
            except TimeoutError:
                if pinged:
                    raise  # no pong: the connection is dead, whatever TCP thinks
                await socket.send(json.dumps({"action": "ping"}))
                last_heard, pinged = alive(), True
                continue
            last_heard, pinged = alive(), False
            for message in _messages(text):
                event = self._event(message)
                if event is None:
                    continue
                verdict = self._order.judge(event)
                if verdict is Verdict.DELIVER:
                    yield event
                elif verdict is Verdict.GAP:
                    await self._subscribe(socket)  # the replay brings what is missing, then what we have just put aside

    async def _subscribe(self, socket: ClientConnection) -> None:
        request: dict[str, Any] = {"action": "subscribe", "deployment_id": self._deployment_id}
        if self._order.last is not None:
            request["since"] = str(self._order.last)
        await socket.send(json.dumps(request))

    @staticmethod
    def _event(message: dict[str, Any]) -> Event | None:
        kind = message.get("type")
        if kind == "error":
            raise from_dict({**message, "ids": {}, "problems": ()})
        if kind in ("subscribed", "pong"):
            return None
        with contextlib.suppress(KeyError, ValueError):
            return Event.from_dict(message)
        return None  # a type that this version does not know


def _messages(text: str | bytes) -> list[dict[str, Any]]:
    """A frame is one message or an array of messages."""
    parsed = json.loads(text)
    return parsed if isinstance(parsed, list) else [parsed]
