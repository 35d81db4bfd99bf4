"""The port ``OperationStore`` in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cloud.adapters.memory.isolation import isolated, page_of
from cloud.domain.errors import AlreadyExists, NotFound, StaleWrite
from cloud.domain.operations import Operation
from cloud.domain.records import EnvironmentLock
from cloud.ports.stores import Page

if TYPE_CHECKING:
    from cloud.domain.schedule import Schedule

Key = tuple[str, str]


class MemoryOperationStore:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[Key, Operation] = {}
        self._starts: dict[Key, str] = {}
        self._schedules: dict[Key, tuple[str, int]] = {}  # JSON, as in the table, and its version
        self._tokens: dict[tuple[str, str, str], tuple[str, str]] = {}  # and the attempt that it is of
        self._locks: dict[Key, EnvironmentLock] = {}

    def create(self, operation: Operation) -> Operation:
        with self._lock:
            if (operation.deployment_id, operation.id) in self._operations:
                raise AlreadyExists(
                    f"The operation {operation.id} exists already.",
                    deployment_id=operation.deployment_id,
                    operation_id=operation.id,
                )
            self._operations[operation.deployment_id, operation.id] = isolated(replace(operation, version=1))
        return replace(operation, version=1)

    def get(self, deployment_id: str, operation_id: str) -> Operation:
        with self._lock:
            found = self._operations.get((deployment_id, operation_id))
        if found is None:
            raise NotFound(
                f"The deployment {deployment_id} has no operation {operation_id}.",
                deployment_id=deployment_id,
                operation_id=operation_id,
            )
        return isolated(found)

    def put(self, operation: Operation) -> Operation:
        with self._lock:
            stored = self._operations.get((operation.deployment_id, operation.id))
            if stored is None or stored.version != operation.version:
                raise StaleWrite(
                    f"The operation {operation.id} has changed since version {operation.version}.",
                    deployment_id=operation.deployment_id,
                    operation_id=operation.id,
                )
            written = replace(operation, version=operation.version + 1)
            self._operations[operation.deployment_id, operation.id] = isolated(written)
        return written

    def list(self, deployment_id: str, *, limit: int = 20, cursor: str = "") -> Page[Operation]:
        with self._lock:
            found = [operation for (owner, _), operation in self._operations.items() if owner == deployment_id]
        return page_of(found, lambda item: (item.id,), scope=f"operations {deployment_id}", limit=limit, cursor=cursor)

    def list_unsettled(self, *, limit: int = 100, cursor: str = "") -> Page[Operation]:
        with self._lock:
            found = [operation for operation in self._operations.values() if not operation.settled]
        return page_of(
            found,
            lambda item: (item.created_at, item.deployment_id, item.id),
            scope="unsettled",
            limit=limit,
            cursor=cursor,
            newest_first=False,
        )

    def claim_start(self, deployment_id: str, key: str, operation_id: str) -> str:
        with self._lock:
            return self._starts.setdefault((deployment_id, key), operation_id)

    def create_schedule(self, deployment_id: str, operation_id: str, schedule: Schedule) -> None:
        with self._lock:
            self._schedules.setdefault((deployment_id, operation_id), (json.dumps(schedule.to_dict()), 1))

    def get_schedule(self, deployment_id: str, operation_id: str) -> tuple[Schedule, int]:
        from cloud.domain.schedule import Schedule

        with self._lock:
            found = self._schedules.get((deployment_id, operation_id))
        if found is None:
            raise NotFound(
                f"The operation {operation_id} has no schedule.", deployment_id=deployment_id, operation_id=operation_id
            )
        document, version = found
        return Schedule.from_dict(json.loads(document)), version

    def put_schedule(self, deployment_id: str, operation_id: str, schedule: Schedule, version: int) -> None:
        document = json.dumps(schedule.to_dict())
        with self._lock:
            stored = self._schedules.get((deployment_id, operation_id))
            if stored is None or stored[1] != version:
                raise StaleWrite(
                    f"The schedule of {operation_id} has changed since version {version}.",
                    deployment_id=deployment_id,
                    operation_id=operation_id,
                )
            self._schedules[deployment_id, operation_id] = (document, version + 1)

    def put_token(self, deployment_id: str, operation_id: str, name: str, token: str, attempt: str) -> None:
        with self._lock:
            _, latest = self._tokens.get((deployment_id, operation_id, name), ("", ""))
            if attempt < latest:
                raise StaleWrite(
                    f"A later attempt of {name} waits already.", deployment_id=deployment_id, operation_id=operation_id
                )
            self._tokens[deployment_id, operation_id, name] = (token, attempt)

    def get_tokens(self, deployment_id: str, operation_id: str, names: Sequence[str]) -> Mapping[str, str]:
        with self._lock:
            found = {name: self._tokens.get((deployment_id, operation_id, name)) for name in names}
        return {name: token[0] for name, token in found.items() if token is not None}

    def get_lock(self, deployment_id: str, environment: str) -> EnvironmentLock:
        with self._lock:
            return self._locks.get((deployment_id, environment), EnvironmentLock(deployment_id, environment))

    def put_lock(self, lock: EnvironmentLock) -> EnvironmentLock:
        written = replace(lock, version=lock.version + 1)
        with self._lock:
            stored = self._locks.get((lock.deployment_id, lock.environment))
            if (stored.version if stored else 0) != lock.version:
                raise StaleWrite(
                    f"The lock of {lock.environment} has changed since version {lock.version}.",
                    deployment_id=lock.deployment_id,
                    environment=lock.environment,
                )
            self._locks[lock.deployment_id, lock.environment] = written
        return written
