"""What local mode says that programs are run with: whatever it names makes stacks run again."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from cloud import __version__
from cloud_local.engine import Engine, EngineChoice
from cloud_local.engine_identity import SCRIPTED, identity, source_digest


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A package that can be found and need not be imported."""
    folder = tmp_path / "packages" / "some_kit"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('it is only read')\n")
    (folder / "inner" / "names.py").write_text("A = 1\n")
    sys.path.insert(0, str(folder.parent))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder.parent))


def test_the_stand_in_names_itself_its_sdks_its_plugin_the_kit_and_python() -> None:
    said = identity(None)
    assert said == identity(None)
    assert "+emulated" in said
    for part in (
        f"pulumi {metadata.version('pulumi')}",
        f"pulumi_aws {metadata.version('pulumi_aws')}",
        f"cloud_local.provider {__version__} {source_digest('cloud_local.provider')}",
        f"cloud_stack {__version__} {source_digest('cloud_stack')}",
        "python 3.",
    ):
        assert part in said


def test_an_installed_pulumi_is_named_by_its_version(tmp_path: Path) -> None:
    old = identity(executable(tmp_path / "old" / "pulumi", "echo v3.100.0"))
    new = identity(executable(tmp_path / "new" / "pulumi", "echo v3.101.0"))
    assert "engine v3.100.0," in old
    assert new == old.replace("v3.100.0", "v3.101.0")


@pytest.mark.parametrize("script", ["exit 1", "echo", "exec /nowhere/at/all"])
def test_a_pulumi_that_does_not_say_its_version_is_not_known(tmp_path: Path, script: str) -> None:
    assert identity(executable(tmp_path / "pulumi", script)) == ""


def test_a_pulumi_that_cannot_be_run_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "pulumi").write_text("no program")
    assert identity(tmp_path / "pulumi") == ""


def test_every_change_of_a_packages_source_changes_its_digest(package: Path) -> None:
    digests = [source_digest("some_kit")]
    (package / "inner" / "names.py").write_text("A = 2\n")
    digests.append(source_digest("some_kit"))
    (package / "inner" / "names.py").rename(package / "names.py")
    digests.append(source_digest("some_kit"))
    (package / "more.py").write_text("")
    digests.append(source_digest("some_kit"))
    assert len(set(digests)) == len(digests)


def test_what_is_no_source_does_not_count(package: Path) -> None:
    digest = source_digest("some_kit")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "names.pyc").write_bytes(b"x")
    (package / "notes.txt").write_text("x")
    assert source_digest("some_kit") == digest
    shutil.copytree(package, package.with_name("other_kit"))
    importlib.invalidate_caches()
    assert source_digest("other_kit") == digest


@pytest.mark.parametrize("name", ["no_such_kit", "no_init"])
def test_a_package_that_is_not_there_is_an_error(package: Path, name: str) -> None:
    (package.parent / "no_init").mkdir()
    with pytest.raises(ModuleNotFoundError, match=f"no package {name}"):
        source_digest(name)


def test_an_engine_tells_the_functions_what_it_is(tmp_path: Path) -> None:
    installed = executable(tmp_path / "pulumi" / "bin" / "pulumi", "echo v3.100.0")
    (tmp_path / "local").mkdir()
    engine = Engine(EngineChoice(str(tmp_path / "pulumi")), tmp_path / "local").start()
    engine.stop()
    assert engine.settings()["engine"] == identity(installed)
    assert identity(installed) not in ("", SCRIPTED)
