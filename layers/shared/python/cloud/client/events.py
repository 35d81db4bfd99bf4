"""The WebSocket client: an asynchronous stream of a deployment's events, exactly once and in order, across reconnections."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.client.contexts import Context
from cloud.client.ordering import Sequencer
from cloud.client.wire import Dial, Wire, dial
from cloud.domain.errors import NetworkError, from_dict
from cloud.domain.events import Cursor, Event

PING_SECONDS = 30.0
PONG_SECONDS = 10.0
RECONNECT_SECONDS = 5.0
"""The keep-alive and the pause before a reconnection, as 3-interfaces.md has them."""

LONGEST_PAUSE_SECONDS = 60.0
ANSWER_SECONDS = 120.0
"""How long an answer may take while other things are heard; in silence it is given up after ``PING_SECONDS``."""
MAX_FAILURES = 5
"""Connections in a row that failed or brought nothing, before the stream gives up with NetworkError."""

_random = random.SystemRandom()


@dataclass(slots=True)
class _Talk:
    """One connection: when something was heard and asked last, whether a ping is under way, what is to be delivered."""

    wire: Wire
    heard: float
    asked: float
    is_pinged: bool = False
    found: deque[Event] = field(default_factory=deque)


class EventStream:
    """``async for event in EventStream(context, "D1BRV40", since=cursor)``.

    ``since`` replays what is stored after it, then goes on live. Raises NetworkError when the control plane stays away,
    AuthError when it does not let us in, and what it answers to the subscription (NotFound, ConfigurationError).

    A connection that was lost is made again: nearly at once the first time, then after ``reconnect_seconds``, doubling, up
    to a minute, each with jitter, for everybody else was cut off too. After ``ping_seconds`` of silence the connection has
    to answer a ping within ``pong_seconds``. As often the stream asks whether it has everything: an event that was lost on
    the wire shows by the next one, and the last one has no next.
    """

    def __init__(
        self,
        context: Context,
        deployment_id: str,
        *,
        since: Cursor | None = None,
        reconnect_seconds: float = RECONNECT_SECONDS,
        ping_seconds: float = PING_SECONDS,
        pong_seconds: float = PONG_SECONDS,
        dial: Dial = dial,
        jitter: Callable[[float, float], float] = _random.uniform,
    ) -> None:
        self._context = context
        self._deployment_id = deployment_id
        self._order = Sequencer(since)
        self._reconnect_seconds = reconnect_seconds
        self._ping_seconds = ping_seconds
        self._pong_seconds = pong_seconds
        self._dial = dial
        self._jitter = jitter
        self.connections = 0

    async def __aiter__(self) -> AsyncIterator[Event]:
        now = asyncio.get_running_loop().time
        failures = 0
        while True:
            opened: float | None = None
            try:
                async with self._dial(self._context) as wire:
                    opened = now()
                    self.connections += 1
                    talk = await self._begin(wire)
                    while True:
                        broken = await self._hear(talk)
                        while talk.found:
                            failures = 0
                            yield talk.found.popleft()
                        if broken is not None:
                            raise broken
            except OSError:
                pass
            # One that is cut at once, every time, is a failure each time; one that stood for a while was a connection.
            stood = opened is not None and now() - opened > self._reconnect_seconds
            failures = 1 if stood else failures + 1
            if failures > MAX_FAILURES:
                raise NetworkError(
                    f"The connection to {self._context.websocket_url} is lost.",
                    hint="The operation goes on without us: `cloud watch` follows it again.",
                )
            longest = longest_pause(failures, self._reconnect_seconds)
            await asyncio.sleep(self._jitter(longest / 2, longest))

    async def _begin(self, wire: Wire) -> _Talk:
        """Follow the deployment on a new connection."""
        self._order.disconnected()
        await self._ask(wire)
        now = asyncio.get_running_loop().time()
        return _Talk(wire, heard=now, asked=now)

    async def _hear(self, talk: _Talk) -> Exception | None:
        """Find the events of the next frame, or ask when it was silent for long.

        Gives what ends the connection (an OSError, a TimeoutError for a dead one, or what an ``error`` says) instead of
        raising it: what was heard before is delivered first.
        """
        try:
            await self._next_frame(talk)
        except Exception as error:  # noqa: BLE001 (raised by the caller)
            return error
        return None

    async def _next_frame(self, talk: _Talk) -> None:
        now = asyncio.get_running_loop().time
        silent = talk.heard + (self._pong_seconds if talk.is_pinged else self._ping_seconds)
        due = talk.asked + (ANSWER_SECONDS if self._order.is_asking else self._ping_seconds)
        try:
            async with asyncio.timeout_at(min(silent, due)):
                text = await talk.wire.receive()
        except TimeoutError:
            is_silent, is_due = now() >= silent, now() >= due
            if (is_silent and talk.is_pinged) or (self._order.is_asking and (is_silent or is_due)):
                raise  # no pong, no answer: the connection is dead, whatever TCP thinks
            if is_silent:
                await talk.wire.send(json.dumps({"action": "ping"}))
                talk.heard, talk.is_pinged = now(), True
            if is_due and self._order.last is not None:
                await self._ask(talk.wire)
            talk.asked = now() if is_due else talk.asked
            return
        talk.heard, talk.is_pinged = now(), False
        for message in _messages(text):
            talk.found.extend(self._take(message))
        if self._order.should_ask:
            await self._ask(talk.wire)
            talk.asked = now()

    async def _ask(self, wire: Wire) -> None:
        """Subscribe; where anything is known, with the question for all that came after it."""
        request = {"action": "subscribe", "deployment_id": self._deployment_id}
        if self._order.last is not None:
            request["since"] = str(self._order.ask())
        await wire.send(json.dumps(request))

    def _take(self, message: Mapping[str, Any]) -> list[Event]:
        """The events to deliver because of a message. Raises what an ``error`` says, OSError when trying again may help."""
        kind = message.get("type")
        if kind == "replayed":
            self._order.answered()
            return []
        if kind == "error":
            error = from_dict({**message, "ids": {}, "problems": ()})
            raise error if not error.retryable else ConnectionError(error.message)
        if kind is None and "message" in message:
            raise ConnectionError(str(message["message"]))  # API Gateway's own: the function behind it has failed
        try:
            cursor = Cursor(str(message["operation_id"]), int(message["sequence"]))
        except (KeyError, ValueError, TypeError):
            return []  # subscribed, pong, and what a later version may say
        return self._order.pass_over(cursor) if kind == "expired" else self._order.take(cursor, _event(message))


def longest_pause(failures: int, seconds: float) -> float:
    """Seconds before the next attempt after so many failures (from 1 on) in a row: a tenth, then ``seconds``, doubling."""
    return seconds / 10 if failures == 1 else min(LONGEST_PAUSE_SECONDS, seconds * 2.0 ** (failures - 2))


def _event(message: Mapping[str, Any]) -> Event | None:
    """None for an event of a type that this version does not know: it has its place in the order all the same."""
    try:
        return Event.from_dict(message)
    except (KeyError, ValueError, TypeError):
        return None


def _messages(text: str | bytes) -> Iterator[Mapping[str, Any]]:
    """A frame is one message or an array of messages. What is neither says nothing to us."""
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise ConnectionError("The control plane sends what is not JSON.") from error
    for message in parsed if isinstance(parsed, list) else [parsed]:
        if isinstance(message, dict):
            yield message
