"""Keeps watch over a blocking run: passes its events on, asks whether to stop, and ends it in time and in good order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from cloud.adapters.pulumi.processes import RunProcesses
from cloud.domain.events import NewEvent
from cloud.ports.runner import Emit, ShouldStop, Stop

BATCH = 50
FLUSH_SECONDS = 0.2
ASK_SECONDS = 1.0
SILENCE_SECONDS = 20.0
"""A caller that doesn't come back from ``emit`` or ``should_stop`` for so long can't renew its claim: Pulumi is interrupted."""
DEAD_SILENCE_SECONDS = 35.0
"""After so long it is killed: within a heartbeat (15 s) and this, before the claim expires (60 s) and another may begin."""
CLEAN_UP_SECONDS = 60.0
"""After the SIGKILL: for freeing the lock and reading the state, which are commands of the engine themselves."""

_Result = TypeVar("_Result")


class EndReason(Enum):
    """Why a run was ended from outside."""

    STOPPED = "stopped"
    TIMED_OUT = "timed out"
    BROKEN = "the caller failed"


class EventQueue:
    """Events on their way from the engine's thread to the caller's."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._waiting: deque[NewEvent] = deque()

    def put(self, events: Sequence[NewEvent]) -> None:
        self._waiting.extend(events)

    def flush(self) -> None:
        """Emit all that waits, oldest first, at most 50 at a time. Raises what ``emit`` raises."""
        while self._waiting:
            self._emit([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])


@dataclass(frozen=True, slots=True)
class Outcome(Generic[_Result]):
    """How the work ended: with ``result``, or with ``failure``; ``reason`` when it was ended from outside."""

    result: _Result | None
    failure: BaseException | None
    reason: EndReason | None


class Supervisor:
    """Runs work in a thread and keeps ``emit`` and ``should_stop`` on the caller's.

    Ending is: SIGINT to Pulumi, which then cancels its steps and writes its state; ``grace_seconds`` later, or as soon as
    ``should_stop`` says KILL, SIGKILL to whatever is left. The work may clean up after that (free the lock, read the state)
    for ``CLEAN_UP_SECONDS``. ``should_stop`` is asked until the end, also while the run ends: a caller that beats its heart
    in it must not fall silent before the last write. A watchdog on a thread of its own ends the run when the caller hangs in
    one of the two.
    """

    def __init__(
        self,
        processes: RunProcesses,
        queue: EventQueue,
        should_stop: ShouldStop,
        *,
        timeout_seconds: float,
        grace_seconds: float,
        on_interrupt: Callable[[], None] = lambda: None,
        on_tick: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes = processes
        self._queue = queue
        self._should_stop = should_stop
        self._deadline = clock() + timeout_seconds
        self._grace = grace_seconds
        self._on_interrupt = on_interrupt
        self._on_tick = on_tick
        self._clock = clock
        self._next_question = clock()
        self._kill_at = float("inf")
        self._has_killed = False
        self._came_back = clock()
        self.reason: EndReason | None = None

    def supervise(self, work: Callable[[], _Result]) -> Outcome[_Result]:
        """Run ``work`` to its end. An exception of ``emit`` or ``should_stop`` ends the run and is raised afterwards."""
        results: list[_Result] = []
        failures: list[BaseException] = []
        ended = threading.Event()

        def body() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 (handed to the caller's thread whole)
                failures.append(error)
            finally:
                ended.set()

        threading.Thread(target=body, daemon=True).start()
        threading.Thread(target=self._watch_the_caller, args=(ended,), daemon=True).start()
        broken: BaseException | None = None
        over = False
        while not over:
            self._came_back = self._clock()
            try:
                over = ended.wait(FLUSH_SECONDS)
                if broken is None:
                    self._queue.flush()
                    self._on_tick()
                    self._look(over)
            except BaseException as error:  # noqa: BLE001 (raised again below, once nothing runs any more)
                broken = error
                self._end(EndReason.BROKEN)
            if self._clock() >= self._kill_at:
                self._kill_at = self._clock() + CLEAN_UP_SECONDS
                self._processes.end_all(but_cleaning_up=not self._has_killed)
                self._has_killed = True
        if broken is not None:
            raise broken
        return Outcome(results[0] if results else None, failures[0] if failures else None, self.reason)

    def _watch_the_caller(self, ended: threading.Event) -> None:
        while not ended.wait(FLUSH_SECONDS):
            silence = self._clock() - self._came_back
            is_overdue = self._clock() >= self._kill_at + ASK_SECONDS  # a caller that came back would have done it
            if silence >= DEAD_SILENCE_SECONDS or is_overdue:
                self._processes.refuse_more()
                self._processes.end_all()
                return
            if silence >= SILENCE_SECONDS:
                self._end(EndReason.BROKEN)

    def _look(self, over: bool) -> None:
        if over:
            return
        now = self._clock()
        if now >= self._deadline:
            self._end(EndReason.TIMED_OUT)
        if now >= self._next_question:
            self._next_question = now + ASK_SECONDS
            wish = Stop(self._should_stop())
            if wish is not Stop.NO:
                self._end(EndReason.STOPPED, at_once=wish is Stop.KILL)

    def _end(self, reason: EndReason, *, at_once: bool = False) -> None:
        """End the run, or end it sooner than it was about to. The first reason counts."""
        if not self._has_killed:
            self._kill_at = min(self._kill_at, self._clock() + (0.0 if at_once else self._grace))
        if self.reason is None:
            self.reason = reason
            self._on_interrupt()
            if at_once:
                self._processes.refuse_more()
            else:
                self._processes.interrupt()
