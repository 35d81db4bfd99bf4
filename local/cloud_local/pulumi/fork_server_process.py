"""Starts, keeps and stops the fork server as a process; used by local mode and by tests.

A server that dies (somebody kills it, the machine runs out of memory) is started again. Commands that it was running go on, and
tell their launchers themselves how they end; until the new server is up, launchers run the engine in their own process.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from .fork_server import READY
from .launcher import SERVER_VARIABLE

_STOP_SECONDS = 5.0
_RESTARTS = 5
"""Of a server that keeps dying something else is the matter; without one everything works, only slower."""


class ForkServerProcess:
    """A running fork server. `environment()` is what the callers of the launcher need; `on_restart` is called when a server
    that died has a successor; the key for the passphrase in `passphrase_file` is derived ahead."""

    def __init__(
        self,
        socket_path: Path,
        python: str = sys.executable,
        *,
        passphrase_file: Path | None = None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        self.socket_path = socket_path
        self._files = [] if passphrase_file is None else [str(passphrase_file)]
        self._python = python
        self._on_restart = on_restart
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def start(self) -> ForkServerProcess:
        """Start it and wait until it serves. Raises RuntimeError when it doesn't come up."""
        self._launch()
        threading.Thread(target=self._keep, daemon=True, name="fork-server-keeper").start()
        return self

    def _launch(self) -> None:
        process = self._process = subprocess.Popen(
            [self._python, "-m", "cloud_local.pulumi.fork_server", str(self.socket_path), *self._files],
            stdin=subprocess.PIPE,  # closing it, as our death does, stops the server
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        if process.stdout.readline().strip() != READY:
            self._process = None
            _end(process)
            raise RuntimeError("the fork server of the emulated engine didn't start")

    def _keep(self) -> None:
        for _ in range(_RESTARTS):
            process = self._process
            if process is None:
                return
            process.wait()
            with self._lock:
                if self._process is not process:
                    return  # it was stopped
                _end(process)
                try:
                    self._launch()
                except (OSError, RuntimeError):
                    return
            self._on_restart()

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
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)

    def __enter__(self) -> ForkServerProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _end(process: subprocess.Popen[str]) -> None:
    """Also for one that has ended: its pipes are closed."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
