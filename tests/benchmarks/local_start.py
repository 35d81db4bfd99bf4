"""How soon local mode is ready, and what it takes of the memory.

*Ready* is from the start of ``python -m cloud_local.serve --stand-in`` until its context file is there and ``/health``
answers. Memory is the resident set of the server and of the stand-in's fork server, after a warm-up: the state machine's
parser and whatever the fork server imports ahead are loaded. Shared pages count in both, so the sum is an upper bound.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.results import Figure

RUNS = 3
READY_LIMIT_SECONDS = 3.0
RSS_LIMIT_MB = 400.0
SETTLED_SECONDS = 1.0
"""Memory is taken when it has not grown for so long."""
_MAX_SECONDS = 60.0
_BARE = (sys.executable, "-c", "import boto3; print(flush=True); input()")


def measure() -> list[Figure]:
    """Ready: the median of several starts, related to a bare ``import boto3``; memory: of the last of them."""
    bare = [_bare() for _ in range(RUNS)]
    runs = [_run(with_memory=number == RUNS - 1) for number in range(RUNS)]
    ready = median(seconds for seconds, _, _ in runs)
    bare_seconds, bare_mb = median(seconds for seconds, _ in bare), max(megabytes for _, megabytes in bare)
    _, server, fork_server = runs[-1]
    total = server + fork_server
    return [
        Figure("local_ready_seconds", ready, "s", ready / bare_seconds, READY_LIMIT_SECONDS),
        Figure("local_rss_mb", total, "MB", total / bare_mb, RSS_LIMIT_MB),
        Figure("local_server_rss_mb", server, "MB", server / bare_mb),
        Figure("local_fork_server_rss_mb", fork_server, "MB", fork_server / bare_mb),
    ]


def _run(*, with_memory: bool) -> tuple[float, float, float]:
    """(seconds until ready, MB of the server, MB of the fork server); the last two are 0 unless asked for."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CLOUD_HOME": home}
        began = time.perf_counter()
        with _process([sys.executable, "-m", "cloud_local.serve", "--stand-in"], environment) as server:
            _await_health(Path(home) / "contexts" / "local.json", server)
            seconds = time.perf_counter() - began
            if not with_memory:
                return seconds, 0.0, 0.0
            (child,) = _children(server.pid)
            server_mb, child_mb = _settled([server.pid, child])
            return seconds, server_mb, child_mb


def _bare() -> tuple[float, float]:
    began = time.perf_counter()
    with _process(_BARE, dict(os.environ)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - began, _rss_mb(process.pid)


@contextlib.contextmanager
def _process(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, and waited for, with the block."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def _await_health(context: Path, server: subprocess.Popen[bytes]) -> None:
    """Raises RuntimeError when the server ends instead, or takes a minute."""
    deadline = time.monotonic() + _MAX_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, OSError):
            url = json.loads(context.read_text(encoding="utf-8"))["url"]
            with urllib.request.urlopen(f"{url}/health") as answer:
                if answer.status == 200:
                    return
        time.sleep(0.005)
    raise RuntimeError(f"Local mode did not become ready (exit code {server.poll()}).")


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def _rss_mb(pid: int) -> float:
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(listed.stdout) * 1024 / 1e6  # ps counts in KiB


def _settled(pids: Sequence[int]) -> list[float]:
    """The memory of each once none of them has grown for a while."""
    deadline = time.monotonic() + _MAX_SECONDS
    before = [0.0] * len(pids)
    while time.monotonic() < deadline:
        now = [_rss_mb(pid) for pid in pids]
        if all(abs(new - old) < 1.0 for new, old in zip(now, before, strict=True)):
            return now
        before = now
        time.sleep(SETTLED_SECONDS)
    return before
