"""Messages to people, by the engine's own Log service; to standard error where no engine is attached."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

Deliver = Callable[[Any], None]
"""Takes one `pulumirpc.LogRequest`."""


class EngineLog:
    """Log messages of the provider. Safe for use by several threads."""

    def __init__(self, deliver: Deliver | None = None) -> None:
        self._deliver = deliver or _to_standard_error
        self._fixed = deliver is not None
        self._lock = threading.Lock()
        self._address = ""

    def attach(self, address: str) -> None:
        """Deliver to the engine at a gRPC address; an in-process delivery given at the start stays."""
        with self._lock:
            if self._fixed or not address or address == self._address:
                return
            import grpc

            self._address = address
            stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
            self._deliver = lambda request: stub.Log(request, timeout=10)

    def warning(self, message: str, urn: str = "") -> None:
        """A warning about one resource."""
        self._log(engine_pb2.WARNING, message, urn)

    def _log(self, severity: int, message: str, urn: str) -> None:
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn)  # type: ignore[arg-type]
        self._deliver(request)


def _to_standard_error(request: Any) -> None:
    severity = engine_pb2.LogSeverity.Name(request.severity).lower()
    sys.stderr.write(f"{severity}: {request.urn}: {request.message}\n")
