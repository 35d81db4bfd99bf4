"""`python -m cloud_local.provider [engine address]`: the provider as a plugin; prints its port, serves until ended."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from cloud_local.provider import create_provider
from cloud_local.provider.errors import ProviderError

_METHODS: Final = (
    *("GetPluginInfo", "Handshake", "Attach", "GetSchema", "GetMapping", "Cancel"),
    *("CheckConfig", "DiffConfig", "Configure", "Check", "Diff", "Create", "Read", "Update", "Delete", "Invoke"),
)
_LARGEST_MESSAGE_BYTES: Final = 400 * 1024 * 1024  # what Pulumi's own SDKs allow


def remote(provider: Any) -> Any:
    """The provider as a gRPC service: its errors become statuses with the same code, details and metadata."""
    service = provider_pb2_grpc.ResourceProviderServicer()
    for name in _METHODS:
        setattr(service, name, _guarded(getattr(provider, name)))
    return service


def _guarded(method: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def call(request: Any, context: Any) -> Any:
        try:
            return method(request, context)
        except ProviderError as error:
            context.set_trailing_metadata(error.trailing_metadata())
            context.abort(error.code(), error.details())
        except Exception as error:  # noqa: BLE001 - the boundary: a fault of ours is told to the engine, with its place
            traceback.print_exc(file=sys.stderr)
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")

    return call


def serve(engine_address: str) -> tuple[Any, int]:
    """A started server on a free loopback port, and the port."""
    provider = create_provider()
    provider.log.attach(engine_address)
    options = [("grpc.max_receive_message_length", _LARGEST_MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(remote(provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Serve until the engine ends the process."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    server, port = serve(addresses[0] if addresses else "")
    ended = threading.Event()
    # The engine ends its plugins by SIGINT (a person's Ctrl-C doesn't reach them: they have their own process group).
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(grace=0.5).wait()


if __name__ == "__main__":
    main()
