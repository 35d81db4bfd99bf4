"""The connection beneath the stream of events: texts in both directions, and one family of errors when it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from cloud.client.contexts import Context
from cloud.domain.errors import AuthError

MAX_MESSAGE_BYTES = 1 << 20
"""Of a message that is taken; the control plane sends 32 KB at most."""
CLOSE_SECONDS = 2.0
"""What the other side has to answer our farewell."""
REFUSALS = (401, 403)


class Wire(Protocol):
    """An open connection. Both methods raise OSError when it has ended, however it did."""

    async def send(self, text: str) -> None: ...

    async def receive(self) -> str | bytes: ...


Dial = Callable[[Context], AbstractAsyncContextManager[Wire]]
"""Opens a connection for the length of a block. Raises AuthError when we aren't let in, OSError when nobody answers."""


class _Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise ConnectionError(str(closed)) from closed

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise ConnectionError(str(closed)) from closed


class dial:  # noqa: N801 (a function to its callers: a Dial)
    """A WebSocket. The token travels in a header, never in the address.

    A class and no generator: asyncio closes all generators of a loop at once, the stream's and the one that it is using.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._connection: ClientConnection | None = None

    async def __aenter__(self) -> Wire:
        opening = connect(
            self._context.websocket_url,
            additional_headers={"Authorization": f"Bearer {self._context.token}", "X-Cloud-User": self._context.user},
            proxy=None,
            ping_interval=None,  # API Gateway answers no ping frames of clients; ours are messages
            max_size=MAX_MESSAGE_BYTES,
            close_timeout=CLOSE_SECONDS,
        )
        try:
            self._connection = await opening
        except InvalidStatus as error:
            if error.response.status_code in REFUSALS:
                raise AuthError("The control plane does not let us in.", hint="The token is not its own.") from None
            raise ConnectionError(str(error)) from error
        except (InvalidHandshake, EOFError) as error:
            raise ConnectionError(str(error)) from error
        return _Socket(self._connection)

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close()
