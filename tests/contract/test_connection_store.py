"""The contracts of ``ConnectionStore`` and ``MetricStore``, in memory and on DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.adapters.memory.connections import Measurement, MemoryMetricStore
from cloud.domain.errors import ConfigurationError, NotFound
from cloud.domain.records import Connection
from cloud.ports.stores import Stores
from cloud_local.aws.server import EmulatedAws

pytestmark = pytest.mark.xdist_group("connection-store")

Fresh = Callable[[str], str]


def a_connection(connection_id: str) -> Connection:
    at = "2025-01-01T00:00:00.000Z"
    return Connection(connection_id, "ada", "acme", "ada@example.com", at, at, 1_735_776_000)


def test_an_open_connection_is_read_back_as_it_was_given(stores: Stores, fresh: Fresh) -> None:
    connection = a_connection(fresh("c"))
    stores.connections.open(connection)
    stores.connections.open(connection)
    assert stores.connections.get(connection.id) == connection


def test_a_connection_that_is_not_there_is_not_found(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(NotFound):
        stores.connections.get(fresh("c"))


def test_a_sign_of_life_is_noted(stores: Stores, fresh: Fresh) -> None:
    connection = a_connection(fresh("c"))
    stores.connections.open(connection)
    assert stores.connections.touch(connection.id, "2025-01-01T00:05:00.000Z")
    assert stores.connections.get(connection.id) == replace(connection, last_ping="2025-01-01T00:05:00.000Z")


def test_a_connection_that_is_gone_stays_gone_when_touched(stores: Stores, fresh: Fresh) -> None:
    connection_id = fresh("c")
    assert not stores.connections.touch(connection_id, "2025-01-01T00:05:00.000Z")
    with pytest.raises(NotFound):
        stores.connections.get(connection_id)


def test_the_subscribers_of_a_deployment_are_its_own(stores: Stores, fresh: Fresh) -> None:
    first, second, deployment_id, other = fresh("c"), fresh("c"), fresh("D"), fresh("D")
    for connection_id in (first, second):
        stores.connections.open(a_connection(connection_id))
        stores.connections.subscribe(connection_id, deployment_id)
    stores.connections.subscribe(first, deployment_id)
    stores.connections.subscribe(first, other)
    assert stores.connections.subscribers(deployment_id) == (first, second)
    stores.connections.unsubscribe(first, deployment_id)
    stores.connections.unsubscribe(first, deployment_id)
    assert stores.connections.subscribers(deployment_id) == (second,)
    assert stores.connections.subscribers(other) == (first,)
    assert stores.connections.subscribers(fresh("D")) == ()


def test_a_connection_that_is_gone_subscribes_to_nothing(stores: Stores, fresh: Fresh) -> None:
    deployment_id = fresh("D")
    with pytest.raises(NotFound):
        stores.connections.subscribe(fresh("c"), deployment_id)
    assert stores.connections.subscribers(deployment_id) == ()


def test_closing_removes_the_subscriptions_too_and_may_be_repeated(stores: Stores, fresh: Fresh) -> None:
    connection_id, deployments = fresh("c"), [fresh("D") for _ in range(30)]
    stores.connections.open(a_connection(connection_id))
    for deployment_id in deployments:
        stores.connections.subscribe(connection_id, deployment_id)
    stores.connections.close(connection_id)
    stores.connections.close(connection_id)
    assert all(stores.connections.subscribers(deployment_id) == () for deployment_id in deployments)
    with pytest.raises(NotFound):
        stores.connections.get(connection_id)


def test_a_metric_needs_a_time(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(ConfigurationError, match="time"):
        stores.metrics.record(fresh("metric"), "now", 1.0, {})


def test_two_values_of_one_moment_are_two_values(stores: Stores, fresh: Fresh, request: pytest.FixtureRequest) -> None:
    name = fresh("metric")
    for value in (1.5, 2.0):
        stores.metrics.record(name, "2025-01-01T00:00:00Z", value, {"stack": "network"})
    if isinstance(stores.metrics, MemoryMetricStore):
        found = stores.metrics.measurements
    else:
        found = _stored_measurements(request.getfixturevalue("aws"), name)
    assert found == [Measurement(name, "2025-01-01T00:00:00.000Z", value, {"stack": "network"}) for value in (1.5, 2.0)]


def _stored_measurements(aws: EmulatedAws, name: str) -> list[Measurement]:
    answer = aws.client("dynamodb").query(
        TableName="cloud-metrics",
        KeyConditionExpression="PK = :name AND begins_with(SK, :time)",
        ExpressionAttributeValues={":name": {"S": f"METRIC#{name}"}, ":time": {"S": "TIMESTAMP#2025-01-01"}},
    )
    return [
        Measurement(name, item["timestamp"]["S"], float(item["value"]["N"]), json.loads(item["labels"]["S"]))
        for item in answer["Items"]
    ]
