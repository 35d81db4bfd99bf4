"""The emulated AWS that the contract suites run against, with the tables and buckets of the topology.

One per module, as moto keeps one state per process; tests use identifiers of their own and so never see each other's rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.adapters.dynamodb.stores import dynamodb_stores
from cloud.adapters.memory.clock import ManualClock
from cloud.adapters.memory.stores import memory_stores
from cloud.ports.stores import Stores
from cloud.settings import Settings
from cloud_local.aws.server import EmulatedAws
from infra.topology import BUCKETS, TABLES, Table

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with pytest.MonkeyPatch.context() as environment, EmulatedAws() as emulated:
        for name, value in emulated.environment.items():
            environment.setenv(name, value)
        environment.delenv("AWS_PROFILE", raising=False)
        dynamodb, s3 = emulated.client("dynamodb"), emulated.client("s3")
        for table in TABLES:
            dynamodb.create_table(**definition(table))
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=f"cloud-{bucket.name}")
        yield emulated


@pytest.fixture(scope="module")
def settings(aws: EmulatedAws) -> Settings:
    return Settings(region=aws.region, endpoint_url=aws.url)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "aws"])
def stores(request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    if request.param == "memory":
        return memory_stores(clock)
    return dynamodb_stores(request.getfixturevalue("settings"), clock)


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Names that no other test of this process uses: ``fresh("org")``."""
    return _fresh


def _fresh(prefix: str) -> str:
    return f"{prefix}{next(_numbers)}"


def definition(table: Table) -> dict[str, Any]:
    """CreateTable's arguments."""
    keys = [_key_schema(table.hash_key, table.range_key)]
    keys += [_key_schema(index.hash_key, index.range_key) for index in table.indexes]
    names = sorted({element["AttributeName"] for schema in keys for element in schema})
    arguments: dict[str, Any] = {
        "TableName": f"cloud-{table.name}",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys[0],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
    }
    if table.indexes:
        arguments["GlobalSecondaryIndexes"] = [
            {"IndexName": index.name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
            for index, schema in zip(table.indexes, keys[1:], strict=True)
        ]
    if table.stream:
        arguments["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    return arguments


def _key_schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else schema
