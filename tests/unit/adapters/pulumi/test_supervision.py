from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from cloud.adapters.pulumi.processes import RunIsEnding, RunProcesses
from cloud.adapters.pulumi.supervision import (
    ASK_SECONDS,
    BATCH,
    DEAD_SILENCE_SECONDS,
    SILENCE_SECONDS,
    EndReason,
    EventQueue,
    Supervisor,
)
from cloud.domain.events import EventType, NewEvent
from cloud.ports.runner import Stop
from cloud.service.run_claims import EXPIRES_SECONDS, INTERRUPT_SECONDS


def line(number: int) -> NewEvent:
    return NewEvent(EventType.LOG_CREATED, {"stack": "network", "level": "info", "message": str(number)})


class Received:
    def __init__(self) -> None:
        self.batches: list[list[NewEvent]] = []

    def __call__(self, events: Sequence[NewEvent]) -> None:
        self.batches.append(list(events))


class StubbornProcesses(RunProcesses):
    """Nothing runs; ``killed`` is set when the supervisor ends everything."""

    def __init__(self) -> None:
        super().__init__("supervision")
        self.interrupts = 0
        self.killed = threading.Event()

    def interrupt(self) -> None:
        self.interrupts += 1
        super().interrupt()

    def end_all(self, *, but_cleaning_up: bool = False) -> tuple[int, ...]:
        self.killed.set()
        return ()


@pytest.fixture
def processes() -> StubbornProcesses:
    return StubbornProcesses()


def test_events_arrive_in_order_in_batches_also_those_of_the_last_moment(processes: StubbornProcesses) -> None:
    received = Received()
    queue = EventQueue(received)
    supervisor = Supervisor(processes, queue, lambda: False, timeout_seconds=60, grace_seconds=1)

    outcome = supervisor.supervise(lambda: queue.put([line(number) for number in range(2 * BATCH + 7)]) or "done")

    assert (outcome.result, outcome.failure, outcome.reason) == ("done", None, None)
    assert [len(batch) for batch in received.batches] == [BATCH, BATCH, 7]
    assert [event.data["message"] for batch in received.batches for event in batch] == [str(n) for n in range(107)]


def test_work_that_fails_hands_its_error_over(processes: StubbornProcesses) -> None:
    def work() -> None:
        raise LookupError("nowhere")

    outcome = Supervisor(
        processes, EventQueue(Received()), lambda: False, timeout_seconds=60, grace_seconds=1
    ).supervise(work)

    assert isinstance(outcome.failure, LookupError)
    assert processes.interrupts == 0


def test_work_that_ignores_the_interrupt_is_killed_after_the_grace_period(processes: StubbornProcesses) -> None:
    supervisor = Supervisor(processes, EventQueue(Received()), lambda: True, timeout_seconds=60, grace_seconds=0)

    outcome = supervisor.supervise(processes.killed.wait)

    assert outcome.reason is EndReason.STOPPED
    assert processes.interrupts == 1


def test_work_is_killed_at_once_without_an_interrupt_when_that_is_asked_for(processes: StubbornProcesses) -> None:
    supervisor = Supervisor(processes, EventQueue(Received()), lambda: Stop.KILL, timeout_seconds=60, grace_seconds=1e9)

    assert supervisor.supervise(processes.killed.wait).reason is EndReason.STOPPED
    assert processes.interrupts == 0
    with pytest.raises(RunIsEnding):
        processes.start(["true"], cwd=".", env={})


def test_a_kill_may_follow_an_interrupt_and_the_caller_is_asked_until_the_end(processes: StubbornProcesses) -> None:
    answers = [Stop.NO, Stop.INTERRUPT, Stop.INTERRUPT, Stop.KILL]
    asked: list[Stop] = []

    def should_stop() -> Stop:
        asked.append(answers[min(len(asked), len(answers) - 1)])
        return asked[-1]

    clock = iter(range(1_000_000))
    supervisor = Supervisor(
        processes,
        EventQueue(Received()),
        should_stop,
        timeout_seconds=1e9,
        grace_seconds=1e9,
        clock=lambda: float(next(clock)),
    )

    assert supervisor.supervise(processes.killed.wait).reason is EndReason.STOPPED
    assert processes.interrupts == 1
    assert asked[:4] == answers


def test_a_run_out_of_time_can_still_be_killed(processes: StubbornProcesses) -> None:
    supervisor = Supervisor(processes, EventQueue(Received()), lambda: Stop.KILL, timeout_seconds=0, grace_seconds=1e9)

    assert supervisor.supervise(processes.killed.wait).reason is EndReason.TIMED_OUT


def test_what_cleans_up_after_a_kill_is_not_killed_again_by_the_same_wish() -> None:
    kills: list[bool] = []

    class Cleaning(StubbornProcesses):
        def end_all(self, *, but_cleaning_up: bool = False) -> tuple[int, ...]:
            kills.append(but_cleaning_up)
            return super().end_all(but_cleaning_up=but_cleaning_up)

    asked = threading.Semaphore(0)

    def should_stop() -> Stop:
        asked.release()
        return Stop.KILL

    processes = Cleaning()
    clock = iter(range(1_000_000))
    supervisor = Supervisor(
        processes,
        EventQueue(Received()),
        should_stop,
        timeout_seconds=1e9,
        grace_seconds=0,
        clock=lambda: next(clock) / 4,
    )

    def work() -> str:
        processes.killed.wait()
        for _ in range(4):  # more questions are asked while it cleans up
            asked.acquire()
        return "clean"

    assert supervisor.supervise(work).result == "clean"
    assert kills == [True]


def test_a_run_out_of_time_is_interrupted_once(processes: StubbornProcesses) -> None:
    supervisor = Supervisor(processes, EventQueue(Received()), lambda: False, timeout_seconds=0, grace_seconds=0)

    assert supervisor.supervise(processes.killed.wait).reason is EndReason.TIMED_OUT
    assert processes.interrupts == 1


def test_an_interrupt_between_two_commands_is_not_lost(processes: StubbornProcesses) -> None:
    interrupted = threading.Event()

    def work() -> None:
        interrupted.wait()
        processes.start(["true"], cwd=".", env={})

    supervisor = Supervisor(
        processes,
        EventQueue(Received()),
        lambda: True,
        timeout_seconds=60,
        grace_seconds=60,
        on_interrupt=lambda: threading.Timer(0, interrupted.set).start(),
    )
    processes.interrupt()

    assert isinstance(supervisor.supervise(work).failure, RunIsEnding)


def test_a_result_that_came_before_the_interrupt_counts(processes: StubbornProcesses) -> None:
    supervisor = Supervisor(processes, EventQueue(Received()), lambda: True, timeout_seconds=60, grace_seconds=0)

    outcome = supervisor.supervise(lambda: processes.killed.wait() and "finished")

    assert (outcome.result, outcome.reason) == ("finished", EndReason.STOPPED)


class Full(Exception):
    pass


def test_an_emit_that_fails_ends_the_run_and_is_raised_once_nothing_runs_any_more(processes: StubbornProcesses) -> None:
    finished = threading.Event()

    def emit(events: Sequence[NewEvent]) -> None:
        raise Full

    queue = EventQueue(emit)

    def work() -> None:
        queue.put([line(1)])
        processes.killed.wait()
        finished.set()

    with pytest.raises(Full):
        Supervisor(processes, queue, lambda: False, timeout_seconds=60, grace_seconds=0).supervise(work)
    assert finished.is_set()


class HandClock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_caller_that_hangs_has_pulumi_interrupted_and_then_killed_before_its_claim_expires() -> None:
    clock = HandClock()
    returned, interrupted = threading.Event(), threading.Event()

    class Interruptible(StubbornProcesses):
        def interrupt(self) -> None:
            super().interrupt()
            interrupted.set()

    processes = Interruptible()
    asked: list[bool] = []

    def hangs() -> Stop:
        if not asked:
            asked.append(True)
            clock.now += SILENCE_SECONDS  # the store does not answer
            assert interrupted.wait(30)
            assert not processes.killed.is_set()
            clock.now += DEAD_SILENCE_SECONDS - SILENCE_SECONDS
            assert processes.killed.wait(30)
            returned.set()
        return Stop.NO

    def work() -> str:
        assert returned.wait(30)
        raise ValueError("Pulumi was killed")

    supervisor = Supervisor(
        processes, EventQueue(Received()), hangs, timeout_seconds=600, grace_seconds=60, clock=clock
    )
    outcome = supervisor.supervise(work)
    assert outcome.reason is EndReason.BROKEN
    assert str(outcome.failure) == "Pulumi was killed"
    # However a silence begins: while renewals are still taken, or at the end of those that were refused.
    assert SILENCE_SECONDS < DEAD_SILENCE_SECONDS < EXPIRES_SECONDS - INTERRUPT_SECONDS


def test_a_caller_that_hangs_after_an_interrupt_does_not_put_off_the_kill() -> None:
    clock = HandClock()
    processes = StubbornProcesses()
    returned = threading.Event()
    asked: list[bool] = []

    def interrupts_and_hangs() -> Stop:
        asked.append(True)
        if len(asked) == 2:
            clock.now += 10 + ASK_SECONDS  # the grace period passes, and the store does not answer
            assert processes.killed.wait(30)
            returned.set()
        clock.now += ASK_SECONDS
        return Stop.INTERRUPT

    def work() -> None:
        assert returned.wait(30)
        raise ValueError("Pulumi was killed")

    supervisor = Supervisor(
        processes, EventQueue(Received()), interrupts_and_hangs, timeout_seconds=600, grace_seconds=10, clock=clock
    )
    assert str(supervisor.supervise(work).failure) == "Pulumi was killed"
    assert processes.interrupts == 1
