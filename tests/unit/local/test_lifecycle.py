"""What the lifecycle decides without a server; ``tests/e2e/test_local_mode.py`` starts real ones."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud.client.contexts import LOCAL, Context, context_file, save_context
from cloud.domain.errors import ConfigurationError, LockHeld
from cloud_local import lifecycle

CONTEXT = Context("http://127.0.0.1:1", "ws://127.0.0.1:1/local", "token", aws_url="http://127.0.0.1:2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of local mode in a home that is not there yet."""
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "local"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Some process has the instance's lock."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_where_nothing_ever_ran_nothing_runs_and_nothing_is_made(folder: Path) -> None:
    assert lifecycle.status() == lifecycle.LocalStatus(False, log=str(folder / "log"))
    assert lifecycle.stop() is False
    assert lifecycle.reset() is False
    assert not folder.parent.exists()


def test_a_pid_file_and_a_context_that_a_crash_left_mean_nothing(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    (folder / "pid").write_text(str(os.getpid()))  # an id that is somebody's by now
    save_context(LOCAL, CONTEXT)

    assert not lifecycle.status().running
    assert lifecycle.stop() is False
    with lifecycle.hold_instance():
        assert not context_file(LOCAL).exists()


def test_the_instance_is_known_by_its_lock_and_found_by_its_context(folder: Path) -> None:
    with lifecycle.hold_instance() as held:
        starting = lifecycle.status()
        save_context(LOCAL, CONTEXT)
        ready = lifecycle.status()

    assert held == folder
    assert (starting.running, starting.pid, starting.url) == (True, os.getpid(), "")
    assert (ready.running, ready.url, ready.aws_url) == (True, CONTEXT.url, CONTEXT.aws_url)
    assert not lifecycle.status().running
    assert not context_file(LOCAL).exists()
    assert not (folder / "pid").exists()


def test_the_folder_is_its_owners_only(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    with lifecycle.hold_instance():
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_instance_is_refused_and_the_first_keeps_its_files(folder: Path) -> None:
    with lifecycle.hold_instance():
        save_context(LOCAL, CONTEXT)
        with pytest.raises(LockHeld), lifecycle.hold_instance():
            pass
        with pytest.raises(LockHeld) as held:
            lifecycle.start([])
        assert lifecycle.status().url == CONTEXT.url
    assert (held.value.exit_code, "cloud local stop" in held.value.hint) == (5, True)


def test_asking_whether_it_runs_does_not_keep_it_from_starting(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    with (folder / "lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not lifecycle.is_running()  # two that ask at once
        fcntl.flock(asking, fcntl.LOCK_UN)
        with lifecycle.hold_instance():
            assert lifecycle.is_running()


def test_the_lock_of_a_folder_that_a_reset_has_deleted_guards_nothing(folder: Path) -> None:
    with locked(folder):
        (folder / "lock").unlink()
        with lifecycle.hold_instance():
            assert lifecycle.is_running()


def test_a_new_instance_begins_a_new_log(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "log").write_text("of the last one\n")
    with lifecycle.hold_instance():
        assert (folder / "log").read_text() == ""


def test_an_instance_that_ends_meanwhile_is_stopped(folder: Path) -> None:
    """Its lock is gone, its id is nobody's: stopping it is no error."""
    with locked(folder):
        (folder / "pid").write_text("4194305")  # above Linux's largest id
        with pytest.raises(Exception, match="does not end"):
            lifecycle.stop(seconds=0.05)
    assert lifecycle.stop() is False


@pytest.mark.parametrize("home", ["file", "file/below"])
def test_a_home_that_can_not_be_used_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path / home))

    for attempt in (lambda: lifecycle.start([]), lambda: lifecycle.hold_instance().__enter__()):
        with pytest.raises(
            ConfigurationError, match=r"can't be used: Not a directory|can't be used: File exists"
        ) as error:
            attempt()
        assert "CLOUD_HOME" in error.value.hint


def test_a_home_named_from_here_is_the_same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUD_HOME", "here")

    assert lifecycle.local_folder() == tmp_path / "here" / "local"


def test_a_reset_deletes_the_folder_and_the_next_instance_has_a_new_one(folder: Path) -> None:
    with lifecycle.hold_instance():
        (folder / "state").mkdir()
    assert lifecycle.reset() is False
    assert not folder.exists()
    with lifecycle.hold_instance():
        assert sorted(path.name for path in folder.iterdir()) == ["lock", "pid"]
