"""Ends the Pulumi processes of an instance that is no more, or is about to be.

Runs begin sessions of their own, so that neither the end of the server nor a signal to its group reaches them. What they
share is Pulumi's backend, which belongs to one instance, and the mark of a run: a process that has both in its environment
is one of ours (a person's shell may have the first).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from cloud.adapters.pulumi.engine_settings import RUN_MARKER

_PROC = Path("/proc")
_ROUNDS = 100
_PAUSE_SECONDS = 0.02


def end_runs(backend_url: str) -> int:
    """SIGKILL every process that works on this backend, and wait for it; how many there were.

    Needs ``/proc`` (Linux). Elsewhere nothing is found, and only the stand-in's processes end, by their fork server's end.
    """
    ended: set[int] = set()
    for _ in range(_ROUNDS):  # again, because a process may start another while it is being looked for
        found = set(_working_on(backend_url))
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended |= found
        time.sleep(_PAUSE_SECONDS)
    return len(ended)


def _working_on(backend_url: str) -> Iterator[int]:
    backend, mark = f"PULUMI_BACKEND_URL={backend_url}".encode(), f"{RUN_MARKER}=".encode()
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            # A zombie has no environment any more, so it isn't found.
            variables = (entry / "environ").read_bytes().split(b"\0")
            if backend in variables and any(variable.startswith(mark) for variable in variables):
                yield int(entry.name)
