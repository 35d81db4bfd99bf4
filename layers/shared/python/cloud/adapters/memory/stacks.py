"""The port ``StackStore`` in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloud.adapters.memory.isolation import isolated, page_of
from cloud.domain.errors import StaleWrite
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus
from cloud.ports.stores import Page


class MemoryStackStore:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stacks: dict[tuple[str, str, str], StackRecord] = {}

    def get(self, deployment_id: str, stack: str, environment: str) -> StackRecord | None:
        with self._lock:
            found = self._stacks.get((deployment_id, stack, environment))
        return None if found is None else isolated(found)

    def get_many(self, deployment_id: str, stacks: Sequence[str], environment: str) -> Mapping[str, StackRecord]:
        found = {stack: self.get(deployment_id, stack, environment) for stack in stacks}
        return {stack: record for stack, record in found.items() if record is not None}

    def list(self, deployment_id: str, environment: str = "") -> tuple[StackRecord, ...]:
        with self._lock:
            found = [
                record
                for record in self._stacks.values()
                if record.deployment_id == deployment_id and environment in ("", record.environment)
            ]
        return tuple(isolated(record) for record in sorted(found, key=lambda item: (item.stack, item.environment)))

    def list_by_status(self, org: str, status: StackStatus, *, limit: int = 50, cursor: str = "") -> Page[StackRecord]:
        with self._lock:
            found = [record for record in self._stacks.values() if record.org == org and record.status is status]
        return page_of(
            found,
            lambda item: (item.updated_at, item.deployment_id, item.stack, item.environment),
            scope=f"stacks {org} {status.value}",
            limit=limit,
            cursor=cursor,
        )

    def put(self, record: StackRecord) -> StackRecord:
        written = replace(record, version=record.version + 1)
        key = (record.deployment_id, record.stack, record.environment)
        with self._lock:
            stored = self._stacks.get(key)
            if (stored.version if stored else 0) != record.version:
                raise StaleWrite(
                    f"The stack {record.stack} in {record.environment} has changed since version {record.version}.",
                    deployment_id=record.deployment_id,
                    environment=record.environment,
                    stack=record.stack,
                )
            self._stacks[key] = isolated(written)
        return written
