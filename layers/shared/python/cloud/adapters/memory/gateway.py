"""The port ``ConnectionGateway`` in memory."""

from __future__ import annotations

import threading

from cloud.domain.errors import NetworkError, NotFound


class MemoryGateway:
    """``connect`` opens a connection, ``frames`` shows what it was sent; ``stall`` makes it take nothing any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: dict[str, list[bytes]] = {}
        self._stalled: set[str] = set()

    def connect(self, connection_id: str) -> None:
        with self._lock:
            self._frames[connection_id] = []

    def stall(self, connection_id: str) -> None:
        with self._lock:
            self._stalled.add(connection_id)

    def frames(self, connection_id: str) -> tuple[bytes, ...]:
        """Raises NotFound when the connection is gone."""
        with self._lock:
            return tuple(self._open(connection_id))

    def post(self, connection_id: str, frame: bytes) -> None:
        with self._lock:
            frames = self._open(connection_id)
            if connection_id in self._stalled:
                raise NetworkError(f"The connection {connection_id} takes nothing.", hint="Try again in a moment.")
            frames.append(bytes(frame))

    def disconnect(self, connection_id: str) -> None:
        with self._lock:
            self._frames.pop(connection_id, None)
            self._stalled.discard(connection_id)

    def _open(self, connection_id: str) -> list[bytes]:
        if connection_id not in self._frames:
            raise NotFound(f"The connection {connection_id} is gone.", connection_id=connection_id)
        return self._frames[connection_id]
