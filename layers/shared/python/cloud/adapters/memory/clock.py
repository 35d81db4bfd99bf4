"""The port ``Clock`` without time or chance: both move only when told, so that tests and benchmarks repeat."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from cloud.adapters.clock import ulid

_START = datetime(2025, 1, 1, tzinfo=UTC)


class ManualClock:
    """Stands at ``start`` until ``advance``. Identifiers count up: ULIDs ascend, deployment ids are D000001, D000002 …"""

    def __init__(self, start: datetime = _START) -> None:
        self._lock = threading.Lock()
        self._now = start
        self._ulids = 0
        self._deployments = 0

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> datetime:
        """The time after the step, which may be a fraction of a second."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now

    def new_ulid(self) -> str:
        with self._lock:
            self._ulids += 1
            return ulid(int(self._now.timestamp() * 1000), self._ulids)

    def new_deployment_id(self) -> str:
        with self._lock:
            self._deployments += 1
            return f"D{self._deployments:06d}"
