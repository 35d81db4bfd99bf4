"""What a run tells while it runs: stored in order, and kept where the store stumbles, so that no run ends because of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from cloud.domain.errors import CloudError
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import Operation
from cloud.domain.records import LogLine
from cloud.service.optimistic import stubbornly
from cloud.service.platform import Platform

KEPT_EVENTS = 2_000
"""What can't be stored for long is dropped, the oldest first: the run's result is worth more than its progress."""


class ToldEvents:
    """The events and log lines of one run. ``dropped`` counts those that were given up.

    After a lost answer nobody knows whether a batch was stored; it is stored again, so that an event may be told twice rather
    than never.
    """

    def __init__(self, platform: Platform, operation: Operation, stack: str) -> None:
        self._platform, self._operation, self._stack = platform, operation, stack
        self._waiting: deque[NewEvent] = deque()
        self.dropped = 0

    def emit(self, events: Sequence[NewEvent]) -> None:
        """Store these and what waits. Where the store stumbles they wait for the next call; raises what is no stumble."""
        self._keep(events)
        try:
            self._store()
        except CloudError as error:
            if not error.retryable:
                raise

    def flush(self) -> None:
        """Store what waits, stubbornly; what can't be stored even so is given up."""
        if not self._waiting:
            return
        try:
            stubbornly(self._store)
        except CloudError:
            self.dropped += len(self._waiting)
            self._waiting.clear()

    def _keep(self, events: Sequence[NewEvent]) -> None:
        self._waiting.extend(events)
        while len(self._waiting) > KEPT_EVENTS:
            self._waiting.popleft()
            self.dropped += 1

    def _store(self) -> None:
        operation, stores = self._operation, self._platform.stores
        batch = list(self._waiting)
        stores.events.append(operation.deployment_id, operation.environment, operation.id, batch)
        self._waiting.clear()
        lines = [self._line(event) for event in batch if event.type is EventType.LOG_CREATED]
        if lines:
            stores.events.write_lines(lines)

    def _line(self, event: NewEvent) -> LogLine:
        return LogLine(
            self._operation.deployment_id,
            self._operation.environment,
            self._platform.timestamp(),
            str(event.data.get("level", "info")),
            str(event.data.get("message", "")),
            stack=self._stack,
            operation_id=self._operation.id,
        )
