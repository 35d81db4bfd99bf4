from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.adapters.pulumi.engine_settings import RUN_MARKER
from cloud.adapters.pulumi.processes import RunIsEnding, RunProcesses

# Of its own for each test process: they would end each other's processes.
MARKER = f"marker-{uuid.uuid4().hex}"

# Starts a child in a process group of its own, as Pulumi starts plugins, and one in a session of its own, as a daemon;
# then says that it is ready.
FAMILY = """
import os, subprocess, sys, time
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
children = [
    subprocess.Popen(sleeper, stdout=subprocess.DEVNULL),
    subprocess.Popen(sleeper, stdout=subprocess.DEVNULL, process_group=0),
    subprocess.Popen(sleeper, stdout=subprocess.DEVNULL, start_new_session=True),
]
print(*[child.pid for child in children], flush=True)
"""
WAIT = "time.sleep(600)"


Launch = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def processes() -> RunProcesses:
    return RunProcesses(MARKER)


@pytest.fixture
def launch(processes: RunProcesses) -> Iterator[Launch]:
    """Starts Python code as a command of a run; at the end nothing of any run is left."""
    started: list[tuple[RunProcesses, subprocess.Popen[bytes]]] = []

    def run(code: str, owner: RunProcesses = processes, marker: str = MARKER) -> subprocess.Popen[bytes]:
        process = owner.start([sys.executable, "-c", code], cwd=str(Path.cwd()), env={RUN_MARKER: marker})
        started.append((owner, process))
        return process

    yield run
    for owner, process in started:
        owner.end_all()
        process.communicate()


def children_of(process: subprocess.Popen[bytes]) -> set[int]:
    """Waits until the command has started them."""
    assert process.stdout is not None
    return {int(pid) for pid in process.stdout.readline().split()}


def test_nothing_of_the_run_survives_its_end(processes: RunProcesses, launch: Launch) -> None:
    command = launch(FAMILY + WAIT)
    children = children_of(command)
    assert set(processes.alive()) == {command.pid, *children}

    assert processes.end_all() == ()
    assert list(processes.alive()) == []


def test_what_outlives_a_command_is_still_known(processes: RunProcesses, launch: Launch) -> None:
    command = launch(FAMILY)
    children = children_of(command)
    command.wait()

    assert set(processes.alive()) == children
    processes.end_all()
    assert list(processes.alive()) == []


def test_strays_are_ended_and_the_command_with_its_plugins_goes_on(processes: RunProcesses, launch: Launch) -> None:
    command = launch(FAMILY + WAIT)
    children = children_of(command)
    (stray,) = (pid for pid in children if os.getsid(pid) == pid)
    end = os.pidfd_open(stray)

    processes.end_strays()

    assert select.select([end], [], [], 30)[0]  # killed, and by now also dead; the limit is for a failing test
    os.close(end)
    left = set(processes.alive())
    assert command.pid in left
    assert len(children & left) == 2


def test_processes_of_others_are_left_alone(processes: RunProcesses, launch: Launch) -> None:
    other = RunProcesses(f"another-{MARKER}")
    others = launch(f"import time; {WAIT}", other, f"another-{MARKER}")
    children_of(launch(FAMILY + WAIT))

    processes.end_all()

    assert list(other.alive()) == [others.pid]
    other.end_all()
    assert others.wait() == -signal.SIGKILL


def test_an_interrupt_reaches_the_command_alone(processes: RunProcesses, launch: Launch) -> None:
    command = launch(f"import signal, sys\nsignal.signal(signal.SIGINT, lambda *_: sys.exit(7))\n{FAMILY}{WAIT}")
    children = children_of(command)

    processes.interrupt()

    assert command.wait() == 7
    assert set(processes.alive()) == children


def test_no_command_starts_after_an_interrupt_until_cleaning_up_is_allowed(
    processes: RunProcesses, launch: Launch
) -> None:
    processes.interrupt()
    with pytest.raises(RunIsEnding):
        launch("pass")

    processes.begin_cleaning_up()
    assert launch("pass").wait() == 0


def test_a_pause_between_commands_ends_with_the_run(processes: RunProcesses) -> None:
    processes.pause(0)
    processes.refuse_more()
    with pytest.raises(RunIsEnding):
        processes.pause(1e6)


def test_what_cleans_up_after_the_run_is_not_ended_with_it(processes: RunProcesses, launch: Launch) -> None:
    children_of(launch(FAMILY + WAIT))
    processes.begin_cleaning_up()
    cleaner = launch(f"import time; print(flush=True); {WAIT}")
    children_of(cleaner)

    processes.end_all(but_cleaning_up=True)
    assert list(processes.alive()) == [cleaner.pid]

    processes.end_all()
    assert list(processes.alive()) == []


def test_ending_nothing_is_no_error() -> None:
    assert RunProcesses("nothing").end_all() == ()
