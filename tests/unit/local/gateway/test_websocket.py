from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cloud.domain.errors import NetworkError, NotFound
from cloud_local.gateway.app import make_app
from cloud_local.gateway.invocation import FunctionFailed
from cloud_local.gateway.server import GatewayServer
from cloud_local.gateway.sockets import QUEUE_FRAMES
from cloud_local.gateway.websocket import MAX_MESSAGE_BYTES
from tests.unit.local.gateway.conftest import ACCESS, ROUTES, SOCKET_ROUTES, TOKEN, Functions, Gateway

pytestmark = pytest.mark.usefixtures("credentials")


def refusal(gateway: Gateway, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused, gateway.connect(**options):
        pass
    status: int = refused.value.response.status_code
    return status


def test_a_client_is_connected_heard_and_forgotten_once_each(gateway: Gateway) -> None:
    with gateway.connect(headers={"X-Cloud-User": "ana"}) as client:
        client.send('{"action": "ping"}')
        (message,) = gateway.functions.wait_for("receive_message")
        assert gateway.functions.of("close_connection") == []
    (gone,) = gateway.functions.wait_for("close_connection")

    (opened,) = gateway.functions.of("open_connection")
    contexts = [event["requestContext"] for event in (opened, message, gone)]
    assert len({context["connectionId"] for context in contexts}) == 1
    assert [context["eventType"] for context in contexts] == ["CONNECT", "MESSAGE", "DISCONNECT"]
    assert [context["authorizer"]["sub"] for context in contexts] == ["ana"] * 3
    assert message["body"] == '{"action": "ping"}'
    assert gone["requestContext"]["disconnectStatusCode"] == 1000


def test_a_browser_shows_its_token_in_the_address_and_no_event_holds_it(gateway: Gateway) -> None:
    with gateway.connect(token=None, query=f"?token={TOKEN}&a=1"):
        pass
    gateway.functions.wait_for("close_connection")

    assert TOKEN not in json.dumps(gateway.functions.calls)
    assert gateway.functions.of("open_connection")[0]["queryStringParameters"] == {"a": "1"}


@pytest.mark.parametrize(
    "query",
    ["", "?token=", "?token=wrong", "?token=t%C3%B6k%C3%A9n", "?token=%FF", "?token=" + "x" * 4_000, "?Token=" + TOKEN],
)
def test_without_the_token_nobody_connects_and_nothing_is_logged(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    assert refusal(gateway, token=None, query=query) == 401
    assert gateway.functions.calls == []
    assert caplog.text == ""


def test_a_wrong_header_is_not_saved_by_a_right_address(gateway: Gateway) -> None:
    assert refusal(gateway, token="wrong", query=f"?token={TOKEN}") == 401


@pytest.mark.parametrize("header", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_web_page_does_not_connect(gateway: Gateway, header: dict[str, str]) -> None:
    assert refusal(gateway, headers=header) == 403
    assert gateway.functions.calls == []


def test_another_host_name_does_not_connect(gateway: Gateway) -> None:
    request = (
        "GET /local HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: {TOKEN}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as raw:
        raw.sendall(request.encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 403")


def test_there_is_no_other_websocket_route(gateway: Gateway) -> None:
    assert refusal(gateway, query="/elsewhere") == 404


@pytest.mark.parametrize(
    ("answer", "status"), [({"statusCode": 403}, 403), ({"statusCode": 500}, 500), ({}, 502), (None, 502)]
)
def test_a_client_that_connect_refuses_is_not_let_in_and_not_disconnected_either(
    gateway: Gateway, answer: Any, status: int
) -> None:
    gateway.functions.answers["open_connection"] = lambda _: answer

    assert refusal(gateway) == status
    with gateway_without_answers(gateway).connect():
        pass
    assert len(gateway.functions.wait_for("close_connection")) == 1


def gateway_without_answers(gateway: Gateway) -> Gateway:
    gateway.functions.answers.clear()
    return gateway


def fail(_: dict[str, Any]) -> Any:
    raise FunctionFailed("broken")


def test_a_connect_function_that_fails_lets_nobody_in(gateway: Gateway) -> None:
    gateway.functions.answers["open_connection"] = fail

    assert refusal(gateway) == 502


def test_a_message_whose_function_fails_is_answered_and_nothing_is_closed(gateway: Gateway) -> None:
    gateway.functions.answers["receive_message"] = fail
    with gateway.connect() as client, gateway.connect() as other:
        client.send("one")
        told = json.loads(client.recv(20))
        client.send("two")
        client.recv(20)
        other.send("three")
        other.recv(20)

    assert (told["message"], told["connectionId"]) == ("Internal server error", gateway.id_of(0))
    assert len(gateway.functions.wait_for("close_connection", 2)) == 2


def test_a_disconnect_function_that_fails_breaks_nothing(gateway: Gateway) -> None:
    gateway.functions.answers["close_connection"] = fail
    with gateway.connect():
        pass
    gateway.functions.wait_for("close_connection")
    with gateway.connect() as client:
        client.send("still there")
        gateway.functions.wait_for("receive_message")


def test_a_thousand_quick_messages_all_arrive_in_order(gateway: Gateway) -> None:
    with gateway.connect() as client:
        for number in range(1000):
            client.send(str(number))
        heard = gateway.functions.wait_for("receive_message", 1000)

    assert [event["body"] for event in heard] == [str(number) for number in range(1000)]


def test_a_message_in_several_frames_is_one_message(gateway: Gateway) -> None:
    with gateway.connect() as client:
        client.send(["one ", "two ", "thrée"])
        (event,) = gateway.functions.wait_for("receive_message")

    assert event["body"] == "one two thrée"


def closing(client: Any) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(20)
    received = closed.value.rcvd
    assert received is not None
    return int(received.code)


def test_a_binary_frame_closes_the_connection_as_api_gateway_does(gateway: Gateway) -> None:
    with gateway.connect() as client:
        client.send(b"\x00\x01")
        assert closing(client) == 1003
    gateway.functions.wait_for("close_connection")
    assert gateway.functions.of("receive_message") == []


def test_a_message_that_is_too_long_closes_the_connection(gateway: Gateway) -> None:
    with gateway.connect(compression=None) as client:
        client.send("x" * MAX_MESSAGE_BYTES)
        gateway.functions.wait_for("receive_message")
        client.send("x" * (MAX_MESSAGE_BYTES + 1))
        assert closing(client) == 1009
    gateway.functions.wait_for("close_connection")


@pytest.mark.parametrize(
    "frame", [b"\xff\xff\xff\xff", b"\x81\x05hello", b"\x81\x82\0\0\0\0\xc3\x28", b"\x83\x80\0\0\0\0"], ids=repr
)
def test_a_malformed_frame_ends_its_connection_and_no_other(gateway: Gateway, frame: bytes) -> None:
    with gateway.connect() as other:
        with gateway.connect() as client:
            client.socket.sendall(frame)
            assert closing(client) in (1002, 1007)
        broken = gateway.id_of(1)
        (gone,) = gateway.functions.wait_for("close_connection")
        assert gone["requestContext"]["connectionId"] == broken
        other.send("still there")
        gateway.functions.wait_for("receive_message")


def test_a_client_that_vanishes_is_disconnected_and_gone(gateway: Gateway) -> None:
    with gateway.connect() as client:
        client.socket.shutdown(socket.SHUT_RDWR)
        (event,) = gateway.functions.wait_for("close_connection")

        with pytest.raises(NotFound):
            gateway.management().post(event["requestContext"]["connectionId"], b"{}")


def test_a_client_that_takes_nothing_is_slow_can_be_disconnected_and_gets_its_disconnect(gateway: Gateway) -> None:
    management = gateway.management()
    with gateway.connect(max_queue=1, compression=None, close_timeout=0.1):  # it reads one message ahead, then no more
        connection_id = gateway.id_of()

        def flood() -> None:
            for _ in range(10 * QUEUE_FRAMES):
                management.post(connection_id, b"x" * 30_000)

        with pytest.raises(NetworkError):
            flood()
        management.disconnect(connection_id)

        gone = gateway.functions.wait_for("close_connection")
        assert [event["requestContext"]["connectionId"] for event in gone] == [connection_id]
        with pytest.raises(NotFound):
            management.post(connection_id, b"{}")


def test_a_stop_with_open_connections_disconnects_each_once_and_tells_the_clients() -> None:
    functions = Functions()
    server = GatewayServer(make_app(functions.invoke, ROUTES, SOCKET_ROUTES, ACCESS)).start()
    gateway = Gateway(server, functions)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(gateway.connect()) for _ in range(5)]

        server.stop()

        ids = [event["requestContext"]["connectionId"] for event in functions.of("close_connection")]
        assert sorted(ids) == sorted(gateway.id_of(number) for number in range(5))
        assert [closing(client) for client in clients] == [1012] * 5


def test_a_stop_leaves_a_function_that_hangs_alone_and_still_disconnects() -> None:
    functions, release = Functions(), threading.Event()
    functions.answers["receive_message"] = lambda _: release.wait(60)
    server = GatewayServer(make_app(functions.invoke, ROUTES, SOCKET_ROUTES, ACCESS)).start()
    gateway = Gateway(server, functions)
    with gateway.connect() as client:
        client.send("hang")
        functions.wait_for("receive_message")

        server.stop()

        assert not server._thread.is_alive()
        assert len(functions.of("close_connection")) == 1
        release.set()
