"""Events and log lines: the port ``EventLog`` on DynamoDB.

The sequence of an operation has no gaps because a batch of events and the operation's counter (``COUNTER#{operation}``)
are written in one transaction, under the condition that the counter still stands where this process believes. The belief
is kept between calls, so that an append is one call as long as nobody else writes to the operation; where somebody did,
the refused transaction tells where the counter stands, and the batch is tried again with new numbers.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from cloud.adapters.aws_errors import translated
from cloud.adapters.clock import stored_timestamp, timestamp
from cloud.adapters.cursors import checked_limit
from cloud.adapters.dynamodb.database import backoff, database
from cloud.adapters.dynamodb.deployments import partition
from cloud.adapters.dynamodb.rows import CounterRow, EventRow, LogLineRow
from cloud.adapters.trimming import batches_of, complete_lines
from cloud.domain.errors import Throttled
from cloud.domain.events import Event, EventType, NewEvent
from cloud.domain.records import LogLine
from cloud.ports.stores import Page
from cloud.ports.workflow import Clock
from cloud.settings import Settings

LOG_LIFE = timedelta(days=90)
COUNTER_LIFE = timedelta(days=400)  # longer than an operation can last, or its numbers would begin again
_ATTEMPTS = 40
_LAST_SEQUENCE = 9_999_999_999
_REMEMBERED = 512


@dataclass(slots=True)
class _Counter:
    """What this process believes of an operation's counter. The lock spares its threads a race that one must lose."""

    last: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class DynamoEventLog:
    def __init__(self, settings: Settings, clock: Clock, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._database = database(settings)
        self._events = self._database.bind(EventRow, settings.logs_table)
        self._counters_row = self._database.bind(CounterRow, settings.logs_table)
        self._lines = self._database.bind(LogLineRow, settings.logs_table)
        self._counters: OrderedDict[tuple[str, str], _Counter] = OrderedDict()
        self._counters_lock = threading.Lock()

    def append(
        self, deployment_id: str, environment: str, operation_id: str, events: Sequence[NewEvent]
    ) -> tuple[Event, ...]:
        stored: list[Event] = []
        for batch in batches_of(events):
            drafts = [Event(new.type, deployment_id, environment, operation_id, 0, "", new.data) for new in batch]
            stored.extend(self._append_batch(deployment_id, operation_id, drafts))
        return tuple(stored)

    def _append_batch(self, deployment_id: str, operation_id: str, drafts: list[Event]) -> list[Event]:
        counter = self._counter(deployment_id, operation_id)
        with counter.lock:
            for attempt in range(_ATTEMPTS):
                now = self._clock.now()
                events = [
                    replace(draft, sequence=counter.last + offset, timestamp=timestamp(now))
                    for offset, draft in enumerate(drafts, start=1)
                ]
                try:
                    self._write(deployment_id, operation_id, counter.last, events, now)
                except TransactWriteError as error:
                    counter.last = self._learned(error, counter.last, operation_id)
                    if attempt:  # the first refusal only corrects the belief of a new process
                        self._sleep(backoff(attempt))
                else:
                    counter.last += len(events)
                    return events
        raise Throttled(
            f"Events of the operation {operation_id} are written by too many at once.",
            hint="Try again in a moment.",
            deployment_id=deployment_id,
            operation_id=operation_id,
        )

    def _write(self, deployment_id: str, operation_id: str, last: int, events: list[Event], now: datetime) -> None:
        row = self._counters_row
        expected = (row.last == last) if last else row.PK.does_not_exist()
        with TransactWrite(connection=self._database.connection) as transaction:
            for event in events:
                transaction.save(self._event_row(event, now))
            # A put, not an update: the row holds nothing else, and no expression has to be parsed on the other side.
            transaction.save(
                row(
                    partition(deployment_id),
                    f"COUNTER#{operation_id}",
                    last=last + len(events),
                    ttl=_epoch(now + COUNTER_LIFE),
                ),
                condition=expected,
                return_values="ALL_OLD",
            )

    def _learned(self, error: TransactWriteError, believed: int, operation_id: str) -> int:
        """Where the counter stands, out of a refused transaction. Raises what any other failure means."""
        reasons = error.cancellation_reasons
        codes = {reason.code for reason in reasons if reason is not None}
        if codes == {"ConditionalCheckFailed"}:
            counter = reasons[-1]
            item: dict[str, Any] = (counter.raw_item if counter else None) or {}
            return int(item["last"]["N"]) if item else 0
        if codes == {"TransactionConflict"}:
            return believed
        with translated(f"store events of the operation {operation_id}"):
            raise error

    def _counter(self, deployment_id: str, operation_id: str) -> _Counter:
        key = (deployment_id, operation_id)
        with self._counters_lock:
            counter = self._counters.setdefault(key, _Counter())
            self._counters.move_to_end(key)
            if len(self._counters) > _REMEMBERED:
                self._counters.popitem(last=False)
            return counter

    def read(self, deployment_id: str, operation_id: str, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        limit = checked_limit(limit)
        if after >= _LAST_SEQUENCE:
            return ()
        first = f"EVENT#{operation_id}#{max(after, 0) + 1:010}"
        with translated(f"read the events of {operation_id}"):
            rows = self._events.query(
                partition(deployment_id),
                self._events.SK.between(first, f"EVENT#{operation_id}#{_LAST_SEQUENCE:010}"),
                consistent_read=True,
                limit=limit,
            )
            return tuple(_event(row) for row in rows)

    def write_lines(self, lines: Sequence[LogLine]) -> None:
        with translated("store log lines"), self._lines.batch_write() as batch:
            for line in complete_lines(lines, self._clock):
                batch.save(self._line_row(line))

    def recent_lines(self, deployment_id: str, *, since: str = "", limit: int = 100, cursor: str = "") -> Page[LogLine]:
        sort_key = self._lines.SK
        first = f"TIMESTAMP#{stored_timestamp(since)}" if since else ""
        return self._database.page(
            self._lines,
            partition(deployment_id),
            _line,
            action=f"read the log of {deployment_id}",
            limit=limit,
            cursor=cursor,
            condition=sort_key.between(first, "TIMESTAMP#~") if first else sort_key.startswith("TIMESTAMP#"),
            prefix="TIMESTAMP#",
            newest_first=not since,
        )

    def lines_by_level(self, deployment_id: str, level: str, *, limit: int = 100, cursor: str = "") -> Page[LogLine]:
        return self._database.page(
            self._lines,
            f"{deployment_id}#{level}",
            _line,
            action=f"read the log of {deployment_id}",
            limit=limit,
            cursor=cursor,
            index=("GSI1", "deployment_level", "timestamp"),
        )

    def _event_row(self, event: Event, now: datetime) -> EventRow:
        return self._events(
            partition(event.deployment_id),
            f"EVENT#{event.operation_id}#{event.sequence:010}",
            type=event.type.value,
            deployment_id=event.deployment_id,
            environment=event.environment,
            operation_id=event.operation_id,
            sequence=event.sequence,
            timestamp=event.timestamp,
            data=dict(event.data),
            ttl=_epoch(now + LOG_LIFE),
        )

    def _line_row(self, line: LogLine) -> LogLineRow:
        return self._lines(
            partition(line.deployment_id),
            f"TIMESTAMP#{line.timestamp}#{line.id}",
            deployment_level=f"{line.deployment_id}#{line.level}",
            timestamp=line.timestamp,
            deployment_id=line.deployment_id,
            environment=line.environment,
            level=line.level,
            message=line.message,
            stack=line.stack,
            operation_id=line.operation_id,
            line_id=line.id,
            ttl=_epoch(self._clock.now() + LOG_LIFE),
        )


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _event(row: EventRow) -> Event:
    return Event(
        type=EventType(row.type),
        deployment_id=row.deployment_id,
        environment=row.environment,
        operation_id=row.operation_id,
        sequence=int(row.sequence),
        timestamp=row.timestamp,
        data=row.data,
    )


def _line(row: LogLineRow) -> LogLine:
    return LogLine(
        deployment_id=row.deployment_id,
        environment=row.environment,
        timestamp=row.timestamp,
        level=row.level,
        message=row.message,
        stack=row.stack,
        operation_id=row.operation_id,
        id=row.line_id,
    )
