"""The contract of ``EventLog``, in memory and on DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cloud.adapters.dynamodb.database import database
from cloud.adapters.dynamodb.events import DynamoEventLog
from cloud.adapters.memory.clock import ManualClock
from cloud.domain.errors import AwsError, ConfigurationError, Throttled
from cloud.domain.events import MAX_DATA_BYTES, Event, EventType, NewEvent
from cloud.domain.records import LogLine
from cloud.ports.stores import EventLog, Stores
from cloud.settings import Settings

pytestmark = pytest.mark.xdist_group("event-log")

Fresh = Callable[[str], str]


def some_events(count: int, writer: int = 0) -> list[NewEvent]:
    return [NewEvent(EventType.STACK_RESOURCE, {"stack": "network", "n": n, "writer": writer}) for n in range(count)]


def a_line(deployment_id: str, at: str, message: str = "hello", level: str = "info") -> LogLine:
    return LogLine(deployment_id, "dev", at, level, message, stack="network", operation_id="O1")


def read_all(log: EventLog, deployment_id: str, operation_id: str) -> list[Event]:
    events: list[Event] = []
    while page := log.read(deployment_id, operation_id, after=events[-1].sequence if events else 0, limit=100):
        events.extend(page)
    return events


def test_events_are_numbered_from_1_and_carry_the_time_in_utc_with_milliseconds(
    stores: Stores, fresh: Fresh, clock: ManualClock
) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    clock.advance(0.0429)
    stored = stores.events.append(deployment_id, "dev", operation_id, some_events(2))
    assert stored[0] == Event(
        EventType.STACK_RESOURCE,
        deployment_id,
        "dev",
        operation_id,
        1,
        "2025-01-01T00:00:00.042Z",
        {"stack": "network", "n": 0, "writer": 0},
    )
    assert stores.events.append(deployment_id, "dev", operation_id, some_events(1))[0].sequence == 3
    assert stores.events.read(deployment_id, operation_id)[:2] == stored


def test_no_events_are_nothing(stores: Stores, fresh: Fresh) -> None:
    assert stores.events.append(fresh("D"), "dev", fresh("O"), []) == ()
    assert stores.events.read(fresh("D"), fresh("O")) == ()


def test_more_events_than_one_batch_takes_keep_their_order(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stored = stores.events.append(deployment_id, "dev", operation_id, some_events(120))
    assert [(event.sequence, event.data["n"]) for event in stored] == [(n + 1, n) for n in range(120)]
    assert tuple(read_all(stores.events, deployment_id, operation_id)) == stored


def the_end(**data: object) -> NewEvent:
    return NewEvent(EventType.DEPLOYMENT_STATUS, {"state": "failed", "terminal": True, **data})


def test_nothing_comes_after_an_operations_last_event(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    told = stores.events.append(deployment_id, "dev", operation_id, [*some_events(1), the_end(n=1)])
    assert [event.sequence for event in told] == [1, 2]
    for late in ([the_end(n=2)], some_events(3), some_events(60)):
        assert stores.events.append(deployment_id, "dev", operation_id, late) == ()
    assert tuple(read_all(stores.events, deployment_id, operation_id)) == told
    assert len(stores.events.append(deployment_id, "dev", fresh("O"), some_events(1))) == 1


def test_of_eight_that_tell_the_end_at_once_one_is_heard(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(lambda n: stores.events.append(deployment_id, "dev", operation_id, [the_end(n=n)]), range(8))
        )
    assert sorted(map(len, told)) == [0] * 7 + [1]
    assert len(read_all(stores.events, deployment_id, operation_id)) == 1


def test_reading_begins_after_a_sequence_and_ends_at_the_limit(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.events.append(deployment_id, "dev", operation_id, some_events(12))

    def sequences(after: int, limit: int) -> list[int]:
        return [event.sequence for event in stores.events.read(deployment_id, operation_id, after=after, limit=limit)]

    assert sequences(0, 3) == [1, 2, 3]
    assert sequences(9, 100) == [10, 11, 12]
    assert sequences(12, 100) == []
    assert sequences(10**12, 100) == []
    assert sequences(-5, 1) == [1]


def test_operations_of_one_deployment_count_for_themselves(stores: Stores, fresh: Fresh) -> None:
    deployment_id, one, other = fresh("D"), fresh("O"), fresh("O")
    stores.events.append(deployment_id, "dev", one, some_events(2))
    assert stores.events.append(deployment_id, "dev", other, some_events(1))[0].sequence == 1
    assert len(stores.events.read(deployment_id, one)) == 2


def test_eight_writers_leave_no_gap_and_no_duplicate(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(
                lambda writer: [
                    event
                    for _ in range(3)
                    for event in stores.events.append(deployment_id, "dev", operation_id, some_events(2, writer))
                ],
                range(8),
            )
        )
    assert_complete(stores.events, deployment_id, operation_id, [event for mine in written for event in mine], 48)


def test_eight_processes_leave_no_gap_and_no_duplicate(settings: Settings, clock: ManualClock, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    logs = [DynamoEventLog(settings, clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(
                lambda writer: [
                    event
                    for _ in range(2)
                    for event in logs[writer].append(deployment_id, "dev", operation_id, some_events(3, writer))
                ],
                range(8),
            )
        )
    assert_complete(logs[0], deployment_id, operation_id, [event for mine in written for event in mine], 48)


def assert_complete(log: EventLog, deployment_id: str, operation_id: str, written: list[Event], count: int) -> None:
    stored = read_all(log, deployment_id, operation_id)
    assert [event.sequence for event in stored] == list(range(1, count + 1))
    assert sorted(written, key=lambda event: event.sequence) == stored


def test_an_event_that_is_too_large_is_trimmed_and_says_so(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    huge = NewEvent(EventType.STACK_FAILED, {"stack": "network", "log": "x" * 500_000, "details": ["y" * 500_000]})
    (stored,) = stores.events.append(deployment_id, "dev", operation_id, [huge])
    assert stored.data["stack"] == "network"
    assert stored.data["log"] == "x" * 1000 + "…"
    assert stored.data["details"] is None
    assert stored.data["trimmed"] == {"log": 500_002, "details": 500_004}
    assert len(json.dumps(stored.data)) <= MAX_DATA_BYTES
    assert stores.events.read(deployment_id, operation_id) == (stored,)


def test_many_large_events_are_stored_whole(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    large = [NewEvent(EventType.LOG_CREATED, {"text": "x" * 29_000, "n": n}) for n in range(60)]
    stored = stores.events.append(deployment_id, "dev", operation_id, large)
    assert [event.sequence for event in stored] == list(range(1, 61))
    assert all("trimmed" not in event.data for event in stored)
    assert [event.data["n"] for event in stores.events.read(deployment_id, operation_id)] == list(range(60))


def test_what_is_read_shares_nothing_with_the_log(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.events.append(deployment_id, "dev", operation_id, some_events(1))
    stores.events.read(deployment_id, operation_id)[0].data["n"] = "changed"  # type: ignore[index]
    assert stores.events.read(deployment_id, operation_id)[0].data["n"] == 0


def test_lines_get_an_id_and_the_stored_form_of_their_time(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    stores.events.write_lines([a_line(deployment_id, "2025-01-01T01:00:00+01:00", "a\ud800b")])
    (line,) = stores.events.recent_lines(deployment_id).items
    assert line.id
    assert line == replace(a_line(deployment_id, "2025-01-01T00:00:00.000Z", "a?b"), id=line.id)


def test_a_line_without_a_time_is_refused_and_none_is_written(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    for at in ("", "yesterday", "2025-01-01T00:00:00"):
        with pytest.raises(ConfigurationError, match="time"):
            stores.events.write_lines([a_line(deployment_id, "2025-01-01T00:00:00Z"), a_line(deployment_id, at)])
    assert stores.events.recent_lines(deployment_id).items == ()


def test_a_line_that_is_too_long_keeps_its_beginning_and_says_so(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    stores.events.write_lines([a_line(deployment_id, "2025-01-01T00:00:00Z", "ä" * 300_000)])
    (line,) = stores.events.recent_lines(deployment_id).items
    assert line.message.startswith("ä" * 150_000)
    assert line.message.endswith("… (trimmed, 600000 bytes)")


def test_recent_lines_are_newest_first_and_from_a_time_on_oldest_first(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    stores.events.write_lines([a_line(deployment_id, f"2025-01-01T00:00:0{n}Z", str(n)) for n in range(5)])
    stores.events.append(deployment_id, "dev", fresh("O"), some_events(3))

    def messages(since: str = "", limit: int = 2) -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            page = stores.events.recent_lines(deployment_id, since=since, limit=limit, cursor=cursor)
            found.extend(line.message for line in page.items)
            cursor = page.cursor
            if not cursor:
                return found

    assert messages() == ["4", "3", "2", "1", "0"]
    assert messages("2025-01-01T00:00:02Z") == ["2", "3", "4"]
    assert messages("2025-01-01T03:00:03+03:00") == ["3", "4"]
    assert messages("2026-01-01T00:00:00Z") == []


def test_since_that_is_no_time_is_refused(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(ConfigurationError, match="time"):
        stores.events.recent_lines(fresh("D"), since="~")


def test_more_lines_than_one_batch_takes_are_all_stored(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    stores.events.write_lines([a_line(deployment_id, "2025-01-01T00:00:00Z", str(n)) for n in range(60)])
    stores.events.write_lines([])
    assert {line.message for line in stores.events.recent_lines(deployment_id).items} == {str(n) for n in range(60)}


def test_lines_of_a_level_are_newest_first(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    levels = ["error", "info", "error", "warning", "error"]
    stores.events.write_lines(
        [a_line(deployment_id, f"2025-01-01T00:00:0{n}Z", str(n), level) for n, level in enumerate(levels)]
    )
    first = stores.events.lines_by_level(deployment_id, "error", limit=2)
    second = stores.events.lines_by_level(deployment_id, "error", limit=2, cursor=first.cursor)
    assert [line.message for line in (*first.items, *second.items)] == ["4", "2", "0"]
    with pytest.raises(ConfigurationError):
        stores.events.lines_by_level(deployment_id, "info", cursor=first.cursor)


def test_a_writer_that_always_comes_second_gives_up_in_the_end(
    settings: Settings, clock: ManualClock, fresh: Fresh
) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    waits: list[float] = []
    slow, fast = DynamoEventLog(settings, clock, sleep=waits.append), DynamoEventLog(settings, clock)
    overtaking: list[bool] = []

    def overtake(**_: object) -> None:
        if not overtaking:
            overtaking.append(True)
            fast.append(deployment_id, "dev", operation_id, some_events(1))
            overtaking.clear()

    hooks = database(settings).connection.client.meta.events
    hooks.register("provide-client-params.dynamodb.TransactWriteItems", overtake)
    with pytest.raises(Throttled) as error:
        slow.append(deployment_id, "dev", operation_id, some_events(1))
    hooks.unregister("provide-client-params.dynamodb.TransactWriteItems", overtake)
    assert error.value.retryable
    assert all(0 <= wait <= 0.25 for wait in waits)
    assert len(waits) > 5
    assert slow.append(deployment_id, "dev", operation_id, some_events(1))[0].sequence == len(waits) + 2


def test_a_failure_that_is_no_conflict_is_raised_at_once(settings: Settings, clock: ManualClock, fresh: Fresh) -> None:
    log = DynamoEventLog(replace(settings, logs_table="missing-logs"), clock)
    with pytest.raises(AwsError):
        log.append(fresh("D"), "dev", fresh("O"), some_events(1))
