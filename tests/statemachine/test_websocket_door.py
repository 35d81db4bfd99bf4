"""Events on their whole way: DynamoDB's stream, the broadcaster, the gateway, the client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

import pytest
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_now

from cloud.client.contexts import Context
from cloud.client.events import EventStream
from cloud.domain.events import Cursor, Event
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine")

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
