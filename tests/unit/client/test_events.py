"""The stream of events against a WebSocket server that misbehaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from cloud.client.contexts import Context
from cloud.client.events import EventStream
from cloud.domain.errors import AuthError, NetworkError, NotFound
from cloud.domain.events import Cursor, Event

REPLAYED = {"type": "replayed", "deployment_id": "D123456"}
Behaviour = Callable[[ServerConnection], Awaitable[None]]


def an_event(sequence: int, **data: Any) -> dict[str, Any]:
    return {
        "type": "deployment.status",
        "deployment_id": "D123456",
        "environment": "dev",
        "operation_id": "01A",
        "sequence": sequence,
        "timestamp": "2026-01-01T12:00:00.000Z",
        "data": data,
    }


@asynccontextmanager
async def a_server(behaviour: Behaviour, **options: Any) -> AsyncIterator[Context]:
    async with serve(behaviour, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Context("http://127.0.0.1:1", f"ws://127.0.0.1:{port}", "t0ken", "ann")


def a_stream(context: Context, **options: Any) -> EventStream:
    return EventStream(context, "D123456", since=Cursor("01A", 0), reconnect_seconds=0.0, **options)


async def take(stream: EventStream, number: int) -> list[int]:
    found: list[int] = []
    async for event in stream:
        found.append(event.sequence)
        if len(found) == number:
            break
    return found


def test_events_come_once_and_in_order_across_a_broken_connection_a_gap_and_repetitions() -> None:
    asked: list[str] = []

    async def behave(socket: ServerConnection) -> None:
        async for text in socket:
            asked.append(json.loads(text)["since"])
            if len(asked) == 1:
                await socket.send(json.dumps([{"type": "subscribed"}, an_event(1), an_event(1), an_event(2)]))
                await socket.close()
            elif len(asked) == 2:
                await socket.send(json.dumps([REPLAYED, an_event(4), an_event(5)]))
            else:
                await socket.send(json.dumps([an_event(2), an_event(3), an_event(4), {"type": "from-the-future"}]))

    async def scenario() -> list[int]:
        async with a_server(behave) as context:
            return await take(a_stream(context), 5)

    assert asyncio.run(scenario()) == [1, 2, 3, 4, 5]
    assert asked == ["01A:0", "01A:2", "01A:2"]


def test_an_event_of_a_later_version_leaves_no_gap_and_what_is_no_message_is_passed_over() -> None:
    asked: list[str | bytes] = []

    async def behave(socket: ServerConnection) -> None:
        async for text in socket:
            asked.append(text)
            unknown = {**an_event(2), "type": "stack.dreamt"}
            odd = [7, {"type": "odd", "sequence": "x", "operation_id": None}]
            await socket.send(json.dumps([an_event(1), unknown, *odd, REPLAYED, an_event(3)]))

    async def scenario() -> list[int]:
        async with a_server(behave) as context:
            return await take(a_stream(context), 2)

    assert asyncio.run(scenario()) == [1, 3]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "error", "code": "throttled", "message": "not now"},
        {"message": "Internal server error", "connectionId": "abc=", "requestId": "1"},
        "{",
    ],
    ids=str,
)
def test_an_answer_that_may_be_better_the_next_time_is_asked_for_again(answer: Any) -> None:
    async def behave(socket: ServerConnection) -> None:
        connections.append(socket)
        await socket.recv()
        better = json.dumps(an_event(1)) if len(connections) > 1 else answer
        await socket.send(better if isinstance(better, str) else json.dumps(better))
        await socket.wait_closed()

    connections: list[ServerConnection] = []

    async def scenario() -> list[int]:
        async with a_server(behave) as context:
            return await take(a_stream(context), 1)

    assert asyncio.run(scenario()) == [1]


def test_the_token_travels_in_a_header_and_nowhere_else() -> None:
    seen: list[tuple[str, str]] = []

    async def behave(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append((socket.request.path, socket.request.headers["Authorization"]))
        await socket.recv()
        await socket.send(json.dumps(an_event(1)))

    async def scenario() -> list[int]:
        async with a_server(behave) as context:
            return await take(a_stream(context), 1)

    asyncio.run(scenario())
    assert seen == [("/", "Bearer t0ken")]


def test_what_the_server_answers_to_the_subscription_is_raised() -> None:
    async def behave(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps({"type": "error", "code": "not-found", "message": "no such deployment"}))

    async def scenario() -> None:
        async with a_server(behave) as context:
            await take(a_stream(context), 1)

    with pytest.raises(NotFound, match="no such deployment"):
        asyncio.run(scenario())


def test_a_refused_token_is_an_auth_error() -> None:
    async def behave(socket: ServerConnection) -> None: ...

    async def scenario() -> None:
        refuse = {"process_request": lambda connection, _: connection.respond(401, "no")}
        async with a_server(behave, **refuse) as context:
            await take(a_stream(context), 1)

    with pytest.raises(AuthError):
        asyncio.run(scenario())


def test_a_server_that_stays_away_is_a_network_error_with_the_way_back() -> None:
    async def behave(socket: ServerConnection) -> None: ...

    async def scenario() -> None:
        async with a_server(behave) as context:
            pass
        await take(a_stream(context), 1)

    with pytest.raises(NetworkError) as caught:
        asyncio.run(scenario())
    assert "cloud watch" in caught.value.hint


def test_a_server_that_is_in_trouble_is_no_reason_to_despair_of_the_token() -> None:
    refusals = [503, 429, 502]

    async def behave(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(an_event(1)))
        await socket.wait_closed()

    def refuse(connection: ServerConnection, _: Any) -> Any:
        return connection.respond(refusals.pop(), "later") if refusals else None

    async def scenario() -> list[int]:
        async with a_server(behave, process_request=refuse) as context:
            return await take(a_stream(context), 1)

    assert asyncio.run(scenario()) == [1]
    assert refusals == []


def test_an_event_that_is_read_back_is_what_was_sent() -> None:
    assert Event.from_dict(an_event(1, terminal=True)).to_dict() == an_event(1, terminal=True)
