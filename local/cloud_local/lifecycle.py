"""Local mode as a background process: start, status, stop, reset. One instance per cloud home.

The folder ``local`` of the cloud home holds ``pid``, ``log`` and what the runtime keeps; the context ``local`` tells clients
where it is. The process holds a lock on ``lock`` for as long as it lives: that, not the pid file, says whether it runs, so
that neither a crash nor a reused process id can mislead anybody.
"""

from __future__ import annotations

import contextlib
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
from typing import TextIO

from cloud.client.contexts import LOCAL, load_context, remove_context
from cloud.domain.errors import CloudError, ConfigurationError, InternalError, LockHeld
from cloud.settings import cloud_home

START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOG_TAIL_LINES = 15
_LOCK_ROUNDS = 25
_PAUSE_SECONDS = 0.02

_started: dict[int, subprocess.Popen[bytes]] = {}
"""The instances that this process started, by id: it must wait for them when they have ended, or they stay as zombies."""


def local_folder() -> Path:
    return Path(cloud_home()).absolute() / "local"


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
    """Be the instance for as long as the context lasts; gives the folder.

    Raises LockHeld when there is one already, ConfigurationError when the folder can't be written.
    """
    folder = _make_folder()
    with _take(folder / "lock"):
        # What a killed instance left behind; only the holder of the lock may judge that.
        remove_context(LOCAL)
        if (folder / "log").exists():
            os.truncate(folder / "log", 0)
        _write_pid(folder)
        try:
            yield folder
        finally:
            remove_context(LOCAL)
            (folder / "pid").unlink(missing_ok=True)


def is_running() -> bool:
    """Whether some process holds the instance's lock."""
    try:
        with (local_folder() / "lock").open() as lock:
            # Shared, so that two that ask at once don't take each other for the instance.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise _unusable(local_folder(), error) from error
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


def start(arguments: list[str], *, seconds: float = START_SECONDS) -> LocalStatus:
    """Start the background process and wait until it is ready. ``arguments`` are those of ``cloud_local.serve``.

    Raises LockHeld when it runs already (or somebody else's start was faster), ConfigurationError for a folder that can't be
    written, InternalError with the end of its log when it does not come up within ``seconds``.
    """
    if is_running():
        raise _runs_already()
    folder = _make_folder()
    log = folder / "log"
    process = _spawn(arguments, folder)
    try:
        found = _await_ready(process, seconds)
    except BaseException:  # Ctrl-C too: what isn't ready when the call ends must not go on
        _end(process)
        raise
    if found is not None:
        _started[process.pid] = process
        return found
    if process.returncode == LockHeld.exit_code:
        raise _runs_already()
    what = "ended while it started" if process.returncode is not None else f"was not ready after {seconds:g} s"
    _end(process)
    raise InternalError(f"Local mode {what}.\n{_log_tail(log)}".rstrip(), hint=f"The log: {log}")


def stop(*, seconds: float = STOP_SECONDS) -> bool:
    """End the instance and wait until it has; False when none ran. Raises InternalError when it does not end."""
    if not is_running():
        return False
    deadline = time.monotonic() + seconds
    signalled = 0
    while is_running():
        pid = _pid()
        if pid and pid != signalled:  # 0: it has the lock and is about to write its id
            _signal(pid)
            signalled = pid
        if time.monotonic() > deadline:
            raise InternalError(f"Local mode (process {pid}) does not end.", hint=f"kill -9 {pid}")
        time.sleep(_PAUSE_SECONDS)
    if process := _started.pop(signalled, None):
        process.wait()
    return True


def reset() -> bool:
    """Stop, and delete what local mode keeps on disk; True when it ran.

    Raises LockHeld when another is started meanwhile, ConfigurationError when the folder can't be deleted.
    """
    ran = stop()
    if local_folder().exists():
        with hold_instance() as folder:
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise ConfigurationError(f"{folder} can't be deleted: {error}.") from error
    return ran


def _spawn(arguments: list[str], folder: Path) -> subprocess.Popen[bytes]:
    # Appended to: of two that start at once, one must not write over the other's lines. The winner empties it.
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "cloud_local.serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=folder,
            env={**os.environ, "CLOUD_HOME": str(folder.parent)},
        )


def _await_ready(process: subprocess.Popen[bytes], seconds: float) -> LocalStatus | None:
    """The status once this very process is ready; None when it has ended or the time is over."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        found = status()
        if found.url and found.pid == process.pid:
            return found
        time.sleep(_PAUSE_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it; its fork server ends by itself when its parent is gone."""
    if process.poll() is None:
        process.kill()
    process.wait()


def _signal(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it has just ended
    except PermissionError as error:
        raise ConfigurationError(f"Local mode (process {pid}) belongs to another user.") from error


def _make_folder() -> Path:
    folder = local_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # Pulumi's state and the programs' logs are the owner's business
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


def _unusable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{folder} can't be used: {error.strerror}.", hint="CLOUD_HOME names another folder for it."
    )


def _runs_already() -> LockHeld:
    return LockHeld("Local mode runs already.", hint="`cloud local status` shows it, `cloud local stop` ends it.")


def _take(path: Path) -> TextIO:
    """The open file whose lock is ours until it is closed. Raises LockHeld when another process has it."""
    for _ in range(_LOCK_ROUNDS):
        try:
            file = path.open("a")
        except OSError as error:
            raise _unusable(path.parent, error) from error
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, file):
                return file
            # `reset` deleted the file that was waited for: the lock of a file without a name guards nothing.
        file.close()
        time.sleep(_PAUSE_SECONDS)  # `is_running` holds it for an instant, an instance for ever
    raise _runs_already()


def _is_still(path: Path, file: TextIO) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write_pid(folder: Path) -> None:
    draft = folder / "pid.tmp"
    draft.write_text(f"{os.getpid()}\n", encoding="utf-8")
    draft.replace(folder / "pid")  # a reader sees the old id or the new one, never none


def _pid() -> int:
    try:
        return int((local_folder() / "pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _log_tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])
