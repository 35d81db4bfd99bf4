"""Starts and stops the fork server as a process; used by local mode and by tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType

from .fork_server import READY
from .launcher import SERVER_VARIABLE

_STOP_SECONDS = 5.0


class ForkServerProcess:
    """A running fork server. `environment()` is what the callers of the launcher need."""

    def __init__(self, socket_path: Path, python: str = sys.executable) -> None:
        self.socket_path = socket_path
        self._python = python
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> ForkServerProcess:
        """Start it and wait until it serves. Raises RuntimeError when it doesn't come up."""
        self._process = subprocess.Popen(
            [self._python, "-m", "cloud_local.pulumi.fork_server", str(self.socket_path)],
            stdin=subprocess.PIPE,  # closing it, as our death does, stops the server
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        if self._process.stdout.readline().strip() != READY:
            self.stop()
            raise RuntimeError("the fork server of the emulated engine didn't start")
        return self

    @property
    def pid(self) -> int:
        """The server's process. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError("the fork server isn't running")
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """Variables by which launchers find the server."""
        return {SERVER_VARIABLE: str(self.socket_path)}

    def stop(self) -> None:
        """Stop it, and every command that still runs in it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> ForkServerProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
