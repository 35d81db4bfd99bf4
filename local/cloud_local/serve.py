"""The background process of local mode: ``python -m cloud_local.serve``. It ends on SIGTERM or SIGINT, in order."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence

from cloud.client.contexts import LOCAL, Context, save_context
from cloud_local.lifecycle import hold_instance
from cloud_local.runtime import LocalCloud, Options


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud_local.serve", description=__doc__)
    parser.add_argument("--aws-port", type=int, default=0)
    parser.add_argument("--port", type=int, default=0, help="of the gateway (REST and WebSocket)")
    parser.add_argument("--pulumi-root", default="", help="the folder of an installed Pulumi (holds bin/pulumi)")
    parser.add_argument("--stand-in", action="store_true", help="use the stand-in even where Pulumi is installed")
    parser.add_argument("--scripted", action="store_true", help="run no Pulumi: stacks do what their script says")
    return parser.parse_args(arguments)


def main() -> None:
    given = parse()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
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
            save_context(LOCAL, Context(**local.context()))
            print(f"ready: {local.context()['url']}", flush=True)  # noqa: T201 - into the log
            ended.wait()


if __name__ == "__main__":
    main()
