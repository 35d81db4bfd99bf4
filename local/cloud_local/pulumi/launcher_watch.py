"""The engine dies with its launcher, as if they were one process, which they are with the CLI.

The fork server kills an engine whose launcher is dead, but only once it hears of it. Until then the engine could see the
provider die that was killed along with the launcher, take that for a failed step, and write it down: where the CLI leaves a
pending operation behind, it would be gone. So whoever is about to write a state or to release its lock looks first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
from pathlib import Path

_SIGKILL_BIT = 1 << (signal.SIGKILL - 1)
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Launcher:
    """The process at the other end of a connection, which it keeps open until it dies."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid = 0
        if hasattr(socket, "SO_PEERCRED"):  # Linux
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            self._pid = _CREDENTIALS.unpack(credentials)[0]

    def is_dead(self) -> bool:
        """Also when it was killed and hasn't come to dying yet: it will run no more."""
        with contextlib.suppress(BlockingIOError):
            if not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return True
        return self._pid > 0 and _is_killed(self._pid)


_launcher: Launcher | None = None


def watch(connection: socket.socket) -> None:
    """From now on this process is the engine of the launcher at the other end."""
    global _launcher
    _launcher = Launcher(connection)


def die_with_launcher() -> None:
    """Returns only while the launcher lives, or where there is none (the engine runs in its place)."""
    if _launcher is not None and _launcher.is_dead():
        os.kill(os.getpid(), signal.SIGKILL)


def _is_killed(pid: int) -> bool:
    try:
        status = (Path("/proc") / str(pid) / "status").read_text()
    except OSError:
        return True
    fields = dict(line.split(":", 1) for line in status.splitlines())
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    return bool(pending & _SIGKILL_BIT) or fields["State"].split()[0] in "ZX"
