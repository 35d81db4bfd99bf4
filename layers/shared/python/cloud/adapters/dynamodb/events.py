"""Events and log lines: the port ``EventLog`` on DynamoDB.

The sequence of an operation has no gaps because a batch of events and the operation's counter (``COUNTER#{operation}``)
are written in one transaction, under the condition that the counter still stands where this process believes. The belief
is kept between calls, so that an append is one call as long as nobody else writes to the operation; where somebody did,
the refused transaction tells where the counter stands, and the batch is tried again with new numbers.

A transaction whose answer was lost is sent again by botocore, under the same client request token, which DynamoDB takes for
the same transaction for ten minutes. The batch's name stands in the counter and in the batch's first event as well, so that
a refusal of what was stored already is recognised wherever the token is not (later; in the emulated AWS).
"""

from __future__ import annotations

import secrets
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
from cloud.domain.events import Event, EventType, NewEvent, closes
from cloud.domain.records import LogLine
from cloud.ports.stores import Page
from cloud.ports.workflow import Clock
from cloud.settings import Settings

LOG_LIFE = timedelta(days=90)
COUNTER_LIFE = timedelta(days=400)  # longer than an operation can last, or its numbers would begin again
_ATTEMPTS = 40
_LAST_SEQUENCE = 9_999_999_999
_REMEMBERED = 512
_READS = 4
_COMMIT_SECONDS = 0.02
_CONDITION_FAILED = "ConditionalCheckFailed"
_TRANSIENT = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Why a transaction is cancelled that may be sent again as it was: botocore repeats requests, but no cancelled transactions."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """The counter as a refusal shows it: ``batch`` is who wrote it last."""

    last: int
    closed: bool
    batch: str


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
        """The events as they are stored; none when the log is closed. Raises Throttled, and NetworkError for an answer that
        never came: then nobody knows whether the batch is stored, and the next append finds out where the counter stands."""
        counter = self._counter(deployment_id, operation_id)
        batch = secrets.token_hex(12)
        with counter.lock:
            for attempt in range(_ATTEMPTS):
                now = self._clock.now()
                events = [
                    replace(draft, sequence=counter.last + offset, timestamp=timestamp(now))
                    for offset, draft in enumerate(drafts, start=1)
                ]
                try:
                    self._write(events, now, batch, attempt)
                except TransactWriteError as error:
                    standing = _refused(error, operation_id)
                    if standing is not None and self._is_stored(error, standing, events[0], batch):
                        counter.last = standing.last
                        return events
                    if standing is not None and standing.closed:
                        return []
                    # Without a standing it was a matter of the moment: the same again.
                    counter.last = counter.last if standing is None else standing.last
                    if attempt:  # the first refusal only corrects the belief of a new process
                        self._sleep(backoff(attempt))
                else:
                    counter.last += len(events)
                    return events
        raise Throttled(
            f"Events of the operation {operation_id} could not be stored: too many writers at once, or DynamoDB throttles.",
            hint="Try again in a moment.",
            deployment_id=deployment_id,
            operation_id=operation_id,
        )

    def _write(self, events: list[Event], now: datetime, batch: str, attempt: int) -> None:
        row, first = self._counters_row, events[0]
        last = first.sequence - 1
        expected = ((row.last == last) & row.closed.does_not_exist()) if last else row.PK.does_not_exist()
        # A token for each attempt: numbers and time differ, and a token stands for one transaction to the letter.
        token = f"{batch}-{attempt}"
        with TransactWrite(connection=self._database.connection, client_request_token=token) as transaction:
            for event in events:
                transaction.save(self._event_row(event, now, batch if event is first else None))
            # A put, not an update: the row holds nothing else, and no expression has to be parsed on the other side.
            transaction.save(
                row(
                    partition(first.deployment_id),
                    f"COUNTER#{first.operation_id}",
                    last=last + len(events),
                    closed=True if any(closes(event) for event in events) else None,
                    batch=batch,
                    ttl=_epoch(now + COUNTER_LIFE),
                ),
                condition=expected,
                return_values="ALL_OLD",
            )

    def _is_stored(self, error: TransactWriteError, standing: _Standing, first: Event, batch: str) -> bool:
        """Whether what was refused was a repetition of what is stored; only a request that botocore repeated can be."""
        if standing.batch == batch:
            return True
        if not _was_repeated(error) or standing.last < first.sequence:
            return False
        # Somebody has written after us: the first event of the batch still says whose it is.
        row = self._database.get(self._events, partition(first.deployment_id), _sort_key(first), "read an event")
        return row is not None and row.batch == batch

    def _counter(self, deployment_id: str, operation_id: str) -> _Counter:
        key = (deployment_id, operation_id)
        with self._counters_lock:
            counter = self._counters.setdefault(key, _Counter())
            self._counters.move_to_end(key)
            if len(self._counters) > _REMEMBERED:
                self._counters.popitem(last=False)
            return counter

    def read(self, deployment_id: str, operation_id: str, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        limit, after = checked_limit(limit), max(after, 0)
        if after >= _LAST_SEQUENCE:
            return ()
        # A Query may see a part of a transaction that is being committed (read-committed isolation). What isn't there a
        # moment later either has expired.
        for attempt in range(_READS):
            events = self._query(deployment_id, operation_id, after, limit)
            if not events or events[-1].sequence == after + len(events):
                break
            self._sleep(_COMMIT_SECONDS * 2**attempt)
        return events

    def _query(self, deployment_id: str, operation_id: str, after: int, limit: int) -> tuple[Event, ...]:
        first = f"EVENT#{operation_id}#{after + 1:010}"
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

    def _event_row(self, event: Event, now: datetime, batch: str | None) -> EventRow:
        return self._events(
            partition(event.deployment_id),
            _sort_key(event),
            type=event.type.value,
            deployment_id=event.deployment_id,
            environment=event.environment,
            operation_id=event.operation_id,
            sequence=event.sequence,
            timestamp=event.timestamp,
            data=dict(event.data),
            batch=batch,
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


def _refused(error: TransactWriteError, operation_id: str) -> _Standing | None:
    """How the counter stands that refused a transaction; None when nothing but the moment was against it.

    The counter is the last item. Raises what any other failure means.
    """
    reasons = error.cancellation_reasons
    codes = {reason.code for reason in reasons if reason is not None}
    counter = reasons[-1] if reasons else None
    if counter is not None and counter.code == _CONDITION_FAILED:
        item: dict[str, Any] = counter.raw_item or {}
        last = int(item["last"]["N"]) if item else 0
        return _Standing(last, "closed" in item, str(item.get("batch", {}).get("S", "")))
    if codes and codes <= _TRANSIENT:
        return None
    with translated(f"store events of the operation {operation_id}"):
        raise error


def _was_repeated(error: TransactWriteError) -> bool:
    """Whether botocore had sent the request before; pynamodb's error hides the answer in its own cause."""
    answer = getattr(getattr(error.cause, "__cause__", None), "response", None) or {}
    return bool(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))


def _sort_key(event: Event) -> str:
    return f"EVENT#{event.operation_id}#{event.sequence:010}"


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
