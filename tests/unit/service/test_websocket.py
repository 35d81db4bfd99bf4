"""The WebSocket use cases on the in-memory gateway: who gets what, in frames that fit, and who is let go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.memory.connections import MemoryConnectionStore
from cloud.domain.errors import AccessDenied, NetworkError, NotFound, Throttled
from cloud.domain.events import Event, EventType, NewEvent
from cloud.domain.operations import Operation, OperationKind
from cloud.service.broadcast_events import WORKERS, broadcast_events
from cloud.service.connect_client import connect_client, disconnect_client
from cloud.service.frames import MAX_FRAME_BYTES, encode, frames
from cloud.service.platform import Platform
from cloud.service.receive_message import MAX_MESSAGE_BYTES, receive_message
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene

CHAIN = {"network": [], "app": ["network"]}


def event(number: int, deployment: str = "D000001", **data: Any) -> Event:
    return Event(EventType.STACK_STATUS, deployment, "dev", "01OP", number, "2025-01-01T00:00:00.000Z", data)


def connected(scene: Scene, *names: str) -> None:
    for name in names:
        scene.gateway.connect(name)
        connect_client(scene.platform, name, user_id="u", email="u@x", org="acme")


def subscribed(scene: Scene, *names: str, deployment: str = "D000001") -> None:
    connected(scene, *names)
    for name in names:
        scene.stores.connections.subscribe(name, deployment)


def messages(scene: Scene, name: str) -> list[dict[str, Any]]:
    return list(unpacked(scene.gateway.frames(name)))


def unpacked(sent: tuple[bytes, ...]) -> Iterator[dict[str, Any]]:
    for frame in sent:
        assert len(frame) <= MAX_FRAME_BYTES
        parsed = json.loads(frame)
        yield from parsed if isinstance(parsed, list) else [parsed]


def say(scene: Scene, name: str, **message: Any) -> list[dict[str, Any]]:
    """Send a message; gives everything that the client was sent so far."""
    receive_message(scene.platform, name, json.dumps(message))
    return messages(scene, name)


def test_everybody_who_follows_gets_every_event_in_order(scene: Scene) -> None:
    subscribed(scene, "c1", "c2")
    subscribed(scene, "other", deployment="D000002")
    sent = [event(1), event(2), event(1, deployment="D000002")]
    result = broadcast_events(scene.platform, sent)
    assert (result.delivered, dict(result.pruned)) == (3, {})
    for name in ("c1", "c2"):
        assert [message["sequence"] for message in messages(scene, name)] == [1, 2]
    assert [message["deployment_id"] for message in messages(scene, "other")] == ["D000002"]
    assert len(scene.gateway.frames("c1")) == 1  # what fits is one frame


def test_without_listeners_nothing_is_sent(scene: Scene) -> None:
    assert broadcast_events(scene.platform, [event(1)]).delivered == 0
    assert broadcast_events(scene.platform, []).delivered == 0


def test_a_client_that_is_gone_or_slow_is_let_go_and_holds_nobody_back(scene: Scene) -> None:
    subscribed(scene, "fine", "gone", "slow")
    scene.gateway.disconnect("gone")
    scene.gateway.stall("slow")
    result = broadcast_events(scene.platform, [event(1)])
    assert result.pruned.keys() == {"gone", "slow"}
    assert scene.stores.connections.subscribers("D000001") == ("fine",)
    assert [message["sequence"] for message in messages(scene, "fine")] == [1]
    with pytest.raises(NotFound):
        scene.gateway.frames("slow")  # closed from our side, so that its client comes back


class Refusing:
    """A gateway that refuses one connection, and doesn't close it either."""

    def __init__(self, scene: Scene, connection_id: str) -> None:
        self._gateway, self._refused = scene.gateway, connection_id

    def post(self, connection_id: str, frame: bytes) -> None:
        if connection_id == self._refused:
            raise AccessDenied("not allowed")
        self._gateway.post(connection_id, frame)

    def disconnect(self, connection_id: str) -> None:
        raise NetworkError("not even that")


def test_a_gateway_that_refuses_lets_go_instead_of_repeating_for_ever(scene: Scene) -> None:
    subscribed(scene, "c1", "c2")
    result = broadcast_events(replace(scene.platform, gateway=lambda: Refusing(scene, "c1")), [event(1)])
    assert (result.delivered, dict(result.pruned)) == (1, {"c1": "not allowed"})
    assert scene.stores.connections.subscribers("D000001") == ("c2",)


def test_a_row_that_cannot_be_removed_holds_nobody_back(scene: Scene) -> None:
    subscribed(scene, "c1", "gone")
    scene.gateway.disconnect("gone")

    class Throttling(MemoryConnectionStore):
        def subscribers(self, deployment_id: str) -> tuple[str, ...]:
            return scene.stores.connections.subscribers(deployment_id)

        def close(self, connection_id: str) -> None:
            raise Throttled("not now")

    stores = replace(scene.stores, connections=Throttling())
    result = broadcast_events(replace(scene.platform, stores=stores), [event(1)])
    assert (result.delivered, list(result.pruned)) == (1, ["gone"])


def test_clients_that_keep_us_waiting_cost_one_batch_no_more_than_its_budget(scene: Scene) -> None:
    names = [f"c{number:03}" for number in range(100)]
    subscribed(scene, *names)

    class Waiting:
        """Every client takes 10 s to show that it takes nothing."""

        def post(self, connection_id: str, frame: bytes) -> None:
            scene.clock.advance(10)
            raise NetworkError("nothing is taken")

        def disconnect(self, connection_id: str) -> None: ...

    result = broadcast_events(replace(scene.platform, gateway=Waiting), [event(1)])
    assert len(result.pruned) < 3 + WORKERS  # those that were begun when the time was over
    assert sorted([*result.pruned, *result.late]) == names
    assert scene.stores.connections.subscribers("D000001") == tuple(sorted(result.late))


def test_a_query_that_fails_sends_nothing_so_that_the_stream_may_repeat_the_batch(scene: Scene) -> None:
    subscribed(scene, "c1")

    class Failing(MemoryConnectionStore):
        def subscribers(self, deployment_id: str) -> tuple[str, ...]:
            if deployment_id == "D000002":
                raise Throttled("not now")
            return scene.stores.connections.subscribers(deployment_id)

    platform = replace(scene.platform, stores=replace(scene.stores, connections=Failing()))
    with pytest.raises(Throttled):
        broadcast_events(platform, [event(1), event(1, deployment="D000002")])
    assert messages(scene, "c1") == []


def test_a_client_leaves_with_its_subscriptions(scene: Scene) -> None:
    subscribed(scene, "c1")
    for _ in range(2):
        disconnect_client(scene.platform, "c1")
    assert scene.stores.connections.subscribers("D000001") == ()
    connected(scene, "c2")
    found = scene.stores.connections.get("c2")
    assert (found.email, found.org) == ("u@x", "acme")
    assert found.expires_at == int(scene.clock.now().timestamp()) + 24 * 3600


# -- frames


@given(st.lists(st.dictionaries(st.sampled_from("ab"), st.text(max_size=6000), max_size=2), max_size=30))
def test_frames_fit_and_lose_nothing(data: list[dict[str, str]]) -> None:
    sent = [{"sequence": number, "data": item} for number, item in enumerate(data)]
    packed = tuple(frames(sent))
    assert list(unpacked(packed)) == [
        item if len(encode(item)) + 2 <= MAX_FRAME_BYTES else {**item, "data": {"truncated": True}} for item in sent
    ]
    for one, next_one in pairwise(packed):  # no frame is opened before it has to be
        first = next(iter(unpacked((next_one,))))
        assert len(one) + len(encode(first)) + 2 > MAX_FRAME_BYTES


def test_what_does_not_fit_any_more_goes_into_the_next_frame() -> None:
    third = MAX_FRAME_BYTES // 3
    packed = tuple(frames({"data": {"text": "x" * third}, "sequence": number} for number in range(4)))
    assert [len(list(unpacked((frame,)))) for frame in packed] == [2, 2]


def test_an_event_that_is_too_large_keeps_what_a_client_draws() -> None:
    big = {"type": "stack.failed", "sequence": 1, "data": {"stack": "app", "status": "failed", "error": "x" * 40_000}}
    (frame,) = frames([big])
    assert json.loads(frame)["data"] == {"stack": "app", "status": "failed", "truncated": True}
    (frame,) = frames([{"type": "odd", "more": "x" * 10, "data": None}])
    assert json.loads(frame)["data"] is None


# -- messages


def test_a_ping_is_answered_and_noted(scene: Scene) -> None:
    connected(scene, "c1")
    scene.clock.advance(60)
    assert say(scene, "c1", action="ping") == [{"type": "pong"}]
    assert scene.stores.connections.get("c1").last_ping == scene.platform.timestamp()


def test_a_subscription_brings_what_was_missed_across_operations(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first, second = scene.start(), None
    run(scene, first.id)
    second = scene.start(OperationKind.DESTROY)
    run(scene, second.id)
    connected(scene, "c1")
    told = say(scene, "c1", action="subscribe", deployment_id=scene.deployment_id, since=f"{first.id}:3")
    assert told[0] == {"type": "subscribed", "deployment_id": scene.deployment_id}
    since = f"{first.id}:3"
    assert told[-1] == {"type": "replayed", "deployment_id": scene.deployment_id, "since": since}
    cursors = [(message["operation_id"], message["sequence"]) for message in told[1:-1]]
    wanted = [(e.operation_id, e.sequence) for e in scene.events(first.id)[3:] + scene.events(second.id)]
    assert cursors == wanted
    assert scene.stores.connections.subscribers(scene.deployment_id) == ("c1",)


def test_a_replay_of_many_operations_is_in_their_order(scene: Scene) -> None:
    scene.manifest(CHAIN)
    ids = [scene.start().id for _ in range(45)]  # more than a page of operations
    connected(scene, "c1")
    told = say(scene, "c1", action="subscribe", deployment_id=scene.deployment_id, since="0:0")
    assert [message["operation_id"] for message in told[1:-1]] == ids


def test_a_subscription_without_a_cursor_begins_now(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    connected(scene, "c1")
    assert len(say(scene, "c1", action="subscribe", deployment_id=scene.deployment_id)) == 1
    say(scene, "c1", action="unsubscribe", deployment_id=scene.deployment_id)
    assert scene.stores.connections.subscribers(scene.deployment_id) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "configuration"),
        ("[" * 2000, "configuration"),
        ("[]", "configuration"),
        ('"ping"', "configuration"),
        ('{"action": ["ping"]}', "configuration"),
        ('{"action": "dance"}', "configuration"),
        ('{"action": "subscribe"}', "configuration"),
        ('{"action": "subscribe", "deployment_id": {"a": 1}}', "configuration"),
        ('{"action": "subscribe", "deployment_id": "\\ud800"}', "configuration"),
        ('{"action": "subscribe", "deployment_id": "D999999"}', "not-found"),
        ('{"action": "subscribe", "deployment_id": "D999999", "since": "x"}', "configuration"),
        ('{"action": "unsubscribe", "deployment_id": 7}', "configuration"),
        ('{"action": "ping", "x": "' + "é" * MAX_MESSAGE_BYTES + '"}', "configuration"),
    ],
)
def test_what_is_wrong_with_a_message_is_told_and_raises_nothing(scene: Scene, text: str, code: str) -> None:
    connected(scene, "c1")
    receive_message(scene.platform, "c1", text)
    (answer,) = messages(scene, "c1")
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["message"]


def test_a_client_that_left_while_it_was_answered_is_told_to_the_caller(scene: Scene) -> None:
    connected(scene, "c1")
    scene.gateway.disconnect("c1")
    for text in ('{"action": "ping"}', "{"):
        with pytest.raises(NotFound, match="gone"):
            receive_message(scene.platform, "c1", text)


@pytest.mark.parametrize("text", ['{"action": "ping"}', "{"])
def test_a_client_that_takes_no_answer_is_let_go_so_that_it_comes_back(scene: Scene, text: str) -> None:
    connected(scene, "c1")
    scene.gateway.stall("c1")
    with pytest.raises(NotFound, match="takes nothing"):
        receive_message(scene.platform, "c1", text)
    with pytest.raises(NotFound):
        scene.gateway.frames("c1")


def test_a_client_that_was_pruned_and_is_still_there_is_let_go_so_that_it_comes_back(scene: Scene) -> None:
    scene.manifest(CHAIN)
    for action in ("ping", "subscribe"):
        connected(scene, "c1")
        scene.stores.connections.close("c1")
        with pytest.raises(NotFound):
            say(scene, "c1", action=action, deployment_id=scene.deployment_id)
        with pytest.raises(NotFound):
            scene.gateway.frames("c1")


def test_a_client_that_can_neither_be_answered_nor_closed_is_left_alone(scene: Scene) -> None:
    connected(scene, "c1")
    with pytest.raises(NotFound, match="not allowed"):
        receive_message(replace(scene.platform, gateway=lambda: Refusing(scene, "c1")), "c1", '{"action": "ping"}')


def test_a_replay_says_what_is_stored_no_more(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    run(scene, operation.id)
    kept = [event for event in scene.events(operation.id) if event.sequence not in (1, 2, 5)]

    class Expiring:
        def read(self, deployment_id: str, operation_id: str, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
            return tuple(event for event in kept if event.sequence > after)[:limit]

    connected(scene, "c1")
    expiring: Any = Expiring()
    scene.platform = replace(scene.platform, stores=replace(scene.stores, events=expiring))
    told = say(scene, "c1", action="subscribe", deployment_id=scene.deployment_id, since=f"{operation.id}:0")
    expired = [(message["operation_id"], message["sequence"]) for message in told if message["type"] == "expired"]
    assert expired == [(operation.id, 2), (operation.id, 5)]
    assert [message["sequence"] for message in told[1:-1]] == [2, 3, 4, 5, *[e.sequence for e in kept[2:]]]


# -- the window between a replay's end and the live events' beginning


class Meanwhile:
    """Calls ``happen(n)`` before the n-th time that the use case touches the outside, from 0 on."""

    def __init__(self, scene: Scene, happen: Callable[[int], None]) -> None:
        self.touched = 0
        self._scene, self._happen = scene, happen

    def platform(self) -> Platform:
        inner = self._scene.platform
        stores: Any = SimpleNamespace(
            deployments=self._watched(inner.stores.deployments, "get"),
            operations=self._watched(inner.stores.operations, "list"),
            events=self._watched(inner.stores.events, "read"),
            connections=self._watched(inner.stores.connections, "subscribe"),
        )
        gateway: Any = self._watched(self._scene.gateway, "post")
        return replace(inner, stores=stores, gateway=lambda: gateway)

    def _watched(self, port: Any, *names: str) -> Any:
        def watched(name: str) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                self._happen(self.touched)
                self.touched += 1
                return getattr(port, name)(*arguments, **options)

            return call

        return SimpleNamespace(**{name: watched(name) for name in names})


def test_an_event_that_is_stored_at_any_moment_of_a_subscription_and_broadcast_at_any_later_one_is_not_missed() -> None:
    """There is no window between the end of the replay and the beginning of what is live: every pair of moments."""
    steps = 12  # more than a subscription touches
    for stored_at, broadcast_at in combinations_with_replacement(range(steps), 2):
        scene = Scene()
        scene.manifest(CHAIN)
        operation = scene.start()
        connected(scene, "c1")
        told: list[Event] = []

        def happen(
            moment: int, scene: Scene = scene, operation: Operation = operation, told: list[Event] = told
        ) -> None:
            if moment == stored_at:  # noqa: B023 - called within the iteration
                new = [NewEvent(EventType.STACK_STATUS, {"stack": "app"})]
                told += scene.stores.events.append(scene.deployment_id, "dev", operation.id, new)
            if moment == broadcast_at:  # noqa: B023
                broadcast_events(scene.platform, told)

        meanwhile = Meanwhile(scene, happen)
        message = {"action": "subscribe", "deployment_id": scene.deployment_id, "since": f"{operation.id}:0"}
        receive_message(meanwhile.platform(), "c1", json.dumps(message))
        touched = meanwhile.touched
        assert 5 < touched < steps
        for moment in range(touched, steps):  # what hasn't happened yet happens after it
            happen(moment)
        came = {message.get("sequence") for message in messages(scene, "c1")}
        assert came >= {event.sequence for event in scene.events(operation.id)}, (stored_at, broadcast_at)
