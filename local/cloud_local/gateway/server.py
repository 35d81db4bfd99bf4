"""The gateway as an object: start it on loopback, know its address, stop it."""

from __future__ import annotations

import errno
import socket
import threading
import time
from http import HTTPStatus

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from cloud_local.gateway.lambda_events import STAGE
from cloud_local.gateway.websocket import MAX_MESSAGE_BYTES

START_SECONDS = 10.0
STOP_SECONDS = 2
"""What connections and calls in hand have to end; functions that go on after it are left alone."""


class _Protocol(WebSocketsSansIOProtocol):
    """uvicorn's, except that a connection which the application leaves without a farewell is dropped.

    uvicorn would wait until everything written is sent: for a client that takes nothing, for ever.
    """

    def handle_connect(self, event: Request) -> None:
        if event.path.isascii():
            super().handle_connect(event)
            return
        # uvicorn would raise UnicodeEncodeError into the event loop.
        self.conn.send_response(self.conn.reject(HTTPStatus.BAD_REQUEST, "The address is not ASCII.\n"))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # uvicorn would log a refusal as an error of ours

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.close_sent:
            self.transport.abort()


class GatewayServer:
    """Serves an ASGI application on 127.0.0.1 from a thread of its own. ``port`` 0 takes a free one.

    The port is taken at once, so that the address is known before ``start``. Raises OSError when it is taken already.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            http="h11",
            ws=_Protocol,
            ws_max_size=MAX_MESSAGE_BYTES,
            log_level="warning",
            access_log=False,  # it would show ?token=
            lifespan="off",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="gateway", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}/{STAGE}"

    @property
    def management_url(self) -> str:
        """The endpoint of the API Gateway management API (``@connections``)."""
        return f"{self.url}/{STAGE}"

    def start(self) -> GatewayServer:
        """Raises RuntimeError when it does not come up."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                self.stop()
                raise RuntimeError("The gateway did not start.")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Close the connections and end the thread. Stopping twice, or before the start, is harmless."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(START_SECONDS)
        self._listener.close()


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise OSError(errno.EINVAL, f"{port} is no port: ports go to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"The port {port} of 127.0.0.1 can't be taken: {error.strerror}") from None
    return listener
