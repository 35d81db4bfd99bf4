"""The contract of ``ConnectionGateway``, in memory and on the protocol of ``@connections``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import unquote

import pytest

from cloud.adapters.memory.gateway import MemoryGateway
from cloud.adapters.websocket import ApiGatewayConnections
from cloud.domain.errors import AccessDenied, ConfigurationError, NetworkError, NotFound
from cloud.ports.workflow import ConnectionGateway
from cloud.settings import Settings


class Clients(Protocol):
    """The other end of the connections."""

    def connect(self, connection_id: str) -> None: ...

    def stall(self, connection_id: str) -> None: ...

    def frames(self, connection_id: str) -> tuple[bytes, ...]: ...


class ManagementServer(ThreadingHTTPServer):
    """API Gateway's management API: POST and DELETE ``/@connections/{id}``, 410 for a connection that is gone."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.open: dict[str, list[bytes]] = {}
        self.stalled: set[str] = set()
        self.forbidden: set[str] = set()

    @property
    def settings(self) -> Settings:
        return Settings(websocket_endpoint=f"http://127.0.0.1:{self.server_port}")

    def connect(self, connection_id: str) -> None:
        self.open[connection_id] = []

    def stall(self, connection_id: str) -> None:
        self.stalled.add(connection_id)

    def frames(self, connection_id: str) -> tuple[bytes, ...]:
        if connection_id not in self.open:
            raise NotFound(connection_id)
        return tuple(self.open[connection_id])


class _Handler(BaseHTTPRequestHandler):
    server: ManagementServer

    def do_POST(self) -> None:
        connection_id, frame = self._connection_id(), self.rfile.read(int(self.headers["Content-Length"]))
        if connection_id in self.server.forbidden:
            self._answer(403, "ForbiddenException")
        elif connection_id not in self.server.open:
            self._answer(410, "GoneException")
        elif connection_id in self.server.stalled:
            self.close_connection = True  # it takes the frame and never answers
        else:
            self.server.open[connection_id].append(frame)
            self._answer(200)

    def do_DELETE(self) -> None:
        gone = self.server.open.pop(self._connection_id(), None) is None
        self._answer(410 if gone else 204, "GoneException" if gone else "")

    def _connection_id(self) -> str:
        return unquote(self.path).removeprefix("/@connections/")

    def _answer(self, status: int, error: str = "") -> None:
        self.send_response(status)
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagementServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    running = ManagementServer()
    thread = threading.Thread(target=lambda: running.serve_forever(poll_interval=0.02))
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture(params=["memory", "aws"])
def ends(request: pytest.FixtureRequest) -> tuple[ConnectionGateway, Clients]:
    if request.param == "memory":
        gateway = MemoryGateway()
        return gateway, gateway
    server: ManagementServer = request.getfixturevalue("server")
    return ApiGatewayConnections(server.settings), server


Ends = tuple[ConnectionGateway, Clients]


def test_frames_arrive_in_order_as_they_were_sent(ends: Ends) -> None:
    gateway, clients = ends
    clients.connect("abc=")
    gateway.post("abc=", b'{"n": 1}')
    gateway.post("abc=", "größe".encode())
    assert clients.frames("abc=") == (b'{"n": 1}', "größe".encode())


def test_a_frame_to_a_connection_that_is_gone_is_not_found(ends: Ends) -> None:
    gateway, _ = ends
    with pytest.raises(NotFound, match="gone"):
        gateway.post("gone", b"{}")


def test_a_connection_that_takes_nothing_is_a_network_error(ends: Ends) -> None:
    gateway, clients = ends
    clients.connect("slow")
    clients.stall("slow")
    with pytest.raises(NetworkError):
        gateway.post("slow", b"{}")


def test_a_disconnected_connection_is_gone_and_disconnecting_again_is_no_error(ends: Ends) -> None:
    gateway, clients = ends
    clients.connect("abc")
    gateway.disconnect("abc")
    gateway.disconnect("abc")
    with pytest.raises(NotFound):
        gateway.post("abc", b"{}")
    with pytest.raises(NotFound):
        clients.frames("abc")


def test_a_refusal_is_not_taken_for_a_connection_that_is_gone(server: ManagementServer) -> None:
    server.connect("abc")
    server.forbidden.add("abc")
    with pytest.raises(AccessDenied):
        ApiGatewayConnections(server.settings).post("abc", b"{}")


def test_without_an_endpoint_nothing_is_posted() -> None:
    gateway = ApiGatewayConnections(Settings())
    with pytest.raises(ConfigurationError, match="WebSocket"):
        gateway.post("abc", b"{}")
    with pytest.raises(ConfigurationError, match="WebSocket"):
        gateway.disconnect("abc")
