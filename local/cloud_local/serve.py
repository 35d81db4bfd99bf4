"""The background process of local mode: ``python -m cloud_local.serve``. It ends on SIGTERM or SIGINT, in order."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

from cloud.client.contexts import LOCAL, Context, save_context
from cloud.domain.errors import CloudError
from cloud_local import process_tuning
from cloud_local.lifecycle import hold_instance

LINGER_SECONDS = 3.0
"""What threads of functions that are still at work have when everything else has ended."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud_local.serve", description=__doc__)
    parser.add_argument("--aws-port", type=int, default=0)
    parser.add_argument("--port", type=int, default=0, help="of the gateway (REST and WebSocket)")
    parser.add_argument("--pulumi-root", default="", help="the folder of an installed Pulumi (holds bin/pulumi)")
    parser.add_argument("--stand-in", action="store_true", help="use the stand-in even where Pulumi is installed")
    parser.add_argument("--scripted", action="store_true", help="run no Pulumi: stacks do what their script says")
    return parser.parse_args(arguments)


def main() -> int:
    """Serve until told to end; gives the exit code. What the caller can act on is one line, not a traceback."""
    given = parse()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        _serve(given, ended)
    except CloudError as error:
        print(f"error: {error.message}", error.hint, file=sys.stderr, flush=True)  # noqa: T201 - into the log
        return error.exit_code
    except OSError as error:
        print(f"error: {error.strerror or error}", file=sys.stderr, flush=True)  # noqa: T201 - into the log
        return 1
    return 0


def _serve(given: argparse.Namespace, ended: threading.Event) -> None:
    process_tuning.pause()
    from cloud_local.runtime import LocalCloud, Options

    with hold_instance() as folder:
        options = Options(
            folder,
            aws_port=given.aws_port,
            gateway_port=given.port,
            pulumi_root=given.pulumi_root,
            stand_in=given.stand_in,
            scripted=given.scripted,
        )
        with LocalCloud(options) as local:
            if ended.is_set():
                return  # told to end while it started: nobody shall be told that it is ready
            save_context(LOCAL, Context(**local.context()))
            print(f"ready: {local.context()['url']}", flush=True)  # noqa: T201 - into the log
            local.aws.wait_until_warm()
            process_tuning.resume()
            ended.wait()


def _leave(code: int) -> None:
    """Exit, even when the thread of some function hangs: the interpreter would wait for it."""
    deadline = time.monotonic() + LINGER_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                print(f"{thread.name} is still at work; left alone", file=sys.stderr, flush=True)  # noqa: T201
                os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    _leave(main())
