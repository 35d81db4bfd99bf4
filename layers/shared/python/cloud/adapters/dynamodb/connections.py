"""WebSocket connections and what they follow: the port ``ConnectionStore`` on DynamoDB."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from pynamodb.exceptions import UpdateError
from pynamodb.transactions import TransactWrite

from cloud.adapters.aws_errors import CONDITION_FAILED, error_code, translated
from cloud.adapters.dynamodb.database import database
from cloud.adapters.dynamodb.rows import ConnectionRow, ConnectionsRow, SubscriptionRow
from cloud.domain.errors import NotFound
from cloud.domain.records import Connection
from cloud.ports.workflow import Clock
from cloud.settings import Settings

SUBSCRIPTION_LIFE = timedelta(hours=24)  # API Gateway ends a connection after two hours
_LISTED_ATTEMPTS = 8
_LISTED_SECONDS = 0.01


class DynamoConnectionStore:
    def __init__(self, settings: Settings, clock: Clock, *, sleep: Callable[[float], None] = time.sleep) -> None:
        table = settings.connections_table
        self._clock = clock
        self._sleep = sleep
        self._database = database(settings)
        self._rows = self._database.bind(ConnectionsRow, table)
        self._connections = self._database.bind(ConnectionRow, table)
        self._subscriptions = self._database.bind(SubscriptionRow, table)

    def open(self, connection: Connection) -> None:
        row = self._connections(
            connection.id,
            "META",
            user_id=connection.user_id,
            org=connection.org,
            email=connection.email,
            connected_at=connection.connected_at,
            last_ping=connection.last_ping,
            ttl=connection.expires_at,
        )
        # API Gateway never gives an id twice; a repeated $connect writes the same again.
        self._database.put(row, None, "store a connection")

    def get(self, connection_id: str) -> Connection:
        row = self._database.get(self._connections, connection_id, "META", "read a connection")
        if row is None:
            raise _gone(connection_id)
        return _connection(row)

    def touch(self, connection_id: str, last_ping: str) -> bool:
        row = self._connections
        with translated("touch a connection"):
            try:
                row(connection_id, "META").update([row.last_ping.set(last_ping)], condition=row.PK.exists())
            except UpdateError as error:
                if error_code(error) != CONDITION_FAILED:
                    raise
                return False
        return True

    def close(self, connection_id: str) -> None:
        # META goes first: from then on nobody subscribes, so the query sees all subscriptions that there will ever be.
        with translated("remove a connection"):
            self._connections(connection_id, "META").delete()
            rows = list(self._rows.query(connection_id, consistent_read=True))
            with self._rows.batch_write() as batch:
                for row in rows:
                    batch.delete(row)

    def subscribe(self, connection_id: str, deployment_id: str) -> None:
        row = self._subscriptions(
            connection_id,
            f"SUB#{deployment_id}",
            deployment_id=deployment_id,
            ttl=int((self._clock.now() + SUBSCRIPTION_LIFE).timestamp()),
        )
        meta = self._connections
        # In one transaction, so that a subscription never outlives a connection that was closed meanwhile.
        with (
            translated("subscribe a connection", {CONDITION_FAILED: lambda: _gone(connection_id)}),
            TransactWrite(connection=self._database.connection) as transaction,
        ):
            transaction.condition_check(meta, connection_id, "META", condition=meta.PK.exists())
            transaction.save(row)
        self._wait_until_listed(connection_id, deployment_id)

    def _wait_until_listed(self, connection_id: str, deployment_id: str) -> None:
        """An index follows its table after a moment, and until then the broadcaster wouldn't know of the connection.

        DynamoDB gives no bound for the moment. After some two seconds we go on: clients ask again every 30 s in any case.
        """
        row = self._subscriptions
        for attempt in range(_LISTED_ATTEMPTS):
            with translated(f"list the connections that follow {deployment_id}"):
                if any(row.by_deployment.query(deployment_id, row.PK == connection_id)):  # noqa: SIM300
                    return
            self._sleep(_LISTED_SECONDS * 2**attempt)

    def unsubscribe(self, connection_id: str, deployment_id: str) -> None:
        with translated("unsubscribe a connection"):
            self._subscriptions(connection_id, f"SUB#{deployment_id}").delete()

    def subscribers(self, deployment_id: str) -> tuple[str, ...]:
        with translated(f"list the connections that follow {deployment_id}"):
            rows = self._subscriptions.query(deployment_id, index_name="GSI1")
            return tuple(row.PK for row in rows)


def _gone(connection_id: str) -> NotFound:
    return NotFound(f"There is no connection {connection_id}.", connection_id=connection_id)


def _connection(row: ConnectionRow) -> Connection:
    return Connection(
        id=row.PK,
        user_id=row.user_id,
        org=row.org,
        email=row.email,
        connected_at=row.connected_at,
        last_ping=row.last_ping,
        expires_at=int(row.ttl),
    )
