from __future__ import annotations

import pytest

from cloud.adapters.pulumi.program_clock import ProgramClock


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def clock(time: Time) -> ProgramClock:
    return ProgramClock(time)


def test_a_program_without_resources_is_alone_all_the_time(clock: ProgramClock, time: Time) -> None:
    clock.start()
    time.now = 3.0
    clock.stop()
    assert clock.seconds == 3.0


def test_the_time_in_which_a_provider_works_is_not_the_programs(clock: ProgramClock, time: Time) -> None:
    clock.start()
    time.now = 1.0
    clock.resource_begun("a")
    time.now = 2.0
    clock.resource_begun("b")
    time.now = 5.0
    clock.resource_ended("a")
    time.now = 6.0
    clock.resource_ended("b")
    time.now = 6.5
    clock.stop()
    assert clock.seconds == 1.5


def test_nothing_counts_after_the_program_ended(clock: ProgramClock, time: Time) -> None:
    clock.start()
    time.now = 1.0
    clock.resource_begun("a")
    clock.stop()
    time.now = 2.0
    clock.resource_ended("a")
    time.now = 9.0
    clock.stop()
    assert clock.seconds == 1.0


def test_an_end_without_a_beginning_changes_nothing(clock: ProgramClock, time: Time) -> None:
    clock.start()
    time.now = 1.0
    clock.resource_ended("never begun")
    time.now = 2.0
    clock.stop()
    assert clock.seconds == 2.0


def test_without_a_start_nothing_is_counted(clock: ProgramClock, time: Time) -> None:
    clock.resource_begun("a")
    time.now = 1.0
    clock.resource_ended("a")
    clock.stop()
    assert clock.seconds == 0.0
