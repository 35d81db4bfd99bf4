"""Instances of local mode for tests that start real processes, and what is left of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.02


def processes_of(home: Path) -> list[int]:
    """The processes that were started with this cloud home, or below it (Linux)."""
    wanted = f"CLOUD_HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environ = (entry / "environ").read_bytes().split(b"\0")
            if wanted in environ or any(str(home).encode() in each for each in environ if b"PULUMI_BACKEND" in each):
                found.append(int(entry.name))
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether the condition comes true in time; for what happens in other processes, which tell nobody."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def nothing_left(home: Path) -> Iterator[None]:
    """No process of the home survives the block."""
    yield
    assert eventually(lambda: not processes_of(home)), processes_of(home)
