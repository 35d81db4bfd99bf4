from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cloud_local.aws.lambda_runtime import FunctionRegistry, LambdaFunction
from cloud_local.aws.server import EmulatedAws
from cloud_local.aws.streams import EventSourceMapping, StreamReader


def record(number: int, name: str = "INSERT") -> dict[str, Any]:
    return {"eventName": name, "dynamodb": {"SequenceNumber": str(number), "Keys": {"pk": {"S": f"k{number}"}}}}


class Stream:
    """A stream in memory, read by position."""

    def __init__(self, count: int) -> None:
        self.records = [record(number) for number in range(count)]

    def read(self, _: str, position: Any, limit: int) -> tuple[Any, list[dict[str, Any]]]:
        start = position or 0
        found = self.records[start : start + limit]
        return start + len(found), found


@contextmanager
def reading(stream: Stream, handler: Callable[[Any, Any], Any], **options: Any) -> Iterator[StreamReader]:
    registry = FunctionRegistry("123456789012", "us-east-1")
    registry.register([LambdaFunction("handle", handler)])
    mapping = EventSourceMapping("table", "handle", retry_delay_seconds=0, **options)
    reader = StreamReader(mapping, registry, stream.read)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()


def numbers(event: dict[str, Any]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in event["Records"]]


def test_records_come_in_order_and_in_batches() -> None:
    batches: list[list[int]] = []

    with reading(Stream(7), lambda event, _: batches.append(numbers(event)), batch_size=3) as reader:
        assert reader.wait_until_idle(5)

    assert batches == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_failing_batch_is_repeated_and_nothing_overtakes_it() -> None:
    seen: list[list[int]] = []

    def handle(event: Any, _: Any) -> None:
        seen.append(numbers(event))
        if len(seen) < 3:
            raise RuntimeError("not yet")

    with reading(Stream(4), handle, batch_size=2) as reader:
        assert reader.wait_until_idle(5)

    assert seen == [[0, 1], [0, 1], [0, 1], [2, 3]]
    assert reader.discarded == []


def test_a_batch_that_never_succeeds_is_given_up_on_loudly(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[list[int]] = []

    def handle(event: Any, _: Any) -> None:
        seen.append(numbers(event))
        if 0 in numbers(event):
            raise RuntimeError("poison")

    with reading(Stream(3), handle, batch_size=2, maximum_retries=1) as reader:
        assert reader.wait_until_idle(5)

    assert seen == [[0, 1], [0, 1], [2]]
    assert reader.discarded == ["0", "1"]
    assert "handle gave up on 2 records of table (0, 1)" in caplog.text
    assert "poison" in caplog.text


def test_bisecting_leaves_the_poison_record_alone() -> None:
    done: list[int] = []

    def handle(event: Any, _: Any) -> None:
        if 2 in numbers(event):
            raise RuntimeError("poison")
        done.extend(numbers(event))

    with reading(Stream(5), handle, maximum_retries=0, bisect_on_error=True) as reader:
        assert reader.wait_until_idle(5)

    assert done == [0, 1, 3, 4]
    assert reader.discarded == ["2"]


def test_reported_failures_are_repeated_from_the_first_of_them() -> None:
    seen: list[list[int]] = []

    def handle(event: Any, _: Any) -> Any:
        seen.append(numbers(event))
        failed = [{"itemIdentifier": "3"}, {"itemIdentifier": "1"}] if len(seen) == 1 else []
        return {"batchItemFailures": failed}

    with reading(Stream(5), handle, report_batch_item_failures=True) as reader:
        assert reader.wait_until_idle(5)

    assert seen == [[0, 1, 2, 3, 4], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": "99"}]},
        {"batchItemFailures": ["0"]},
        {"batchItemFailures": "0"},
        {"batchItemFailures": [{}]},
        "text",
    ],
)
def test_an_answer_that_makes_no_sense_fails_the_whole_batch(answer: Any) -> None:
    with reading(Stream(2), lambda *_: answer, report_batch_item_failures=True, maximum_retries=0) as reader:
        assert reader.wait_until_idle(5)

    assert reader.discarded == ["0", "1"]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"other": 1}])
def test_an_answer_without_failures_is_a_success(answer: Any) -> None:
    with reading(Stream(2), lambda *_: answer, report_batch_item_failures=True, maximum_retries=0) as reader:
        assert reader.wait_until_idle(5)

    assert reader.discarded == []


def test_a_reader_that_cannot_read_says_so_and_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    stream, seen = Stream(5), []
    failures = [RuntimeError("no shard"), KeyError("table")]
    original = stream.read

    def read(table: str, position: Any, limit: int) -> tuple[Any, list[dict[str, Any]]]:
        if position and failures:
            raise failures.pop()
        return original(table, position, limit)

    stream.read = read  # type: ignore[method-assign, assignment]
    with reading(stream, lambda event, _: seen.extend(numbers(event)), batch_size=2) as reader:
        assert reader.wait_until_idle(5)

    assert seen == [0, 1, 2, 3, 4]
    assert caplog.text.count("could not be read") == 2


def test_a_stop_does_not_wait_for_a_batch_that_fails() -> None:
    called = threading.Event()

    def handle(*_: Any) -> None:
        called.set()
        raise RuntimeError("not yet")

    registry = FunctionRegistry("123456789012", "us-east-1")
    registry.register([LambdaFunction("handle", handle)])
    reader = StreamReader(EventSourceMapping("table", "handle", retry_delay_seconds=3600), registry, Stream(1).read)
    reader.start()
    assert called.wait(5)
    reader.stop()
    assert reader.discarded == []


def test_filters_keep_what_any_of_them_matches() -> None:
    stream = Stream(3)
    stream.records[1]["eventName"] = "REMOVE"
    seen: list[int] = []
    filters = (
        {"eventName": ["MODIFY"]},
        {"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "k"}]}}}, "eventName": ["INSERT"]},
    )

    with reading(stream, lambda event, _: seen.extend(numbers(event)), filters=filters) as reader:
        assert reader.wait_until_idle(5)

    assert seen == [0, 2]


def test_a_filter_that_is_not_supported_is_an_error_at_the_start() -> None:
    with pytest.raises(ValueError, match="wildcard"), reading(Stream(0), print, filters=({"a": [{"wildcard": "x"}]},)):
        pass


def table(aws: EmulatedAws, name: str, view: str = "NEW_AND_OLD_IMAGES") -> Any:
    client = aws.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    return client


def test_writes_reach_the_function_as_lambda_events(aws: EmulatedAws) -> None:
    records: list[dict[str, Any]] = []
    aws.functions.register([LambdaFunction("collect", lambda event, _: records.extend(event["Records"]))])
    client = table(aws, "stream")
    aws.add_event_sources([EventSourceMapping("stream", "collect")])
    client.put_item(TableName="stream", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    client.update_item(
        TableName="stream",
        Key={"pk": {"S": "a"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
    )
    client.delete_item(TableName="stream", Key={"pk": {"S": "a"}})

    assert aws.wait_until_delivered()
    assert [each["eventName"] for each in records] == ["INSERT", "MODIFY", "REMOVE"]
    insert, modify, remove = records
    assert insert["eventSource"] == "aws:dynamodb"
    assert insert["eventSourceARN"].startswith("arn:aws:dynamodb:us-east-1:123456789012:table/stream/stream/")
    assert insert["awsRegion"] == "us-east-1"
    assert insert["dynamodb"]["Keys"] == {"pk": {"S": "a"}}
    assert insert["dynamodb"]["NewImage"] == {"pk": {"S": "a"}, "n": {"N": "1"}}
    assert "OldImage" not in insert["dynamodb"]
    assert modify["dynamodb"]["OldImage"]["n"] == {"N": "1"}
    assert remove["dynamodb"]["OldImage"]["n"] == {"N": "2"}
    assert isinstance(insert["dynamodb"]["ApproximateCreationDateTime"], int)
    assert len({each["eventID"] for each in records}) == 3


def test_a_transaction_that_fails_leaves_nothing_in_the_stream(aws: EmulatedAws) -> None:
    records: list[dict[str, Any]] = []
    aws.functions.register([LambdaFunction("after_rollback", lambda event, _: records.extend(event["Records"]))])
    client = table(aws, "rolled-back")
    aws.add_event_sources([EventSourceMapping("rolled-back", "after_rollback")])
    put = {"Put": {"TableName": "rolled-back", "Item": {"pk": {"S": "a"}}}}
    check = {"TableName": "rolled-back", "Key": {"pk": {"S": "b"}}, "ConditionExpression": "attribute_exists(pk)"}

    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[put, {"ConditionCheck": check}])
    client.put_item(TableName="rolled-back", Item={"pk": {"S": "c"}})

    assert aws.wait_until_delivered()
    assert [each["dynamodb"]["Keys"]["pk"]["S"] for each in records] == ["c"]


def test_a_table_that_is_made_again_is_read_from_its_beginning(aws: EmulatedAws) -> None:
    keys: list[str] = []

    def collect(event: Any, _: Any) -> None:
        keys.extend(each["dynamodb"]["Keys"]["pk"]["S"] for each in event["Records"])

    aws.functions.register([LambdaFunction("collect_keys", collect)])
    aws.add_event_sources([EventSourceMapping("again", "collect_keys")])  # the table may come later
    for key in ("first", "second"):
        client = table(aws, "again")
        client.put_item(TableName="again", Item={"pk": {"S": key}})
        assert aws.wait_until_delivered()
        client.delete_table(TableName="again")

    assert keys == ["first", "second"]


def test_a_function_that_writes_to_its_own_table_hears_of_it(aws: EmulatedAws) -> None:
    client = table(aws, "loop")
    done = threading.Event()

    def follow(event: Any, _: Any) -> None:
        for each in event["Records"]:
            if each["dynamodb"]["Keys"]["pk"]["S"] == "a":
                client.put_item(TableName="loop", Item={"pk": {"S": "b"}})
            else:
                done.set()

    aws.functions.register([LambdaFunction("follow", follow)])
    aws.add_event_sources([EventSourceMapping("loop", "follow")])
    client.put_item(TableName="loop", Item={"pk": {"S": "a"}})

    assert done.wait(10)
