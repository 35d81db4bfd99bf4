"""DynamoDB streams to functions: the event source mappings that moto doesn't run.

The front tells of every write, so a reader sleeps until there is something and then takes what is there: no polling. Records
of one table are delivered in order, one batch at a time, as from one shard.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud_local.aws.faults import InvokeRefused
from cloud_local.aws.lambda_runtime import FunctionRegistry
from cloud_local.aws.patterns import Matcher, compile_pattern

_logger = logging.getLogger(__name__)

COALESCE_SECONDS = 0.05

WRITES = frozenset(
    {
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
    }
)


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """A table's stream that feeds a function.

    ``filters`` are event patterns on the record (any may match; none means all). ``maximum_retries`` bounds the attempts after
    the first; AWS's default is no bound, which would hang local mode on one bad record. With ``bisect_on_error`` a failing
    batch is halved until the record that fails is alone. With ``report_batch_item_failures`` the function may answer
    ``{"batchItemFailures": [{"itemIdentifier": sequence number}]}`` to have the batch repeated from there.
    """

    table: str
    function: str
    batch_size: int = 100
    filters: tuple[Mapping[str, Any], ...] = ()
    maximum_retries: int = 3
    retry_delay_seconds: float = 0.1
    bisect_on_error: bool = False
    report_batch_item_failures: bool = False


Read = Callable[[str, Any, int], tuple[Any, list[dict[str, Any]]]]
"""(table, position or None for the beginning, limit) → (next position, records)"""


class StreamReader:
    """The thread behind one mapping. ``discarded`` holds the sequence numbers given up on, which are logged as errors too."""

    def __init__(self, mapping: EventSourceMapping, functions: FunctionRegistry, read: Read) -> None:
        self.mapping = mapping
        self.discarded: list[str] = []
        self._functions = functions
        self._read = read
        self._filters: list[Matcher] = [compile_pattern(each) for each in mapping.filters]
        self._position: Any = None
        self._wake = threading.Condition()
        self._written = 0
        self._handled = 0
        self._stopping = False
        self._thread = threading.Thread(
            target=self._run, name=f"stream:{mapping.table}:{mapping.function}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()
        self.notify()  # what was written before

    def stop(self) -> None:
        """End after the batch in hand; records not yet read stay unread."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join()

    def notify(self) -> None:
        """Something was written to some table."""
        with self._wake:
            self._written += 1
            self._wake.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether all that was written before the call is handled within ``timeout`` seconds."""
        with self._wake:
            target = self._written
            return self._wake.wait_for(lambda: self._handled >= target or self._stopping, timeout)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._stopping or self._written > self._handled)
                if self._stopping:
                    return
                # Lambda asks a shard four times a second; a short pause lets what is written together arrive together.
                if self._wake.wait_for(lambda: self._stopping, COALESCE_SECONDS):
                    return
                seen = self._written
            try:
                self._drain()
            except Exception:
                # Whatever it was, the stream goes on: a table that nobody reads any more would be found out late.
                _logger.exception("The stream of %s could not be read; it is tried again.", self.mapping.table)
                self._pause(self.mapping.retry_delay_seconds)
                continue
            with self._wake:
                self._handled = seen
                self._wake.notify_all()

    def _drain(self) -> None:
        while not self._stopping:
            position, records = self._read(self.mapping.table, self._position, self.mapping.batch_size)
            if not records:
                self._position = position
                return
            wanted = [record for record in records if self._is_wanted(record)]
            if wanted:
                self._deliver(wanted)
            self._position = position  # now, not before: what raises on the way is read again

    def _pause(self, seconds: float) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping, seconds)

    def _is_wanted(self, record: Mapping[str, Any]) -> bool:
        return not self._filters or any(matches(record) for matches in self._filters)

    def _deliver(self, records: Sequence[dict[str, Any]]) -> None:
        """Until every record is handled or given up on."""
        retries = 0
        while records and not self._stopping:
            failed_from, reason = self._attempt(records)
            if failed_from is None:
                return
            if failed_from > 0:  # progress: what came before is done
                records, retries = records[failed_from:], 0
            if retries < self.mapping.maximum_retries:
                retries += 1
                self._pause(self.mapping.retry_delay_seconds * 2 ** (retries - 1))
                continue
            if self.mapping.bisect_on_error and len(records) > 1:
                half = len(records) // 2
                self._deliver(records[:half])
                records, retries = records[half:], 0
                continue
            self._discard(records, reason)
            return

    def _attempt(self, records: Sequence[dict[str, Any]]) -> tuple[int | None, str]:
        """(index of the first record to repeat, or None when all are done; why)"""
        try:
            outcome = self._functions.invoke(self.mapping.function, {"Records": list(records)})
        except InvokeRefused as refused:
            return 0, str(refused)
        if outcome.function_error:
            return 0, outcome.payload.decode()
        if not self.mapping.report_batch_item_failures:
            return None, ""
        return _first_failure(records, outcome.result)

    def _discard(self, records: Sequence[dict[str, Any]], reason: str) -> None:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        self.discarded.extend(numbers)
        _logger.error(
            "%s gave up on %d records of %s (%s): %s",
            self.mapping.function,
            len(records),
            self.mapping.table,
            ", ".join(numbers),
            reason,
        )


def _first_failure(records: Sequence[dict[str, Any]], answer: Any) -> tuple[int | None, str]:
    """The earliest record that the function reported; an answer that makes no sense fails the whole batch, as in AWS."""
    if answer in (None, {}):
        return None, ""
    if not isinstance(answer, Mapping):
        return 0, f"The answer isn't an object: {answer!r}"
    failures = answer.get("batchItemFailures") or []
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    if not isinstance(failures, list) or not all(isinstance(failure, Mapping) for failure in failures):
        return 0, f"batchItemFailures is no list of objects: {json.dumps(failures)}"
    identifiers = [failure.get("itemIdentifier") for failure in failures]
    if any(identifier not in numbers for identifier in identifiers):
        return 0, f"batchItemFailures names records that aren't in the batch: {json.dumps(failures)}"
    if not identifiers:
        return None, ""
    return min(numbers.index(identifier) for identifier in identifiers), f"reported: {identifiers}"


def moto_reader(lock: threading.RLock, account_id: str, region: str) -> Read:
    """Reads moto's shards under the front's DynamoDB lock, so that no half-done transaction is seen.

    A table that was deleted and made again has a new shard, read from its beginning.
    """

    def read(table_name: str, position: Any, limit: int) -> tuple[Any, list[dict[str, Any]]]:
        from moto.dynamodb.models import dynamodb_backends

        with lock:
            table = dynamodb_backends[account_id][region].tables.get(table_name)
            shard = table and table.stream_shard
            if not table or not shard:
                return None, []
            known, offset = position or (None, 0)
            if known is not shard:
                offset = 0
            raw = shard.get(shard.starting_sequence_number + offset, limit)
            arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
            return (shard, offset + len(raw)), [_as_lambda_sees_it(record, arn, region) for record in raw]

    return read


def _as_lambda_sees_it(record: Mapping[str, Any], stream_arn: str, region: str) -> dict[str, Any]:
    change = dict(record["dynamodb"])
    created = change["ApproximateCreationDateTime"]
    if isinstance(created, datetime):
        change["ApproximateCreationDateTime"] = int(created.timestamp())
    seen = {**record, "awsRegion": region, "eventVersion": "1.1", "eventSourceARN": stream_arn, "dynamodb": change}
    copied: dict[str, Any] = json.loads(json.dumps(seen))
    return copied
