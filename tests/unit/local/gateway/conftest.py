"""A running gateway whose functions are the test's, and raw ways to talk to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from cloud.adapters.websocket import ApiGatewayConnections
from cloud.settings import Settings
from cloud_local.gateway.access import Access
from cloud_local.gateway.app import make_app
from cloud_local.gateway.server import GatewayServer
from infra.topology import Route, SocketRoute

TOKEN = "the-token-of-this-test"
ACCESS = Access(TOKEN, "local", "the-secret-key-of-this-test")
ROUTES = (
    Route("GET", "/health"),
    Route("GET", "/things/{id}"),
    Route("POST", "/things/{id}"),
    Route("DELETE", "/things/{id}/parts/{part}"),
)
SOCKET_ROUTES = (
    SocketRoute("$connect", "open_connection"),
    SocketRoute("$disconnect", "close_connection"),
    SocketRoute("$default", "receive_message"),
)

Function = Callable[[dict[str, Any]], Any]


@dataclass
class Functions:
    """Stands where Lambda would: keeps what each function was called with; a test says what it answers."""

    answers: dict[str, Function] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        event = json.loads(json.dumps(event))  # what Lambda could not be sent must not pass here
        with self.changed:
            self.calls.append((name, event))
            self.changed.notify_all()
        function = self.answers.get(name)
        return function(event) if function else {"statusCode": 200, "body": "{}"}

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for called, event in self.calls if called == name]

    def wait_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """The events of the function's calls, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.of(name)) >= count, 20), f"{name} was not called"
            return self.of(name)


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gateway:
    """The server under test with its functions."""

    server: GatewayServer
    functions: Functions

    @property
    def port(self) -> int:
        return int(self.server.url.rsplit(":", 1)[1])

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        token: str | None = TOKEN,
    ) -> Answer:
        """One request, its path sent as it stands."""
        given = {"Authorization": f"Bearer {token}"} if token is not None else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in {**given, **(headers or {}), "Content-Length": str(len(body))}.items():
                connection.putheader(name, value.encode())
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def connect(
        self, *, token: str | None = TOKEN, query: str = "", headers: Mapping[str, str] | None = None, **options: Any
    ) -> ClientConnection:
        given = {"Authorization": f"Bearer {token}"} if token is not None else {}
        client: ClientConnection = connect(
            self.server.websocket_url + query,
            additional_headers={**given, **(headers or {})},
            proxy=None,
            open_timeout=20,
            **{"close_timeout": 5, **options},
        )
        return client

    def management(self) -> ApiGatewayConnections:
        return ApiGatewayConnections(Settings(websocket_endpoint=self.server.management_url))

    def id_of(self, client: int = -1) -> str:
        """The connection id of a client, by the order of ``$connect``."""
        connection_id: str = self.functions.of("open_connection")[client]["requestContext"]["connectionId"]
        return connection_id


@pytest.fixture(scope="module")
def server() -> Iterator[Gateway]:
    functions = Functions()
    running = GatewayServer(make_app(functions.invoke, ROUTES, SOCKET_ROUTES, ACCESS)).start()
    yield Gateway(running, functions)
    running.stop()


@pytest.fixture
def gateway(server: Gateway) -> Iterator[Gateway]:
    """The module's server, its functions as if they had never been called."""
    server.functions.answers.clear()
    server.functions.calls.clear()
    yield server
    while server.server._server.server_state.tasks:  # a ``$disconnect`` of this test is not for the next one
        time.sleep(0.005)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a function: what boto3 signs with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ACCESS.secret_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
