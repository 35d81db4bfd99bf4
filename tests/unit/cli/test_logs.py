"""Which log lines are wanted."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cloud.domain.errors import NetworkError
from cloud_cli.logs import Wanted, parse_since, was_interrupted
from cloud_cli.session import UsageError

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
LINE = {"timestamp": "2026-01-01T12:00:00.000Z", "level": "warning", "stack": "network", "environment": "dev"}


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_since_counts_back_from_now(text: str, ago: timedelta) -> None:
    assert parse_since(text, NOON) == NOON - ago


def test_since_may_be_a_time_and_none() -> None:
    assert parse_since("2026-01-01T12:00:00Z") == NOON
    assert parse_since("") is None


@pytest.mark.parametrize("text", ["yesterday", "10", "m", "10y", "9999999d", "-5m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        parse_since(text, NOON)


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (Wanted(), True),
        (Wanted(stack="network"), True),
        (Wanted(stack="other"), False),
        (Wanted(environment="prod"), False),
        (Wanted(level="info"), True),
        (Wanted(level="warning"), True),
        (Wanted(level="error"), False),
        (Wanted(since=NOON), True),
        (Wanted(since=NOON + timedelta(seconds=1)), False),
    ],
)
def test_lines_pass_every_filter(wanted: Wanted, taken: bool) -> None:
    assert wanted.takes(LINE) is taken


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="loud"):
        Wanted(level="loud")


def failing_close() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise RuntimeError("the generator is running")  # noqa: B904 - as it happens: nobody says from what


def test_an_interrupt_is_one_also_when_closing_fails_of_something_else() -> None:
    with pytest.raises(RuntimeError) as caught:
        failing_close()
    assert was_interrupted(caught.value)
    assert was_interrupted(asyncio.CancelledError())
    assert not was_interrupted(NetworkError("gone"))


def test_a_time_out_is_no_interrupt() -> None:
    async def wait_in_vain() -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(wait_in_vain())
    assert isinstance(caught.value.__context__, asyncio.CancelledError)
    assert not was_interrupted(caught.value)
