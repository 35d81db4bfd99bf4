"""The ports ``ConnectionStore`` and ``MetricStore`` in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cloud.adapters.clock import stored_timestamp
from cloud.domain.errors import NotFound
from cloud.domain.records import Connection


class MemoryConnectionStore:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[str, Connection] = {}
        self._subscriptions: set[tuple[str, str]] = set()  # (deployment, connection)

    def open(self, connection: Connection) -> None:
        with self._lock:
            self._connections[connection.id] = connection

    def get(self, connection_id: str) -> Connection:
        with self._lock:
            return self._found(connection_id)

    def touch(self, connection_id: str, last_ping: str) -> bool:
        with self._lock:
            connection = self._connections.get(connection_id)
            if connection is not None:
                self._connections[connection_id] = replace(connection, last_ping=last_ping)
            return connection is not None

    def close(self, connection_id: str) -> None:
        with self._lock:
            self._connections.pop(connection_id, None)
            self._subscriptions = {pair for pair in self._subscriptions if pair[1] != connection_id}

    def subscribe(self, connection_id: str, deployment_id: str) -> None:
        with self._lock:
            self._found(connection_id)
            self._subscriptions.add((deployment_id, connection_id))

    def unsubscribe(self, connection_id: str, deployment_id: str) -> None:
        with self._lock:
            self._subscriptions.discard((deployment_id, connection_id))

    def subscribers(self, deployment_id: str) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted(connection for owner, connection in self._subscriptions if owner == deployment_id))

    def _found(self, connection_id: str) -> Connection:
        if connection_id not in self._connections:
            raise NotFound(f"There is no connection {connection_id}.", connection_id=connection_id)
        return self._connections[connection_id]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A recorded value, its time in the stored form."""

    name: str
    timestamp: str
    value: float
    labels: Mapping[str, str]


class MemoryMetricStore:
    """``measurements`` holds what was recorded, in order."""

    def __init__(self) -> None:
        self.measurements: list[Measurement] = []

    def record(self, name: str, timestamp: str, value: float, labels: Mapping[str, str]) -> None:
        self.measurements.append(Measurement(name, stored_timestamp(timestamp), value, dict(labels)))
