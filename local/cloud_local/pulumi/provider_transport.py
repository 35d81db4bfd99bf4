"""How the engine reaches a provider: an object in this process, or a plugin process over gRPC. Same messages on both.

Every failure becomes an `OperationFailed`, with the resource's state when the provider reports a failed initialisation
(`ErrorResourceInitFailed` in the status details).
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

import grpc

from .errors import OperationFailed, Status
from .values import from_wire

OPTIONS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
# Codes after which nobody knows whether the call took effect.
_UNCERTAIN = {"INTERNAL", "DATA_LOSS", "UNKNOWN"}
_DETAILS_KEY = "grpc-status-details-bin"


class Transport(Protocol):
    """A way to call a provider's methods."""

    def call(self, method: str, request: Any) -> Any:
        """Send a request message and return the response message. Raises OperationFailed."""

    def close(self) -> None:
        """Let go of the provider; a plugin process ends."""


class _Aborted(Exception):
    pass


class InProcessContext:
    """What a servicer sees as its gRPC context when it is called directly."""

    def __init__(self) -> None:
        self.status_code: grpc.StatusCode | None = None
        self.message = ""
        self.details_bytes = b""

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """End the call with an error, as over gRPC."""
        self.status_code, self.message = code, details
        raise _Aborted(details)

    def abort_with_status(self, status: Any) -> NoReturn:
        """End the call with an error that carries details in its trailing metadata."""
        self.set_trailing_metadata(status.trailing_metadata or ())
        self.abort(status.code, status.details)

    def set_code(self, code: grpc.StatusCode) -> None:
        """The code of the error that the servicer is about to raise."""
        self.status_code = code

    def set_details(self, details: str) -> None:
        """The text of the error that the servicer is about to raise."""
        self.message = details

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Metadata that goes with an error; only the status details matter."""
        self.details_bytes = dict(metadata).get(_DETAILS_KEY, self.details_bytes)


class InProcessTransport:
    """A servicer object, called directly."""

    def __init__(self, servicer: Any) -> None:
        self._servicer = servicer

    def call(self, method: str, request: Any) -> Any:
        context = InProcessContext()
        try:
            response = getattr(self._servicer, method)(request, context)
        except _Aborted:
            _fail(context.status_code, context.message, context.details_bytes)
        except NotImplementedError:
            _fail(grpc.StatusCode.UNIMPLEMENTED, context.message or f"{method} is not implemented", b"")
        except OperationFailed:
            raise
        except grpc.RpcError as error:
            _fail_rpc(error)
        except Exception as error:  # noqa: BLE001 - a provider's bug is a failed operation, as behind gRPC
            text = context.message or f"{type(error).__name__}: {error}"
            _fail(context.status_code, text, context.details_bytes)
        if context.status_code not in (None, grpc.StatusCode.OK):
            _fail(context.status_code, context.message, context.details_bytes)
        return response

    def close(self) -> None:
        close = getattr(self._servicer, "close", None)
        if close is not None:
            close()


class GrpcTransport:
    """A plugin process."""

    def __init__(self, address: str, end_process: Any) -> None:
        from pulumi.runtime.proto import provider_pb2_grpc

        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._end_process = end_process

    def call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request)
        except grpc.RpcError as error:
            _fail_rpc(error)

    def close(self) -> None:
        self._channel.close()
        self._end_process()


def _fail_rpc(error: grpc.RpcError) -> NoReturn:
    trailing = getattr(error, "trailing_metadata", lambda: None)() or ()
    details = next((value for key, value in trailing if key == _DETAILS_KEY), b"")
    _fail(error.code(), error.details() or "", details)


def _fail(code: grpc.StatusCode | None, message: str, details: bytes) -> NoReturn:
    failed = _init_failure(details) if details else None
    if failed is not None:
        raise OperationFailed(
            _init_message(failed.reasons),
            Status.PARTIAL_FAILURE,
            resource_id=failed.id,
            properties=from_wire(failed.properties),
            inputs=from_wire(failed.inputs) if failed.HasField("inputs") else None,
            reasons=list(failed.reasons),
        )
    name = code.name if code is not None else "UNKNOWN"
    status = Status.UNKNOWN if name in _UNCERTAIN else Status.OK
    raise OperationFailed(message, status, unimplemented=name == "UNIMPLEMENTED")


def _init_message(reasons: Any) -> str:
    """The text of the engine's InitError."""
    count = len(reasons)
    lines = "".join(f"\n\t* {reason}" for reason in reasons)
    return f"{count} error{'s' if count != 1 else ''} occurred:{lines}\n\n"


def _init_failure(details: bytes) -> Any:
    from pulumi.runtime.proto import provider_pb2, status_pb2

    for detail in status_pb2.Status.FromString(details).details:
        failed = provider_pb2.ErrorResourceInitFailed()
        if detail.Is(failed.DESCRIPTOR):
            detail.Unpack(failed)
            return failed
    return None
