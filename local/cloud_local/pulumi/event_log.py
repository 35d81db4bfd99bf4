"""Where engine events go for machines: a JSON lines file, or the Events service of the Automation API."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from .events import Event


class EventLog(Protocol):
    """A receiver of all events."""

    def __call__(self, event: Event, internal: bool) -> None:
        """Take one event."""

    def close(self) -> None:
        """Deliver what is left."""


class FileLog:
    """One JSON document per line."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8")

    def __call__(self, event: Event, internal: bool) -> None:
        del internal
        self._stream.write(json.dumps(event, separators=(",", ":")) + "\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


class StreamLog:
    """`Events.StreamEvents` of a gRPC server at `tcp://host:port`."""

    def __init__(self, address: str) -> None:
        import grpc
        from pulumi.runtime.proto import events_pb2, events_pb2_grpc

        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._channel = grpc.insecure_channel(address)
        stub = events_pb2_grpc.EventsStub(self._channel)

        def requests() -> Iterator[Any]:
            while (event := self._queue.get()) is not None:
                yield events_pb2.EventRequest(event=json.dumps(event, separators=(",", ":")))

        def send() -> None:
            try:
                stub.StreamEvents(requests())
            except grpc.RpcError:
                return  # the listener is gone; the operation goes on without it

        self._thread = threading.Thread(target=send, daemon=True)
        self._thread.start()

    def __call__(self, event: Event, internal: bool) -> None:
        del internal
        self._queue.put(event)

    def close(self) -> None:
        self._queue.put(None)
        # Without a limit, as the engine (display.go: CloseAndRecv): a slow listener must not miss the last events, which say
        # how the operation ended, and one that is gone breaks the call.
        self._thread.join()
        self._channel.close()


def open_event_log(target: str) -> EventLog:
    """The receiver that `--event-log` names."""
    if target.startswith("tcp://"):
        return StreamLog(target.removeprefix("tcp://"))
    return FileLog(Path(target))
