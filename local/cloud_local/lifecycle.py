"""Local mode as a background process: start, status, stop, reset. One instance per cloud home.

The folder ``local`` of the cloud home holds ``pid``, ``log`` and what the runtime keeps; the context ``local`` tells clients
where it is. The process holds a lock on ``lock`` for as long as it lives: that, not the pid file, says whether it runs, so
that neither a crash nor a reused process id can mislead anybody.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.client.contexts import LOCAL, load_context, remove_context
from cloud.domain.errors import CloudError, InternalError, LockHeld
from cloud.settings import cloud_home

START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOG_TAIL_LINES = 15


def local_folder() -> Path:
    return Path(cloud_home()) / "local"


@dataclass(frozen=True, slots=True)
class LocalStatus:
    """``pid`` is 0 when nothing runs. Addresses are empty until it is ready."""

    running: bool
    pid: int = 0
    url: str = ""
    aws_url: str = ""
    log: str = ""


@contextmanager
def hold_instance() -> Iterator[Path]:
    """Be the instance for as long as the context lasts; gives the folder. Raises LockHeld when there is one already."""
    folder = local_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockHeld("Local mode runs already.", hint="`cloud local stop` ends it.") from None
        (folder / "pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
        try:
            yield folder
        finally:
            remove_context(LOCAL)
            (folder / "pid").unlink(missing_ok=True)


def is_running() -> bool:
    """Whether some process holds the instance's lock."""
    path = local_folder() / "lock"
    if not path.exists():
        return False
    with path.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def status() -> LocalStatus:
    """What runs, and where."""
    log = str(local_folder() / "log")
    if not is_running():
        return LocalStatus(False, log=log)
    try:
        context = load_context(LOCAL)
    except CloudError:
        return LocalStatus(True, _pid(), log=log)  # it is starting
    return LocalStatus(True, _pid(), context.url, context.aws_url, log)


def start(arguments: list[str]) -> LocalStatus:
    """Start the background process and wait until it is ready. ``arguments`` are those of ``cloud_local.serve``.

    Raises LockHeld when it runs already, InternalError with the end of its log when it does not come up.
    """
    if is_running():
        raise LockHeld("Local mode runs already.", hint="`cloud local status` shows it, `cloud local stop` ends it.")
    folder = local_folder()
    folder.mkdir(parents=True, exist_ok=True)
    remove_context(LOCAL)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cloud_local.serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=folder,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise InternalError(f"Local mode ended while it started.\n{_log_tail()}", hint=f"The log: {folder / 'log'}")
        found = status()
        if found.url:
            return found
        time.sleep(0.02)
    process.kill()
    raise InternalError(f"Local mode was not ready after {START_SECONDS:.0f} s.\n{_log_tail()}")


def stop() -> bool:
    """End the instance and wait until it has; False when none ran. Raises InternalError when it does not end."""
    if not is_running():
        return False
    pid = _pid()
    deadline = time.monotonic() + STOP_SECONDS
    if pid:
        os.kill(pid, signal.SIGTERM)
    while is_running():
        if time.monotonic() > deadline:
            raise InternalError(f"Local mode (process {pid}) does not end.", hint=f"kill -9 {pid}")
        time.sleep(0.02)
    return True


def reset() -> bool:
    """Stop, and delete what local mode keeps on disk; True when it ran."""
    ran = stop()
    shutil.rmtree(local_folder(), ignore_errors=True)
    return ran


def _pid() -> int:
    try:
        return int((local_folder() / "pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _log_tail() -> str:
    try:
        lines = (local_folder() / "log").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])
