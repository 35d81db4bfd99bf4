"""Every method of every store is one read or one conditional write, nothing scans, and the rows agree with the topology.

The requests are those that botocore really made, recorded where it makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from cloud.adapters.dynamodb import rows
from cloud.adapters.dynamodb.database import database
from cloud.adapters.dynamodb.stores import dynamodb_stores
from cloud.adapters.memory.clock import ManualClock
from cloud.domain.errors import AlreadyExists, NotFound
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import (
    Connection,
    Deployment,
    EnvironmentLock,
    EnvironmentRecord,
    LogLine,
    Registration,
    StackRecord,
)
from cloud.domain.schedule import make_schedule
from cloud.domain.states import DeploymentStatus, StackStatus, TaskState
from cloud.ports.stores import Stores
from cloud.settings import Settings
from infra.topology import TABLES, Table

pytestmark = pytest.mark.xdist_group("access-patterns")

NOW = "2025-01-01T00:00:00.000Z"
LATER = 4_000_000_000
D, O = "D1BRV40", "01JD0000000000000000000000"  # noqa: E741
DEPLOYMENT = Deployment(D, "acme", "shop", NOW, NOW)
ENVIRONMENT = EnvironmentRecord(D, "dev", "acme", True, DeploymentStatus.INITIALIZED, NOW)
OPERATION = Operation(O, D, "dev", OperationKind.DEPLOY, "ada", TaskState.PENDING, NOW, 1)
STACK = StackRecord(D, "network", "dev", "acme", StackStatus.DEPLOYED, NOW)
SCHEDULE = make_schedule({"network": ()}, max_parallel=1)
LINE = LogLine(D, "dev", NOW, "info", "hello")
EVENT = NewEvent(EventType.STACK_STATUS, {"stack": "network"})
CONNECTION = Connection("c1", "ada", "acme", "ada@example.com", NOW, NOW, LATER)

Request = tuple[str, dict[str, Any]]
Call = Callable[[Stores], Any]
Recorded = list[tuple[str, list[str], list[Request]]]

# In this order, as one operation of a deployment: method, call, requests.
CALLS: list[tuple[str, Call, list[str]]] = [
    ("deployments.create", lambda s: s.deployments.create(DEPLOYMENT), ["PutItem"]),
    ("deployments.get", lambda s: s.deployments.get(D), ["GetItem"]),
    ("deployments.put", lambda s: s.deployments.put(s.deployments.get(D)), ["GetItem", "PutItem"]),
    ("deployments.list_by_org", lambda s: s.deployments.list_by_org("acme"), ["Query GSI1"]),
    ("deployments.put_environment", lambda s: s.deployments.put_environment(ENVIRONMENT), ["PutItem"]),
    ("deployments.get_environment", lambda s: s.deployments.get_environment(D, "dev"), ["GetItem"]),
    ("deployments.list_environments", lambda s: s.deployments.list_environments(D), ["Query"]),
    (
        "deployments.register_stacks",
        lambda s: s.deployments.register_stacks([Registration(D, f"s{n}", "0" * 64, NOW) for n in range(25)]),
        ["BatchWriteItem"],
    ),
    ("deployments.registrations", lambda s: s.deployments.registrations(D), ["Query"]),
    ("deployments.remember", lambda s: s.deployments.remember(D, "k", "first", expires_at=LATER), ["PutItem"]),
    ("deployments.remember", lambda s: s.deployments.remember(D, "k", "again", expires_at=LATER), ["PutItem"]),
    ("operations.create", lambda s: s.operations.create(OPERATION), ["PutItem"]),
    ("operations.get", lambda s: s.operations.get(D, O), ["GetItem"]),
    ("operations.put", lambda s: s.operations.put(s.operations.get(D, O)), ["GetItem", "PutItem"]),
    ("operations.list", lambda s: s.operations.list(D), ["Query"]),
    ("operations.list_unsettled", lambda s: s.operations.list_unsettled(), ["Query GSI2"]),
    ("operations.claim_start", lambda s: s.operations.claim_start(D, "event", O), ["PutItem"]),
    ("operations.claim_start", lambda s: s.operations.claim_start(D, "event", "other"), ["PutItem"]),
    ("operations.create_schedule", lambda s: s.operations.create_schedule(D, O, SCHEDULE), ["PutItem"]),
    ("operations.create_schedule", lambda s: s.operations.create_schedule(D, O, SCHEDULE), ["PutItem"]),
    ("operations.get_schedule", lambda s: s.operations.get_schedule(D, O), ["GetItem"]),
    ("operations.put_schedule", lambda s: s.operations.put_schedule(D, O, SCHEDULE, 1), ["PutItem"]),
    ("operations.put_token", lambda s: s.operations.put_token(D, O, "network", "t", "1"), ["PutItem"]),
    ("operations.get_tokens", lambda s: s.operations.get_tokens(D, O, ["network", "dns"]), ["BatchGetItem"]),
    ("operations.get_tokens", lambda s: s.operations.get_tokens(D, O, []), []),
    ("operations.get_lock", lambda s: s.operations.get_lock(D, "dev"), ["GetItem"]),
    ("operations.put_lock", lambda s: s.operations.put_lock(EnvironmentLock(D, "dev")), ["PutItem"]),
    ("stacks.put", lambda s: s.stacks.put(STACK), ["PutItem"]),
    ("stacks.get", lambda s: s.stacks.get(D, "network", "dev"), ["GetItem"]),
    ("stacks.get_many", lambda s: s.stacks.get_many(D, ["network", "dns"], "dev"), ["BatchGetItem"]),
    ("stacks.list", lambda s: s.stacks.list(D), ["Query"]),
    ("stacks.list_by_status", lambda s: s.stacks.list_by_status("acme", StackStatus.DEPLOYED), ["Query GSI2"]),
    ("events.append", lambda s: s.events.append(D, "dev", O, [EVENT] * 50), ["TransactWriteItems"]),
    ("events.append", lambda s: s.events.append(D, "dev", O, [EVENT] * 51), ["TransactWriteItems"] * 2),
    ("events.read", lambda s: s.events.read(D, O), ["Query"]),
    ("events.write_lines", lambda s: s.events.write_lines([LINE] * 25), ["BatchWriteItem"]),
    ("events.recent_lines", lambda s: s.events.recent_lines(D), ["Query"]),
    ("events.recent_lines", lambda s: s.events.recent_lines(D, since=NOW), ["Query"]),
    ("events.lines_by_level", lambda s: s.events.lines_by_level(D, "info"), ["Query GSI1"]),
    ("metrics.record", lambda s: s.metrics.record("seconds", NOW, 1.5, {}), ["PutItem"]),
    ("connections.open", lambda s: s.connections.open(CONNECTION), ["PutItem"]),
    ("connections.get", lambda s: s.connections.get("c1"), ["GetItem"]),
    ("connections.touch", lambda s: s.connections.touch("c1", NOW), ["UpdateItem"]),
    ("connections.subscribe", lambda s: s.connections.subscribe("c1", D), ["TransactWriteItems", "Query GSI1"]),
    ("connections.subscribers", lambda s: s.connections.subscribers(D), ["Query GSI1"]),
    ("connections.unsubscribe", lambda s: s.connections.unsubscribe("c1", D), ["DeleteItem"]),
    ("connections.subscribe", lambda s: s.connections.subscribe("c1", D), ["TransactWriteItems", "Query GSI1"]),
    ("connections.close", lambda s: s.connections.close("c1"), ["DeleteItem", "Query", "BatchWriteItem"]),
]
# Writes that no other writer can collide with: the last one wins by contract, or the key is the writer's own.
UNCONDITIONAL = {"connections.open", "connections.unsubscribe", "connections.close"}
UNCONDITIONAL |= {"deployments.register_stacks", "events.write_lines"}


@pytest.fixture(scope="module")
def recorded(settings: Settings) -> Recorded:
    """For every call: its name, the requests expected and those made."""
    stores = dynamodb_stores(settings, ManualClock())
    made: list[Request] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append((model.name, params))

    events = database(settings).connection.client.meta.events
    events.register("provide-client-params.dynamodb", note)
    outcome = []
    for name, call, expected in CALLS:
        made.clear()
        call(stores)
        outcome.append((name, expected, list(made)))
    events.unregister("provide-client-params.dynamodb", note)
    return outcome


def test_each_method_makes_exactly_the_requests_of_its_access_pattern(
    recorded: Recorded,
) -> None:
    found = [(name, [_label(request) for request in made]) for name, _, made in recorded]
    assert found == [(name, expected) for name, expected, _ in recorded]


def test_nothing_scans_and_nothing_describes(recorded: Recorded) -> None:
    operations = {operation for _, _, made in recorded for operation, _ in made}
    assert operations == {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    }


def test_every_method_of_the_stores_has_its_access_pattern_here() -> None:
    stores = dynamodb_stores(Settings(), ManualClock())
    methods = {
        f"{store}.{method}"
        for store in ("deployments", "operations", "stacks", "events", "metrics", "connections")
        for method in dir(getattr(stores, store))
        if not method.startswith("_")
    }
    assert {name for name, _, _ in CALLS} == methods


def test_every_write_that_could_lose_a_race_is_conditional(
    recorded: Recorded,
) -> None:
    for name, _, made in recorded:
        for operation, arguments in made:
            if operation in ("PutItem", "UpdateItem"):
                assert ("ConditionExpression" in arguments) is (name not in UNCONDITIONAL), name
            elif operation == "TransactWriteItems":
                entries = [entry for item in arguments["TransactItems"] for entry in item.values()]
                assert any("ConditionExpression" in entry for entry in entries), name
            elif operation in ("DeleteItem", "BatchWriteItem"):
                assert name in UNCONDITIONAL


def test_what_is_read_of_a_table_is_consistent(recorded: Recorded) -> None:
    logs = {"events.recent_lines", "operations.list"}  # lists for people
    for name, _, made in recorded:
        for operation, arguments in made:
            if operation == "GetItem" or (operation == "Query" and "IndexName" not in arguments and name not in logs):
                assert arguments["ConsistentRead"] is True, name
            elif operation == "BatchGetItem":
                assert all(keys["ConsistentRead"] for keys in arguments["RequestItems"].values()), name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_rows_agree_with_the_topology(table: Table) -> None:
    for row in ROWS[table.name]:
        schema = row._get_schema()
        assert _keys(schema["key_schema"]) == (table.hash_key, table.range_key), row
        assert {index["index_name"]: _keys(index["key_schema"]) for index in schema["global_secondary_indexes"]} == {
            index.name: (index.hash_key, index.range_key) for index in table.indexes
        }, row
        assert ("ttl" in row.get_attributes()) is table.ttl, row


def test_every_row_belongs_to_a_table() -> None:
    kinds = {kind for kind in vars(rows).values() if isinstance(kind, type) and issubclass(kind, rows.Row)}
    assert kinds - {rows.Row} == {row for group in ROWS.values() for row in group}


ROWS: dict[str, list[type[rows.Row]]] = {
    "deployments": [
        rows.DeploymentsRow,
        rows.DeploymentRow,
        rows.EnvironmentRow,
        rows.RegistrationRow,
        rows.KeyRow,
        rows.OperationRow,
        rows.ScheduleRow,
        rows.TokenRow,
        rows.LockRow,
    ],
    "stacks": [rows.StackRow],
    "logs": [rows.LogsRow, rows.EventRow, rows.CounterRow, rows.LogLineRow],
    "metrics": [rows.MetricRow],
    "websocket-connections": [rows.ConnectionsRow, rows.ConnectionRow, rows.SubscriptionRow],
}


def test_all_tables_share_one_client(settings: Settings) -> None:
    stores = dynamodb_stores(settings, ManualClock())
    kinds = [
        value
        for store in (stores.deployments, stores.operations, stores.stacks, stores.events, stores.connections)
        for value in vars(store).values()
        if isinstance(value, type) and issubclass(value, rows.Row)
    ]
    assert len(kinds) >= 15
    assert {id(kind._get_connection().connection.client) for kind in kinds} == {
        id(database(settings).connection.client)
    }


def test_two_sets_of_tables_live_side_by_side(settings: Settings) -> None:
    elsewhere = Settings(endpoint_url=settings.endpoint_url, deployments_table="missing-deployments")
    here, there = dynamodb_stores(settings, ManualClock()), dynamodb_stores(elsewhere, ManualClock())
    here.deployments.create(Deployment("D000009", "acme", "shop", NOW, NOW))
    with pytest.raises(Exception, match="not found"):
        there.deployments.get("D000009")
    assert here.deployments.get("D000009").id == "D000009"


def test_a_write_whose_answer_was_lost_is_known_as_ones_own(settings: Settings) -> None:
    """botocore repeats the request and is refused by its own first write; that is no conflict."""
    stores = dynamodb_stores(settings, ManualClock())
    lost = _LostAnswer()
    events = database(settings).connection.client.meta.events
    events.register("before-send.dynamodb.PutItem", lost)
    created = stores.deployments.create(Deployment("D000007", "acme", "shop", NOW, NOW))
    events.unregister("before-send.dynamodb.PutItem", lost)
    assert lost.times == 1
    assert stores.deployments.get("D000007") == created
    with pytest.raises(AlreadyExists):
        stores.deployments.create(created)


def test_nothing_subscribes_to_a_connection_that_is_being_closed(settings: Settings) -> None:
    stores = dynamodb_stores(settings, ManualClock())
    stores.connections.open(CONNECTION)
    stores.connections.subscribe("c1", "D-before")
    refused: list[NotFound] = []

    def subscribe_meanwhile(**_: Any) -> None:
        with pytest.raises(NotFound) as error:
            stores.connections.subscribe("c1", "D-meanwhile")
        refused.append(error.value)

    events = database(settings).connection.client.meta.events
    events.register("provide-client-params.dynamodb.Query", subscribe_meanwhile)
    stores.connections.close("c1")
    events.unregister("provide-client-params.dynamodb.Query", subscribe_meanwhile)
    assert len(refused) == 1
    assert stores.connections.subscribers("D-before") == ()
    assert stores.connections.subscribers("D-meanwhile") == ()


class _LostAnswer:
    """Sends the first request itself and answers with a 500 in the service's place."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse | None:
        if self.times:
            return None
        self.times += 1
        session = URLLib3Session()
        answer = session.send(request)
        assert answer.status_code == 200
        session.close()
        return AWSResponse(request.url, 500, {}, _Body())


class _Body:
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield b'{"__type": "InternalServerError"}'


def _label(request: Request) -> str:
    operation, arguments = request
    return f"{operation} {arguments['IndexName']}" if "IndexName" in arguments else operation


def _keys(schema: Any) -> tuple[str, str]:
    by_type = {element["KeyType"]: element["AttributeName"] for element in schema}
    return by_type["HASH"], by_type.get("RANGE", "")
