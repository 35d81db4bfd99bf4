"""Events on DynamoDB when requests and answers are lost, refused, overtaken or late: no gap, no duplicate, nothing lost.

The faults are put into the adapter's own requests, between botocore and the emulated AWS.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

from cloud.adapters.dynamodb.connections import DynamoConnectionStore
from cloud.adapters.dynamodb.database import database
from cloud.adapters.dynamodb.events import DynamoEventLog
from cloud.adapters.memory.clock import ManualClock
from cloud.domain.errors import NetworkError, Throttled
from cloud.domain.events import Event, EventType, NewEvent
from cloud.domain.records import Connection
from cloud.settings import Settings

pytestmark = pytest.mark.xdist_group("event-log-faults")

Fresh = Callable[[str], str]
Fault = Callable[[AWSPreparedRequest], AWSResponse | None]
ATTEMPTS = 5
"""How often botocore sends a request, the first time included."""


class Crash(BaseException):
    """The process ends here, as far as the code under test can tell."""


class Wire:
    """What is between the adapter and DynamoDB. ``sent`` holds every transaction that was written on it."""

    def __init__(self) -> None:
        self.faults: list[Fault | None] = []
        self.sent: list[dict[str, Any]] = []
        self._http = URLLib3Session()
        self._lock = threading.Lock()

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        with self._lock:
            self.sent.append(json.loads(request.body))
            fault = self.faults.pop(0) if self.faults else None
        return fault(request) if fault else None

    def lose_answer(self, request: AWSPreparedRequest) -> None:
        """DynamoDB does it; nobody hears of it. botocore asks again."""
        self._http.send(request)
        raise ConnectionClosedError(endpoint_url=request.url)

    def lose_request(self, request: AWSPreparedRequest) -> None:
        raise ConnectionClosedError(endpoint_url=request.url)

    def crash_before(self, _: AWSPreparedRequest) -> None:
        raise Crash

    def crash_after(self, request: AWSPreparedRequest) -> None:
        self._http.send(request)
        raise Crash

    def cancelling(self, *reasons: str) -> Fault:
        """DynamoDB cancels the transaction: the reason of each item, the last one's for the counter."""

        def answer(request: AWSPreparedRequest) -> AWSResponse:
            items = len(json.loads(request.body)["TransactItems"])
            given = (*reasons[:-1], *["None"] * (items - len(reasons)), reasons[-1])
            body = {
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons {given}",
                "CancellationReasons": [{"Code": reason} for reason in given],
            }
            return _answered(request, 400, body)

        return answer


def _answered(request: AWSPreparedRequest, status: int, body: dict[str, Any]) -> AWSResponse:
    response = AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, None)
    response._content = json.dumps(body).encode()
    return response


@pytest.fixture(scope="module")
def by_wire(settings: Settings) -> Settings:
    """By a name under which the emulated AWS isn't answered within the process: a fault needs a wire."""
    return replace(settings, endpoint_url=settings.endpoint_url.replace("127.0.0.1", "localhost"))


@pytest.fixture
def wire(by_wire: Settings) -> Iterator[Wire]:
    hooks, between = database(by_wire).connection.client.meta.events, Wire()
    hooks.register("before-send.dynamodb.TransactWriteItems", between)
    yield between
    hooks.unregister("before-send.dynamodb.TransactWriteItems", between)


class Operation:
    """One operation's log, and processes that write to it."""

    def __init__(self, settings: Settings, clock: ManualClock, fresh: Fresh) -> None:
        self._settings = settings
        self._clock = clock
        self._numbers = itertools.count(1)
        self.deployment_id, self.id = fresh("D"), fresh("O")
        self.waits: list[float] = []

    def process(self) -> Callable[[int], tuple[Event, ...]]:
        """A process of its own: a function that appends so many events, each with a name that no other has."""
        log = DynamoEventLog(self._settings, self._clock, sleep=self.waits.append)

        def append(count: int) -> tuple[Event, ...]:
            events = [NewEvent(EventType.STACK_RESOURCE, {"name": next(self._numbers)}) for _ in range(count)]
            return log.append(self.deployment_id, "dev", self.id, events)

        return append

    def stored(self) -> tuple[Event, ...]:
        """What is stored, whose sequence has no gap, and where no event stands twice."""
        log = DynamoEventLog(self._settings, self._clock)
        found = log.read(self.deployment_id, self.id, limit=500)
        assert [event.sequence for event in found] == list(range(1, len(found) + 1))
        names = [event.data["name"] for event in found]
        assert len(names) == len(set(names))
        return found


@pytest.fixture
def operation(by_wire: Settings, clock: ManualClock, fresh: Fresh) -> Operation:
    return Operation(by_wire, clock, fresh)


def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_stored_twice(
    operation: Operation, wire: Wire
) -> None:
    append = operation.process()
    wire.faults = [None, wire.lose_answer]
    told = append(2) + append(3) + append(1)
    assert operation.stored() == told
    assert len(wire.sent) == 4
    assert (
        wire.sent[1] == wire.sent[2]
    )  # to the letter, its client request token included: one transaction for DynamoDB
    tokens = [each["ClientRequestToken"] for each in wire.sent]
    assert len(set(tokens)) == 3
    assert all(1 <= len(token) <= 36 for token in tokens)


def test_the_lost_answer_of_a_first_batch_is_found_too(operation: Operation, wire: Wire) -> None:
    wire.faults = [wire.lose_answer]
    assert operation.process()(2) == operation.stored()


def test_a_batch_whose_answer_was_lost_is_known_even_when_somebody_has_written_after_it(
    operation: Operation, wire: Wire
) -> None:
    append, other = operation.process(), operation.process()
    append(1)
    between: list[tuple[Event, ...]] = []

    def overtake(request: AWSPreparedRequest) -> None:
        try:
            wire.lose_answer(request)
        finally:
            between.append(other(2))

    wire.faults = [overtake]
    told = append(2)
    assert [event.sequence for event in told] == [2, 3]
    assert operation.stored()[1:] == told + between[0]


def test_a_repeated_request_that_never_came_through_is_not_taken_for_stored(operation: Operation, wire: Wire) -> None:
    append, other = operation.process(), operation.process()
    append(1)

    def overtake(request: AWSPreparedRequest) -> None:
        other(2)
        raise ConnectionClosedError(endpoint_url=request.url)

    wire.faults = [overtake]
    assert [event.sequence for event in append(2)] == [4, 5]
    assert len(operation.stored()) == 5


def test_the_lost_answer_to_the_last_event_of_all_is_no_refusal(operation: Operation, wire: Wire) -> None:
    log = DynamoEventLog(operation._settings, operation._clock)
    end = NewEvent(EventType.DEPLOYMENT_STATUS, {"name": "end", "terminal": True})
    wire.faults = [wire.lose_answer]
    assert log.append(operation.deployment_id, "dev", operation.id, [end]) == operation.stored()
    assert operation.process()(1) == ()


@pytest.mark.parametrize("is_stored", [False, True])
def test_when_nobody_can_be_reached_it_is_raised_and_the_next_append_goes_on_without_a_gap(
    operation: Operation, wire: Wire, is_stored: bool
) -> None:
    append = operation.process()
    before = append(2)
    wire.faults = [*([wire.lose_answer] * is_stored), *[wire.lose_request] * (ATTEMPTS - is_stored)]
    with pytest.raises(NetworkError):
        append(2)
    after = append(1)
    stored = operation.stored()
    assert len(stored) == (5 if is_stored else 3)
    assert (stored[:2], stored[-1:]) == (before, after)


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_crash_leaves_a_whole_batch_or_nothing_of_it(operation: Operation, wire: Wire, is_stored: bool) -> None:
    append = operation.process()
    append(3)
    wire.faults = [wire.crash_after if is_stored else wire.crash_before]
    with pytest.raises(Crash):
        append(50)
    assert len(operation.stored()) == (53 if is_stored else 3)
    assert operation.process()(1) == operation.stored()[-1:]


def test_a_crash_between_two_batches_leaves_the_first(operation: Operation, wire: Wire) -> None:
    wire.faults = [None, wire.crash_before]
    with pytest.raises(Crash):
        operation.process()(120)
    assert len(operation.stored()) == 50
    operation.process()(1)
    assert len(operation.stored()) == 51


@pytest.mark.parametrize(
    "reasons",
    [
        ("None", "ThrottlingError", "None"),
        ("ProvisionedThroughputExceeded", "TransactionConflict", "None"),
        ("None", "ThrottlingError"),
        ("TransactionConflict",),
    ],
    ids=str,
)
def test_what_is_throttled_in_mid_batch_is_sent_again_whole(
    operation: Operation, wire: Wire, reasons: tuple[str, ...]
) -> None:
    append = operation.process()
    before = append(1)
    wire.faults = [wire.cancelling(*reasons)] * 3
    assert before + append(4) == operation.stored()
    assert len(operation.waits) == 2  # not before the first repetition


def test_a_conflict_does_not_hide_that_the_counter_has_moved(operation: Operation, wire: Wire) -> None:
    append = operation.process()
    append(1)
    operation.process()(2)

    def refuse(request: AWSPreparedRequest) -> AWSResponse:
        response = wire._http.send(request)
        body = json.loads(response.content)
        body["CancellationReasons"][0] = {"Code": "TransactionConflict"}
        return _answered(request, 400, body)

    wire.faults = [refuse]
    assert [event.sequence for event in append(2)] == [4, 5]
    assert len(operation.stored()) == 5


def test_throttling_that_does_not_end_is_raised_as_such_and_nothing_is_stored(operation: Operation, wire: Wire) -> None:
    append = operation.process()
    wire.faults = [wire.cancelling("ThrottlingError", "None")] * 40
    with pytest.raises(Throttled) as error:
        append(2)
    assert error.value.retryable
    assert operation.stored() == ()
    assert append(1)[0].sequence == 1


def test_eight_writers_on_a_bad_line_leave_no_gap_and_store_each_event_once(operation: Operation, wire: Wire) -> None:
    faults: list[Fault | None] = [
        None,
        wire.lose_answer,
        wire.lose_request,
        None,
        wire.cancelling("TransactionConflict"),
    ]
    wire.faults = faults * 3

    def write(_: int) -> list[Event]:
        append = operation.process()
        return [event for _ in range(3) for event in append(2)]

    with ThreadPoolExecutor(8) as pool:
        told = [event for mine in pool.map(write, range(8)) for event in mine]
    assert sorted(told, key=lambda event: event.sequence) == list(operation.stored())
    assert len(told) == 48


# -- what DynamoDB shows late


@pytest.fixture
def queries(by_wire: Settings) -> Iterator[list[Callable[[dict[str, Any]], None]]]:
    """What is done to the answers of the queries from now on, one after the other."""
    changes: list[Callable[[dict[str, Any]], None]] = []
    hooks, http = database(by_wire).connection.client.meta.events, URLLib3Session()

    def between(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        if not changes:
            return None
        body = json.loads(http.send(request).content)
        changes.pop(0)(body)
        return _answered(request, 200, body)

    hooks.register("before-send.dynamodb.Query", between)
    yield changes
    hooks.unregister("before-send.dynamodb.Query", between)


def without(*indices: int) -> Callable[[dict[str, Any]], None]:
    """Leaves some items of an answer out."""

    def change(body: dict[str, Any]) -> None:
        body["Items"] = [item for index, item in enumerate(body["Items"]) if index not in indices]
        body["Count"] = body["ScannedCount"] = len(body["Items"])

    return change


def test_a_transaction_of_which_a_query_sees_a_part_is_read_again(
    operation: Operation, queries: list[Callable[[dict[str, Any]], None]]
) -> None:
    told = operation.process()(5)
    queries += [without(0), without(2, 3)]
    log = DynamoEventLog(operation._settings, operation._clock, sleep=operation.waits.append)
    assert log.read(operation.deployment_id, operation.id) == told
    assert len(operation.waits) == 2


def test_what_stays_away_has_expired(operation: Operation, queries: list[Callable[[dict[str, Any]], None]]) -> None:
    told = operation.process()(5)
    queries += [without(0, 1)] * 10
    log = DynamoEventLog(operation._settings, operation._clock, sleep=operation.waits.append)
    assert log.read(operation.deployment_id, operation.id) == told[2:]
    assert sum(operation.waits) < 1


def a_connection(connections: DynamoConnectionStore, connection_id: str) -> None:
    at = "2025-01-01T00:00:00.000Z"
    connections.open(Connection(connection_id, "ann", "acme", "ann@example.com", at, at, 1_735_776_000))


@pytest.mark.parametrize("late", [0, 3, 100])
def test_a_subscription_is_listed_when_it_returns_or_after_two_seconds_at_the_latest(
    by_wire: Settings, clock: ManualClock, fresh: Fresh, queries: list[Callable[[dict[str, Any]], None]], late: int
) -> None:
    waits: list[float] = []
    connections = DynamoConnectionStore(by_wire, clock, sleep=waits.append)
    connection_id, deployment_id = fresh("c"), fresh("D")
    a_connection(connections, connection_id)
    queries += [without(0)] * late
    connections.subscribe(connection_id, deployment_id)
    assert len(waits) == min(late, 8)
    assert sum(waits) < 3
    queries.clear()
    assert connections.subscribers(deployment_id) == (connection_id,)
