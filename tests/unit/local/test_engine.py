from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from cloud.domain.errors import EngineMissing
from cloud_local.engine import MAX_SOCKET_PATH, Engine, EngineChoice


def executable(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho v3.999.0\n")
    path.chmod(mode)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "local"
    made.mkdir()
    return made


def test_the_pulumi_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = executable(tmp_path / "opt" / "bin" / "pulumi")
    monkeypatch.setenv("PATH", str(found.parent))

    assert EngineChoice().installed() == found
    assert EngineChoice(stand_in=True).installed() is None


def test_without_one_the_stand_in_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert EngineChoice().installed() is None


def test_a_named_root_wins_over_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(executable(tmp_path / "one" / "bin" / "pulumi").parent))
    named = executable(tmp_path / "two" / "bin" / "pulumi")

    assert EngineChoice(str(tmp_path / "two")).installed() == named


def test_a_named_root_may_begin_at_home_or_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = executable(tmp_path / "two" / "bin" / "pulumi")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert EngineChoice("~/two").installed() == EngineChoice("two").installed() == named


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_root_without_an_executable_is_an_error_that_says_what_to_give(tmp_path: Path, mode: int | None) -> None:
    if mode is not None:
        executable(tmp_path / "bin" / "pulumi", mode)

    with pytest.raises(EngineMissing, match=r"bin/pulumi is not an executable file") as missing:
        EngineChoice(str(tmp_path)).installed()
    assert "--pulumi-root" in missing.value.hint


def test_a_wrong_root_starts_nothing(tmp_path: Path, folder: Path) -> None:
    engine = Engine(EngineChoice(str(tmp_path / "nowhere")), folder)

    with pytest.raises(EngineMissing):
        engine.start()
    engine.stop()
    assert list(folder.iterdir()) == []


def test_an_installed_pulumi_is_told_to_the_runner_with_its_plugins_and_an_empty_state(
    tmp_path: Path, folder: Path
) -> None:
    root = executable(tmp_path / "pulumi" / "bin" / "pulumi").parent.parent
    (folder / "state" / "old").mkdir(parents=True)
    engine = Engine(EngineChoice(str(root)), folder).start()
    settings = engine.settings()
    engine.stop()

    assert settings["pulumi_root"] == str(root)
    assert settings["backend_url"] == f"file://{folder / 'state'}"
    assert settings["plugin_path"].split(os.pathsep) == [str(folder / "plugins"), str(Path(sys.executable).parent)]
    assert list((folder / "state").iterdir()) == []
    assert os.access(folder / "plugins" / "pulumi-resource-aws", os.X_OK)
    assert engine.environment()["CLOUD_ENGINE_NPM_CONFIG_CACHE"] == str(folder / "caches" / "npm")
    assert not any(value.endswith("fork") for value in engine.environment().values())
    assert engine.description == f"the installed Pulumi at {root}"


@pytest.mark.parametrize("name", ["shims", "sbin"])
def test_a_pulumi_that_lies_in_no_folder_named_bin_is_used_too(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    found = executable(tmp_path / name / "pulumi")
    monkeypatch.setenv("PATH", str(found.parent))
    for _ in range(2):  # a link of the last start is in the way of the second
        engine = Engine(EngineChoice(), folder).start()
        engine.stop()

    assert not engine.is_stand_in
    assert (Path(engine.settings()["pulumi_root"]) / "bin" / "pulumi").samefile(found)


def test_a_shim_that_is_a_link_to_another_program_is_called_by_its_own_name(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = executable(tmp_path / "usr" / "bin" / "manager")
    shim = tmp_path / "shims" / "bin" / "pulumi"
    shim.parent.mkdir(parents=True)
    shim.symlink_to(manager)
    monkeypatch.setenv("PATH", str(shim.parent))
    engine = Engine(EngineChoice(), folder).start()
    engine.stop()

    assert engine.settings()["pulumi_root"] == str(shim.parent.parent)


def test_the_passphrase_is_the_owners_only_and_new_with_every_empty_state(tmp_path: Path, folder: Path) -> None:
    executable(tmp_path / "pulumi" / "bin" / "pulumi")
    left = folder / "passphrase"
    left.write_text("")  # a crash between making and writing it would have left this
    left.chmod(0o644)
    seen = set()
    for _ in range(2):
        engine = Engine(EngineChoice(str(tmp_path / "pulumi")), folder).start()
        path = Path(engine.settings()["passphrase_file"])
        engine.stop()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        seen.add(path.read_text())

    assert len(seen) == 2
    assert all(len(each) >= 32 for each in seen)


@pytest.mark.parametrize("depth", [1, 150])
def test_the_stand_in_runs_from_any_folder_and_leaves_no_process_and_no_socket(tmp_path: Path, depth: int) -> None:
    folder = tmp_path / ("x y" * depth)[:200]
    folder.mkdir()
    engine = Engine(EngineChoice(stand_in=True), folder).start()
    try:
        (address,) = (value for name, value in engine.environment().items() if name.endswith("PULUMI_SERVER"))
        pid = engine._server.pid if engine._server else 0
        assert engine.is_stand_in
        assert "emulated" in engine.description
        assert len(address) < MAX_SOCKET_PATH
        assert Path(address).is_socket()
        assert stat.S_IMODE(Path(address).stat().st_mode) == 0o600
        assert os.access(Path(engine.settings()["pulumi_root"]) / "bin" / "pulumi", os.X_OK)
    finally:
        engine.stop()
        engine.stop()
    assert not Path(address).exists()
    assert Path(address).parent == folder or not Path(address).parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
