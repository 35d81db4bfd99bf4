"""The law of the stream: whatever happens on the wire, what comes out is exactly what is stored, in order.

The use cases that subscribe, replay and broadcast are the real ones, in memory; time is virtual.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.client.events import MAX_FAILURES, PING_SECONDS, PONG_SECONDS, EventStream, longest_pause
from cloud.domain.errors import NetworkError
from cloud.domain.events import Cursor, Event
from tests.unit.client.fake_wire import CONTEXT, ControlPlane
from tests.unit.client.virtual_time import run

OPERATIONS = ("01A", "01B", "01C")
LONG = 3600.0
"""Virtual seconds: when it hasn't come by then it never comes."""

Script = Callable[[ControlPlane], Awaitable[None]]
Seen = dict[str, list[int]]


def stream_of(plane: ControlPlane, since: Cursor | None = None) -> EventStream:
    return EventStream(
        CONTEXT, plane.deployment_id, since=since, dial=plane.dial, jitter=lambda shortest, longest: longest
    )


def watched(plane: ControlPlane, script: Script, *, since: Cursor | None, ends: int) -> Seen:
    """What a client has seen of each operation when ``ends`` of them have ended for it; the script runs beside it."""
    seen: Seen = {}

    async def watch() -> None:
        ended = 0
        async for event in stream_of(plane, since):
            seen.setdefault(event.operation_id, []).append(event.sequence)
            ended += bool(event.data.get("terminal"))
            if ended == ends:
                return

    async def scenario() -> None:
        async with asyncio.timeout(LONG), asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            await asyncio.sleep(0)
            await script(plane)

    run(scenario())
    return seen


@dataclass(frozen=True)
class Step:
    """Something that happens: events are stored and broadcast in a way, or the wire misbehaves. Then time passes."""

    kind: str
    operation: int
    count: int
    order: tuple[int, ...]
    seconds: float


STEPS = st.builds(
    Step,
    kind=st.sampled_from(["tell", "tell", "tell", "lose", "cut", "down", "forget", "break", "mute"]),
    operation=st.integers(0, 2),
    count=st.integers(1, 6),
    order=st.lists(st.integers(0, 5), max_size=9).map(tuple),
    seconds=st.sampled_from([0.0, 0.0, 0.1, 1.0, 20.0, 70.0]),
)


async def play(plane: ControlPlane, step: Step) -> None:
    if step.kind in ("tell", "lose"):
        told = plane.tell(OPERATIONS[step.operation], step.count)
        # Each batch in any order, events of it many times or not at all.
        for index in step.order if step.kind == "tell" else ():
            plane.broadcast(told[index % len(told)])
    elif step.kind == "cut":
        plane.cut()
    elif step.kind == "down":
        plane.is_down = True
        plane.cut()
        await asyncio.sleep(step.count)
        plane.is_down = False
    elif step.kind == "forget":
        plane.forget()
    elif step.kind == "break":
        plane.breaks_after = step.count - 1
    else:
        plane.mute |= plane.open.keys()
    await asyncio.sleep(step.seconds)


@settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(STEPS, max_size=14),
    known=st.integers(0, 3),
    last=st.sampled_from(["told", "lost", "cut"]),
)
def test_any_duplicate_reorder_loss_and_disconnection_yields_exactly_what_is_stored(
    steps: list[Step], known: int, last: str
) -> None:
    plane = ControlPlane()
    for operation in OPERATIONS:
        plane.operation(operation)
    plane.tell(OPERATIONS[0], 3)  # before anybody listens

    async def script(plane: ControlPlane) -> None:
        for step in steps:
            await play(plane, step)
        for operation in OPERATIONS:
            (end,) = plane.tell(operation, terminal=True)
            if last == "told":
                plane.broadcast(end)
        if last == "cut":
            plane.cut()

    seen = watched(plane, script, since=Cursor(OPERATIONS[0], known), ends=3)
    assert seen == {
        operation: plane.stored(operation, after=known if operation == OPERATIONS[0] else 0) for operation in OPERATIONS
    }


def one_operation() -> ControlPlane:
    plane = ControlPlane()
    plane.operation("01A")
    return plane


def test_an_end_that_is_lost_live_ends_the_watch_all_the_same() -> None:
    plane = one_operation()

    async def script(plane: ControlPlane) -> None:
        plane.broadcast(*plane.tell("01A", 3))
        await asyncio.sleep(1)
        plane.tell("01A", terminal=True)

    assert watched(plane, script, since=Cursor("01A", 0), ends=1) == {"01A": [1, 2, 3, 4]}
    assert len(plane.dialled) == 1


def test_an_end_that_is_lost_while_another_operation_keeps_the_wire_busy_is_found_too() -> None:
    plane = one_operation()
    plane.operation("01B")

    async def script(plane: ControlPlane) -> None:
        plane.tell("01A", terminal=True)
        for _ in range(100):
            plane.broadcast(*plane.tell("01B"))
            await asyncio.sleep(1)
        plane.broadcast(*plane.tell("01B", terminal=True))

    seen = watched(plane, script, since=Cursor("01A", 0), ends=2)
    assert seen == {"01A": [1], "01B": list(range(1, 102))}
    assert len([text for text in plane.heard if "ping" in text]) == 0


def test_without_a_cursor_it_begins_in_the_middle_and_misses_nothing_from_there() -> None:
    plane = one_operation()
    plane.tell("01A", 7)

    async def script(plane: ControlPlane) -> None:
        first, _, third = plane.tell("01A", 3)
        plane.broadcast(first, third)
        await asyncio.sleep(1)
        plane.cut()
        plane.tell("01A", 2)
        plane.tell("01A", terminal=True)

    assert watched(plane, script, since=None, ends=1) == {"01A": [8, 9, 10, 11, 12, 13]}


def test_a_storm_after_a_gap_is_one_question() -> None:
    plane = one_operation()

    async def script(plane: ControlPlane) -> None:
        _, *rest = plane.tell("01A", 200)
        plane.broadcast(*rest)
        for event in rest:
            plane.broadcast(event)
        await asyncio.sleep(1)
        plane.broadcast(*plane.tell("01A", terminal=True))

    assert watched(plane, script, since=Cursor("01A", 0), ends=1) == {"01A": list(range(1, 202))}
    assert [json.loads(text)["since"] for text in plane.heard] == ["01A:0", "01A:0"]


def test_a_gap_is_closed_at_once_not_at_the_next_regular_question() -> None:
    plane = one_operation()
    times: list[float] = []

    async def script(plane: ControlPlane) -> None:
        await asyncio.sleep(1)
        _, late = plane.tell("01A", 2)
        plane.broadcast(late)

    async def scenario() -> None:
        asyncio.get_running_loop().create_task(script(plane))
        async for event in stream_of(plane, Cursor("01A", 0)):
            times.append(asyncio.get_running_loop().time())
            if event.sequence == 2:
                return

    run(scenario())
    assert times == [1.0, 1.0]


def test_what_has_expired_is_passed_over_and_nothing_else_is() -> None:
    plane = one_operation()

    class Expiring:
        """The log without the events that lived too long."""

        def read(self, deployment_id: str, operation_id: str, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
            found = plane.scene.stores.events.read(deployment_id, operation_id, after=after, limit=limit)
            return tuple(event for event in found if event.sequence not in (1, 2, 3, 6))

    expiring: Any = Expiring()
    plane.platform = replace(plane.platform, stores=replace(plane.platform.stores, events=expiring))
    plane.tell("01A", 8)

    async def script(plane: ControlPlane) -> None:
        plane.broadcast(*plane.tell("01A", terminal=True))

    assert watched(plane, script, since=Cursor("01A", 0), ends=1) == {"01A": [4, 5, 7, 8, 9]}


@pytest.mark.parametrize("down_seconds", [1, 4, 8])
def test_a_gateway_that_is_gone_for_a_while_is_asked_again_later_and_later(down_seconds: int) -> None:
    plane = one_operation()

    async def script(plane: ControlPlane) -> None:
        plane.broadcast(*plane.tell("01A", 2))
        await asyncio.sleep(10)
        plane.is_down = True
        plane.cut()
        plane.tell("01A", 2)
        await asyncio.sleep(down_seconds)
        plane.is_down = False
        await asyncio.sleep(60)
        plane.broadcast(*plane.tell("01A", terminal=True))

    assert watched(plane, script, since=Cursor("01A", 0), ends=1) == {"01A": [1, 2, 3, 4, 5]}
    pauses = [later - earlier for earlier, later in zip(plane.dialled[1:], plane.dialled[2:], strict=False)]
    assert pauses == [longest_pause(number, 5.0) for number in range(2, 2 + len(pauses))]


def test_the_pauses_grow_from_half_a_second_to_a_minute() -> None:
    assert [longest_pause(failures, 5.0) for failures in range(1, 8)] == [0.5, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_gateway_that_cuts_every_connection_at_once_is_left_in_the_end() -> None:
    plane = one_operation()

    original = plane.post

    def post(connection_id: str, frame: bytes) -> None:
        plane.breaks_after = 0
        original(connection_id, frame)

    async def first_event() -> Event:
        return await anext(aiter(stream_of(plane, Cursor("01A", 0))))

    plane.post = post  # type: ignore[method-assign]
    with pytest.raises(NetworkError):
        run(first_event())
    assert len(plane.dialled) == MAX_FAILURES + 1


def test_a_silent_connection_is_pinged_after_30_seconds_and_left_10_seconds_later() -> None:
    plane = one_operation()

    async def script(plane: ControlPlane) -> None:
        await asyncio.sleep(1)
        plane.mute |= plane.open.keys()
        await asyncio.sleep(PING_SECONDS + PONG_SECONDS)
        plane.broadcast(*plane.tell("01A", terminal=True))

    assert watched(plane, script, since=None, ends=1) == {"01A": [1]}
    assert [json.loads(text)["action"] for text in plane.heard] == ["subscribe", "ping", "subscribe"]
    assert plane.dialled == [0.0, PING_SECONDS + PONG_SECONDS + longest_pause(1, 5.0)]


def test_a_connection_that_answers_is_kept_for_hours() -> None:
    plane = one_operation()

    async def script(plane: ControlPlane) -> None:
        await asyncio.sleep(LONG - 10)
        plane.broadcast(*plane.tell("01A", terminal=True))

    assert watched(plane, script, since=None, ends=1) == {"01A": [1]}
    assert plane.dialled == [0.0]
    assert plane.heard.count('{"action": "ping"}') == int((LONG - 10) // PING_SECONDS)


def test_a_question_without_an_answer_is_asked_again_on_another_connection() -> None:
    plane = one_operation()
    plane.tell("01A", terminal=True)

    async def script(_: ControlPlane) -> None:
        return

    original, answers = plane.hear, iter([False])

    def hear(connection_id: str, text: str) -> None:
        if next(answers, True):
            original(connection_id, text)

    plane.hear = hear  # type: ignore[method-assign]
    assert watched(plane, script, since=Cursor("01A", 0), ends=1) == {"01A": [1]}
    assert plane.dialled == [0.0, PING_SECONDS + longest_pause(1, 5.0)]
