"""The gateway as an object: start it on loopback, know its address, stop it."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette

from cloud_local.gateway.lambda_events import STAGE

START_SECONDS = 10.0


class GatewayServer:
    """Serves an ASGI application on 127.0.0.1 from a thread of its own. ``port`` 0 takes a free one."""

    def __init__(self, app: Starlette, port: int = 0) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="gateway", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def websocket_url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}/{STAGE}"

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
                raise RuntimeError("The gateway did not start.")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Close the connections and end the thread. Stopping twice is harmless."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(START_SECONDS)
        self._listener.close()
