"""Events on their whole way: DynamoDB's stream, the broadcaster, the gateway, the client."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_now

from cloud.client.contexts import Context, save_context
from cloud.client.events import EventStream
from cloud.domain.events import Cursor, Event
from tests.e2e.cli_harness import Shell, read_until
from tests.statemachine.conftest import WAIT_SECONDS, Control

pytestmark = pytest.mark.xdist_group("statemachine-websocket-door")

CHAIN = {"network": [], "app": ["network"]}


def context_of(cloud: Control) -> Context:
    return Context(**cloud.local.context())


async def follow(cloud: Control, deployment: str, operation_id: str, since: Cursor) -> list[Event]:
    """The events until the operation's last one."""
    seen = []
    stream = EventStream(context_of(cloud), deployment, since=since, reconnect_seconds=0.01)
    async with aclosing(cast("AsyncGenerator[Event, None]", aiter(stream))) as events:
        async for event in events:
            if event.operation_id == operation_id:
                seen.append(event)
                if event.data.get("terminal"):
                    break
    return seen


def stored(cloud: Control, deployment: str, operation_id: str) -> list[tuple[int, str]]:
    return [(int(row["sequence"]), row["type"]) for row in cloud.rows("logs", deployment, f"EVENT#{operation_id}#")]


def test_two_clients_see_every_event_once_and_in_order_while_it_happens(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        operation = cloud.start(deployment)
        hold.wait()
        beginning = Cursor(operation["id"], 0)

        async def watch() -> list[list[Event]]:
            both = [
                asyncio.create_task(follow(cloud, deployment, operation["id"], since))
                for since in (beginning, Cursor("0", 0))
            ]
            hold.released.set()
            return list(await asyncio.gather(*both))

        seen = asyncio.run(asyncio.wait_for(watch(), 60))
    for events in seen:
        assert [(event.sequence, event.type.value) for event in events] == stored(cloud, deployment, operation["id"])


def test_a_client_that_comes_back_gets_the_rest(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    operation = cloud.run(deployment)
    seen = asyncio.run(asyncio.wait_for(follow(cloud, deployment, operation["id"], Cursor(operation["id"], 4)), 60))
    assert [(event.sequence, event.type.value) for event in seen] == stored(cloud, deployment, operation["id"])[4:]


def test_a_client_that_dies_does_not_hold_back_the_deployment_or_the_others(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)

    async def scene() -> tuple[str, list[Event]]:
        context = context_of(cloud)
        headers = {"Authorization": f"Bearer {context.token}"}
        dying = await connect(context.websocket_url, additional_headers=headers, proxy=None)
        await dying.send(json.dumps({"action": "subscribe", "deployment_id": deployment}))
        assert json.loads(await dying.recv())["type"] == "subscribed"
        operation = await asyncio.to_thread(cloud.start, deployment)
        dying.transport.abort()  # without a farewell
        await dying.wait_closed()
        seen = await follow(cloud, deployment, operation["id"], Cursor("0", 0))
        return operation["id"], seen

    operation_id, seen = asyncio.run(asyncio.wait_for(scene(), 60))
    assert [(event.sequence, event.type.value) for event in seen] == stored(cloud, deployment, operation_id)
    cloud.wait(operation_id)
    cloud.assert_ended(deployment, {"id": operation_id}, "succeeded")


# -- clients that misbehave


class RawClient:
    """A WebSocket client of bytes: it subscribes like any other, and then does what no library lets it do."""

    def __init__(self, cloud: Control, deployment: str) -> None:
        context = context_of(cloud)
        address = urlsplit(context.websocket_url)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what it doesn't read soon stands in the way
        self.socket.settimeout(WAIT_SECONDS)
        self.socket.connect(("127.0.0.1", address.port))
        request = (
            f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {context.token}\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        self.read_until(b"\r\n\r\n")
        self.say({"action": "subscribe", "deployment_id": deployment})
        self.read_until(b'"subscribed"')

    def say(self, message: dict[str, Any], *, up_to: int | None = None) -> None:
        """Send a text frame, or only its first bytes."""
        text = json.dumps(message).encode()
        frame = bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text  # masked with zeros
        self.socket.sendall(frame[:up_to])

    def read_until(self, wanted: bytes) -> None:
        seen = b""
        while wanted not in seen:
            data = self.socket.recv(4096)
            assert data, seen
            seen += data


@pytest.mark.parametrize("kind", ["stops reading", "dies in mid-frame", "stays in mid-frame"])
def test_a_client_that_is_slow_or_dies_in_mid_frame_holds_nobody_back(cloud: Control, kind: str) -> None:
    deployment = cloud.deployment(CHAIN, scripts={"network": {"log": ["x" * 20_000] * 15}})
    client = RawClient(cloud, deployment)
    with closing(client.socket):
        if kind != "stops reading":
            client.say({"action": "ping"}, up_to=9)
        if kind == "dies in mid-frame":
            # A reset instead of a farewell.
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
        operation = cloud.run(deployment)
        seen = asyncio.run(asyncio.wait_for(follow(cloud, deployment, operation["id"], Cursor("0", 0)), WAIT_SECONDS))
    assert [(event.sequence, event.type.value) for event in seen] == stored(cloud, deployment, operation["id"])
    cloud.assert_ended(deployment, operation, "succeeded")


# -- a gateway that restarts in mid-operation


def test_a_gateway_that_restarts_in_mid_operation_costs_its_clients_nothing(
    cloud: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path))
    save_context("local", context_of(cloud))
    deployment = cloud.deployment({"network": [], "app": ["network"], "web": ["app"]})
    shell = Shell(tmp_path, tmp_path)
    with cloud.held("run_stack", "network") as first, cloud.held("run_stack", "app") as second:
        operation = cloud.start(deployment)
        first.wait()
        arguments = ("watch", deployment, "--operation", operation["id"])
        with shell.running(*arguments, "--json") as watching, shell.running(*arguments) as reading:
            lines = cast("IO[str]", watching.stdout)
            head = lines.readline()  # it follows
            read_until(reading, "runs")
            with cloud.local.without_gateway():
                first.released.set()
                second.wait()  # a stack has ended, another has begun, and nobody could be told
            second.released.set()
            out, err = lines.read(), watching.communicate(timeout=WAIT_SECONDS)[1]
            shown, told = reading.communicate(timeout=WAIT_SECONDS)
    assert (watching.returncode, reading.returncode) == (0, 0), (err, told)
    *events, last = [json.loads(line) for line in (head + out).splitlines()]
    rows = cloud.rows("logs", deployment, f"EVENT#{operation['id']}#")
    assert events == [as_told(row) for row in rows]  # each once, in order, to the letter
    assert (last["id"], last["state"]) == (operation["id"], "succeeded")
    assert [told.count(f"{stack} deployed in") for stack in ("network", "app", "web")] == [1, 1, 1]
    assert "succeeded" in shown

    since = f"{operation['id']}:{len(events) - 2}"
    again = shell("watch", deployment, "--since", since, "--json")
    assert again.lines()[:-1] == events[-2:]


def as_told(row: dict[str, Any]) -> dict[str, Any]:
    names = ("type", "deployment_id", "environment", "operation_id", "timestamp")
    return {**{name: row[name] for name in names}, "sequence": int(row["sequence"]), "data": json.loads(row["data"])}


def talk(cloud: Control, *messages: Any) -> list[dict[str, Any]]:
    """The answers to messages, one for each."""
    context = context_of(cloud)
    headers = {"Authorization": f"Bearer {context.token}"}
    with connect_now(context.websocket_url, additional_headers=headers, proxy=None) as socket:
        answers = []
        for message in messages:
            socket.send(message if isinstance(message, str) else json.dumps(message))
            answers.append(json.loads(socket.recv(timeout=30)))
        return answers


def test_what_is_wrong_is_told_and_the_connection_lives_on(cloud: Control) -> None:
    answers = talk(
        cloud,
        "{",
        {"action": "subscribe", "deployment_id": "D000000"},
        {"action": "subscribe", "deployment_id": 7, "since": []},
        {"action": "nothing"},
        {"action": "ping"},
    )
    assert [answer.get("code") for answer in answers] == [
        "configuration",
        "not-found",
        "configuration",
        "configuration",
        None,
    ]
    assert answers[-1] == {"type": "pong"}


def test_a_client_without_the_token_is_not_let_in(cloud: Control) -> None:
    from cloud.domain.errors import AuthError

    async def knock() -> None:
        stranger = replace(context_of(cloud), token="wrong")
        async for _ in EventStream(stranger, "D000000"):
            raise AssertionError("nobody is told anything")

    with pytest.raises(AuthError):
        asyncio.run(asyncio.wait_for(knock(), 60))


def test_a_connection_leaves_no_row_behind(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    talk(cloud, {"action": "subscribe", "deployment_id": deployment})
    client = cloud.local.aws.client("dynamodb")

    def subscriptions() -> bool:
        found = client.query(
            TableName="cloud-websocket-connections",
            IndexName="GSI1",
            KeyConditionExpression="deployment_id = :id",
            ExpressionAttributeValues={":id": {"S": deployment}},
        )["Items"]
        return not found

    cloud.poll(subscriptions)
