"""The port ``EventLog`` in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cloud.adapters.clock import stored_timestamp, timestamp
from cloud.adapters.cursors import checked_limit
from cloud.adapters.memory.isolation import isolated, page_of
from cloud.adapters.trimming import batches_of, complete_lines
from cloud.domain.events import Event, NewEvent, closes
from cloud.domain.records import LogLine
from cloud.ports.stores import Page
from cloud.ports.workflow import Clock


class MemoryEventLog:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._events: dict[tuple[str, str], list[Event]] = {}
        self._closed: set[tuple[str, str]] = set()
        self._lines: dict[tuple[str, str, str], LogLine] = {}  # by deployment, time and id, as in the table

    def append(
        self, deployment_id: str, environment: str, operation_id: str, events: Sequence[NewEvent]
    ) -> tuple[Event, ...]:
        stored: list[Event] = []
        for batch in batches_of(events):
            with self._lock:
                log = self._events.setdefault((deployment_id, operation_id), [])
                if (deployment_id, operation_id) in self._closed:
                    break
                if any(closes(new) for new in batch):
                    self._closed.add((deployment_id, operation_id))
                now = timestamp(self._clock.now())
                added = [
                    Event(new.type, deployment_id, environment, operation_id, sequence, now, new.data)
                    for sequence, new in enumerate(batch, start=len(log) + 1)
                ]
                log.extend(isolated(event) for event in added)
            stored.extend(added)
        return tuple(stored)

    def read(self, deployment_id: str, operation_id: str, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        limit = checked_limit(limit)
        first = max(after, 0)
        with self._lock:
            found = self._events.get((deployment_id, operation_id), [])[first : first + limit]
        return tuple(isolated(event) for event in found)

    def write_lines(self, lines: Sequence[LogLine]) -> None:
        complete = complete_lines(lines, self._clock)
        with self._lock:
            for line in complete:
                self._lines[line.deployment_id, line.timestamp, line.id] = line

    def recent_lines(self, deployment_id: str, *, since: str = "", limit: int = 100, cursor: str = "") -> Page[LogLine]:
        first = stored_timestamp(since) if since else ""
        found = [line for line in self._of(deployment_id) if line.timestamp >= first]
        return page_of(
            found,
            lambda line: (line.timestamp, line.id),
            scope=f"lines {deployment_id}",
            limit=limit,
            cursor=cursor,
            newest_first=not since,
        )

    def lines_by_level(self, deployment_id: str, level: str, *, limit: int = 100, cursor: str = "") -> Page[LogLine]:
        found = [line for line in self._of(deployment_id) if line.level == level]
        return page_of(
            found,
            lambda line: (line.timestamp, line.id),
            scope=f"lines {deployment_id} {level}",
            limit=limit,
            cursor=cursor,
        )

    def _of(self, deployment_id: str) -> list[LogLine]:
        with self._lock:
            return [line for (owner, _, _), line in self._lines.items() if owner == deployment_id]
