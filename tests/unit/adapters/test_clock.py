"""The system's clock, ULIDs and the stored form of times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.clock import SystemClock, stored_timestamp, timestamp, ulid
from cloud.adapters.memory.clock import ManualClock
from cloud.domain.errors import ConfigurationError

MOMENTS = st.integers(0, 10**17).map(lambda each: datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=each))


def test_the_time_is_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_ulids_of_one_process_ascend_even_within_a_millisecond() -> None:
    clock = SystemClock()
    made = [clock.new_ulid() for _ in range(2000)]
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", each) for each in made)


def test_a_ulid_is_what_the_specification_says() -> None:
    assert ulid(1469918176385, 0)[:10] == "01ARYZ6S41"  # the specification's own example
    assert ulid(0, 0) == "0" * 26
    assert ulid((1 << 48) - 1, (1 << 80) - 1) == "7" + "Z" * 25


@given(st.lists(st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1)), min_size=2, max_size=2))
def test_ulids_sort_as_time_and_then_as_their_random_part(parts: list[tuple[int, int]]) -> None:
    assert (ulid(*parts[0]) < ulid(*parts[1])) == (parts[0] < parts[1])


def test_deployment_ids_have_their_form() -> None:
    clock = SystemClock()
    assert all(re.fullmatch(r"D[0-9A-Z]{6}", clock.new_deployment_id()) for _ in range(50))
    assert re.fullmatch(r"D[0-9A-Z]{6}", ManualClock().new_deployment_id())


@given(MOMENTS, MOMENTS)
def test_stored_times_sort_as_text_as_they_do_as_time(one: datetime, other: datetime) -> None:
    def cut(moment: datetime) -> datetime:
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    assert (timestamp(one) < timestamp(other)) == (cut(one) < cut(other))


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_time_of_any_zone_has_one_stored_form(moment: datetime, minutes: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert stored_timestamp(elsewhere.isoformat()) == timestamp(moment)
    assert stored_timestamp(timestamp(moment)) == timestamp(moment)


@pytest.mark.parametrize("text", ["", "now", "2025-01-01", "2025-01-01T00:00:00", "2025-13-01T00:00:00Z"])
def test_what_is_no_time_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        stored_timestamp(text)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    before = clock.now()
    assert clock.now() == before
    assert clock.advance(1.5) == before + timedelta(seconds=1.5)
    assert clock.new_ulid() < clock.new_ulid()
    assert [clock.new_deployment_id() for _ in range(2)] == ["D000001", "D000002"]
