"""DynamoDB under concurrent writers, as the control plane's locks depend on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloud_local.aws.server import EmulatedAws


@pytest.fixture(scope="module")
def dynamodb(aws: EmulatedAws) -> Any:
    client = aws.client("dynamodb")
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    client.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "METADATA"}}


def number(client: Any, name: str) -> int:
    return int(client.get_item(TableName="items", Key=key(name), ConsistentRead=True)["Item"]["n"]["N"])


def test_no_conditional_update_of_eight_writers_is_lost(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="items", Item={**key("counter"), "n": {"N": "0"}})

    def write(_: int) -> int:
        acknowledged = 0
        while acknowledged < 5:
            seen = number(dynamodb, "counter")
            values = {":next": {"N": str(seen + 1)}, ":seen": {"N": str(seen)}}
            try:
                dynamodb.update_item(
                    TableName="items",
                    Key=key("counter"),
                    UpdateExpression="SET n = :next",
                    ConditionExpression="n = :seen",
                    ExpressionAttributeValues=values,
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                continue
            acknowledged += 1
        return acknowledged

    with ThreadPoolExecutor(8) as writers:
        total = sum(writers.map(write, range(8)))

    assert number(dynamodb, "counter") == total == 40


def test_of_eight_who_put_the_same_new_item_one_wins(dynamodb: Any) -> None:
    def put(writer: int) -> bool:
        item = {**key("unique"), "n": {"N": str(writer)}}
        try:
            dynamodb.put_item(TableName="items", Item=item, ConditionExpression="attribute_not_exists(pk)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(8) as writers:
        won = list(writers.map(put, range(8)))

    assert won.count(True) == 1
    assert number(dynamodb, "unique") == won.index(True)


def test_transactions_of_eight_writers_keep_counter_and_events_together(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="items", Item={**key("sequence"), "n": {"N": "0"}})

    def append(_: int) -> None:
        while True:
            seen = number(dynamodb, "sequence")
            event = {"pk": {"S": "EVENT"}, "sk": {"S": f"{seen + 1:010}"}}
            update = {
                "TableName": "items",
                "Key": key("sequence"),
                "UpdateExpression": "SET n = :next",
                "ConditionExpression": "n = :seen",
                "ExpressionAttributeValues": {":next": {"N": str(seen + 1)}, ":seen": {"N": str(seen)}},
            }
            put = {"TableName": "items", "Item": event, "ConditionExpression": "attribute_not_exists(pk)"}
            try:
                dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"Update": update}])
            except dynamodb.exceptions.TransactionCanceledException:
                continue
            return

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(append, range(16)))
    events = dynamodb.query(
        TableName="items", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "EVENT"}}
    )["Items"]

    assert number(dynamodb, "sequence") == 16
    assert [event["sk"]["S"] for event in events] == [f"{each:010}" for each in range(1, 17)]


def test_a_transaction_that_fails_puts_back_new_changed_and_deleted_items(dynamodb: Any) -> None:
    for name in ("changed", "deleted"):
        dynamodb.put_item(TableName="items", Item={**key(name), "n": {"N": "1"}})
    values = {":n": {"N": "2"}}
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": values}
    operations = [
        {"Put": {"TableName": "items", "Item": {**key("new"), "n": {"N": "2"}}}},
        {"Update": {"TableName": "items", "Key": key("changed"), **change}},
        {"Update": {"TableName": "items", "Key": key("upserted"), **change}},
        {"Delete": {"TableName": "items", "Key": key("deleted")}},
        {"ConditionCheck": {"TableName": "items", "Key": key("x"), "ConditionExpression": "attribute_exists(pk)"}},
    ]

    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as refusal:
        dynamodb.transact_write_items(TransactItems=operations)

    reasons = [reason["Code"] for reason in refusal.value.response["CancellationReasons"]]
    assert reasons == ["None", "None", "None", "None", "ConditionalCheckFailed"]
    assert [number(dynamodb, name) for name in ("changed", "deleted")] == [1, 1]
    for name in ("new", "upserted"):
        assert "Item" not in dynamodb.get_item(TableName="items", Key=key(name))


def test_a_transaction_that_names_an_item_twice_is_refused_whole(dynamodb: Any) -> None:
    put = {"Put": {"TableName": "items", "Item": {**key("double"), "n": {"N": "1"}}}}

    with pytest.raises(dynamodb.exceptions.ClientError, match="multiple operations on one item"):
        dynamodb.transact_write_items(TransactItems=[put, put])

    assert "Item" not in dynamodb.get_item(TableName="items", Key=key("double"))
