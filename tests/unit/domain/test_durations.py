from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.durations import format_duration, parse_duration
from cloud.domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("1h30m", 5400), ("2d", 172_800), ("0s", 0)]
)
def test_durations_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "1.5h", "-3m", "30m1h", "30 m", "30m\n", "1w", "٣m", "9999999s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_duration(text)
    assert raised.value.problems[0].expected.startswith("a duration")


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
