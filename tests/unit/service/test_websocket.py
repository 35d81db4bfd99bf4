"""The WebSocket use cases on the in-memory gateway: who gets what, in frames that fit, and who is let go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import AccessDenied, NetworkError, NotFound
from cloud.domain.events import Event, EventType
from cloud.domain.operations import OperationKind
from cloud.service.broadcast_events import broadcast_events
from cloud.service.connect_client import connect_client, disconnect_client
from cloud.service.frames import MAX_FRAME_BYTES, encode, frames
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


def test_a_gateway_that_refuses_lets_go_instead_of_repeating_for_ever(scene: Scene) -> None:
    subscribed(scene, "c1", "c2")

    class Refusing:
        def post(self, connection_id: str, frame: bytes) -> None:
            if connection_id == "c1":
                raise AccessDenied("not allowed")
            scene.gateway.post(connection_id, frame)

        def disconnect(self, connection_id: str) -> None:
            raise NetworkError("not even that")

    from dataclasses import replace

    platform = replace(scene.platform, gateway=Refusing)
    result = broadcast_events(platform, [event(1)])
    assert (result.delivered, dict(result.pruned)) == (1, {"c1": "not allowed"})
    assert scene.stores.connections.subscribers("D000001") == ("c2",)


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
    cursors = [(message["operation_id"], message["sequence"]) for message in told[1:]]
    wanted = [(e.operation_id, e.sequence) for e in scene.events(first.id)[3:] + scene.events(second.id)]
    assert cursors == wanted
    assert scene.stores.connections.subscribers(scene.deployment_id) == ("c1",)


def test_a_replay_of_many_operations_is_in_their_order(scene: Scene) -> None:
    scene.manifest(CHAIN)
    ids = [scene.start().id for _ in range(45)]  # more than a page of operations
    connected(scene, "c1")
    told = say(scene, "c1", action="subscribe", deployment_id=scene.deployment_id, since="0:0")
    assert [message["operation_id"] for message in told[1:]] == ids


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
    with pytest.raises(NotFound):
        receive_message(scene.platform, "c1", '{"action": "ping"}')
