from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.adapters.pulumi.engine_settings import RUN_MARKER
from cloud_local.leftovers import end_runs

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")

BACKEND = "file:///a/state"
PROGRAM = "import sys; print('ready', flush=True); sys.stdin.read()"


class Processes:
    """Processes that wait, each with an environment of its own."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []

    def start(self, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def end(self) -> None:
        for process in self._started:
            process.communicate()


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes()
    yield started
    started.end()


def test_every_process_of_a_run_on_the_backend_is_ended(processes: Processes) -> None:
    runs = [processes.start(**{"PULUMI_BACKEND_URL": BACKEND, RUN_MARKER: mark}) for mark in ("one", "two")]

    assert end_runs(BACKEND) == 2
    assert [process.wait(10) for process in runs] == [-9, -9]


def test_another_instances_runs_and_a_persons_own_shell_are_left_alone(processes: Processes) -> None:
    others = [
        processes.start(**{"PULUMI_BACKEND_URL": f"{BACKEND}2", RUN_MARKER: "x"}),
        processes.start(**{RUN_MARKER: "x"}),
        processes.start(PULUMI_BACKEND_URL=BACKEND),
    ]

    assert end_runs(BACKEND) == 0
    assert [process.poll() for process in others] == [None, None, None]
