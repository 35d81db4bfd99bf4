"""The command ``cloud``, and the one place where errors become reports and exit codes.

    0 ok · 1 failed · 2 usage · 3 validation · 4 not found · 5 conflict or locked · 6 not allowed · 130 interrupted

Nothing is imported here but the standard library, so that Ctrl-C during the imports is no traceback either.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run one command line; gives the exit code. Errors are reported, never raised."""
    import typer.main

    from cloud_cli.app import build_app
    from cloud_cli.options import Invocation
    from cloud_cli.reporting import report

    invocation = Invocation()
    try:
        command = typer.main.get_command(build_app())
        code = command(args=list(arguments), prog_name="cloud", standalone_mode=False, obj=invocation)
        sys.stdout.flush()
        if code == INTERRUPTED and not invocation.has_begun:
            raise KeyboardInterrupt  # Typer has swallowed it while it read the command line
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        # Whoever read us has had enough (`cloud list | head`); the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: everything becomes a report
        # A command line that can't be parsed has told us nothing yet.
        return report(error, invocation.options, as_json=invocation.options.json or "--json" in arguments)


def run() -> None:
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        code = INTERRUPTED
    sys.exit(code)
