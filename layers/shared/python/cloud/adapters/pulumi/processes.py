"""Every process of one run, known and ended together.

A Pulumi command starts a tree: language hosts and provider plugins, each in a process group of its own (so killing one
group isn't enough, and plugins outlive a killed CLI), and below them whatever a program starts. What they share is the
session, which each command begins, and a variable in their environment, by which even a process that left the session is
found (where ``/proc`` shows it: Linux).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from cloud.adapters.pulumi.engine_settings import RUN_MARKER

_PROC = Path("/proc")
_ROUNDS = 250
_PAUSE_SECONDS = 0.02


class RunIsEnding(Exception):
    """No more commands are started: the run has been interrupted."""


class RunProcesses:
    """The processes of one run. Thread-safe: one thread waits for a command while another interrupts or ends it."""

    def __init__(self, marker: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._marker = f"{RUN_MARKER}={marker}".encode()
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sessions: set[int] = set()
        self._current: subprocess.Popen[bytes] | None = None
        self._ending_began = threading.Event()
        self._is_cleaning_up = False
        # Held by an ending from its first look to its last, so that it can't take a command that is started for cleaning up
        # for one that it is to end.
        self._ending = threading.RLock()

    def start(
        self, command: Sequence[str], *, cwd: str, env: Mapping[str, str], with_input: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start ``command`` in a session of its own, with pipes for its output (and its input, where ``with_input``).

        Raises RunIsEnding after an interrupt: one that fell between two commands must not be lost.
        """
        with self._ending, self._lock:
            if self._ending_began.is_set():
                raise RunIsEnding
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
            self._current = process
            self._sessions.add(process.pid)
            return process

    def pause(self, seconds: float) -> None:
        """Wait between two commands. Raises RunIsEnding as soon as the run is interrupted."""
        if self._ending_began.wait(seconds):
            raise RunIsEnding

    def refuse_more(self) -> None:
        """Start no more commands; those that run are left alone."""
        self._ending_began.set()

    def interrupt(self) -> None:
        """SIGINT to the Pulumi command alone: it ends its own children in good order and writes down what it did."""
        with self._lock:
            self.refuse_more()
            process = self._current
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGINT)

    def begin_cleaning_up(self) -> None:
        """Allow commands again, for what is to be done after an interrupt or a failure; first end what is left."""
        with self._ending:
            self.end_all()
            self._is_cleaning_up = True
            self._ending_began.clear()

    def end_strays(self) -> None:
        """SIGKILL what left the sessions of the run (a program's daemons); Pulumi and its plugins go on."""
        with self._lock:
            sessions = frozenset(self._sessions)
        for pid in tuple(self.alive()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getsid(pid) not in sessions:
                    os.kill(pid, signal.SIGKILL)

    def end_all(self, *, but_cleaning_up: bool = False) -> tuple[int, ...]:
        """SIGKILL whatever is left of the run and wait for it to be gone; the ids of those that stayed nevertheless.

        Repeated until nothing is found, because a process may start another while it is being looked for. With
        ``but_cleaning_up`` nothing is done once cleaning up has begun.
        """
        with self._ending:
            if but_cleaning_up and self._is_cleaning_up:
                return ()
            left = tuple(self.alive())
            for _ in range(_ROUNDS):
                if not left:
                    break
                for pid in left:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
                self._sleep(_PAUSE_SECONDS)
                left = tuple(self.alive())
            return left

    def alive(self) -> Iterator[int]:
        """The ids of the run's processes that are running now (a zombie only waits to be reaped and isn't one)."""
        with self._lock:
            sessions = frozenset(self._sessions)
        for pid in _process_ids():
            if pid != os.getpid() and self._is_ours(pid, sessions) and not _is_zombie(pid):
                yield pid

    def _is_ours(self, pid: int, sessions: frozenset[int]) -> bool:
        try:
            if os.getsid(pid) in sessions:
                return True
            return self._marker in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, somebody else's, or no /proc here
            return False


def _process_ids() -> Iterator[int]:
    if _PROC.is_dir():
        yield from (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
        return
    listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, check=True, text=True)
    yield from (int(line) for line in listed.stdout.split())


def _is_zombie(pid: int) -> bool:
    try:
        # The name in brackets may hold anything; what follows the last bracket is the state.
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
