from __future__ import annotations

import socket

import pytest
from starlette.responses import PlainTextResponse

from cloud_local.gateway.server import GatewayServer

APP = PlainTextResponse("here")


def test_a_port_that_is_taken_is_one_clear_error_at_once() -> None:
    taken = GatewayServer(APP)
    port = int(taken.url.rsplit(":", 1)[1])
    try:
        with pytest.raises(OSError, match=rf"The port {port} of 127.0.0.1 can't be taken: Address already in use"):
            GatewayServer(APP, port)
    finally:
        taken.stop()


def test_it_listens_on_loopback_only_and_knows_its_addresses_before_it_starts() -> None:
    server = GatewayServer(APP)
    port = server.url.removeprefix("http://127.0.0.1:")
    try:
        assert server._listener.getsockname() == ("127.0.0.1", int(port))
        assert server.websocket_url == f"ws://127.0.0.1:{port}/local"
        assert server.management_url == f"http://127.0.0.1:{port}/local"
    finally:
        server.stop()


def test_a_port_is_free_again_after_the_stop_and_stopping_twice_is_harmless() -> None:
    server = GatewayServer(APP).start()
    port = int(server.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)):
        server.stop()
    server.stop()

    GatewayServer(APP, port).start().stop()


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_there_is_not_is_refused(port: int) -> None:
    with pytest.raises(OSError, match="is no port"):
        GatewayServer(APP, port)
