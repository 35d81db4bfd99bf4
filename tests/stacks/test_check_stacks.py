"""``make stacks`` says what is wrong with a stack, and nothing of one that is right."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.stacks.check_stacks import KIT, Environments, check, digest, main, problems_of
from tests.stacks.conftest import STACKS

PYTHON = Path(sys.executable)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A copy of a stack that is right, where ruff finds the repository's settings."""
    shutil.copytree(STACKS / "network", tmp_path / "network", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(STACKS.parent / "pyproject.toml", tmp_path)
    kit = tmp_path / "layers" / "stack_kit" / "python"
    kit.mkdir(parents=True)
    (kit / "cloud_stack").symlink_to(KIT / "python" / "cloud_stack")  # ruff sorts the kit's imports by where it is
    return tmp_path / "network"


def said(stack: Path) -> str:
    return "\n".join(problems_of(stack, PYTHON))


def test_a_stack_that_is_right_has_no_problems(stack: Path) -> None:
    assert said(stack) == ""


def test_a_module_that_cannot_be_imported_is_named(stack: Path) -> None:
    (stack / "src" / "broken.py").write_text("import no_such_module\n")
    problems = said(stack)
    assert "importing failed:" in problems
    assert "No module named 'no_such_module'" in problems


def test_a_file_that_is_no_python_is_named(stack: Path) -> None:
    (stack / "__main__.py").write_text("x = (\n")
    assert "compiling failed:" in said(stack)


def test_what_ruff_finds_is_told(stack: Path) -> None:
    (stack / "src" / "zones.py").write_text("import os\nx  =  1\n")
    problems = said(stack)
    assert "ruff check failed:" in problems
    assert "ruff format failed:" in problems


def test_another_name_in_its_project_is_told(stack: Path) -> None:
    (stack / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    assert "Pulumi.yaml names it 'other'" in said(stack)


def test_requirements_that_pip_cannot_install_are_told(stack: Path, tmp_path: Path) -> None:
    (stack / "requirements.txt").write_text("./no/such/folder\n")
    found, _ = check(stack, Environments(tmp_path / "environments"))
    assert found[0].startswith("pip install failed:")


def test_a_stack_without_requirements_is_told(stack: Path, tmp_path: Path) -> None:
    (stack / "requirements.txt").unlink()
    found, _ = check(stack, Environments(tmp_path / "environments"))
    assert "requirements.txt" in found[0]


def test_an_environment_is_of_its_requirements_and_of_the_kit(stack: Path, tmp_path: Path) -> None:
    requirements = stack / "requirements.txt"
    before = digest(requirements)
    assert digest(STACKS / "network" / "requirements.txt") == before
    requirements.write_text(requirements.read_text() + "x\n")
    assert digest(requirements) != before
    requirements.write_text((STACKS / "network" / "requirements.txt").read_text())
    assert digest(requirements) == before
    assert digest(requirements, kit=tmp_path / "no-kit") != before


def test_an_unknown_stack_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["netwrk"])
    assert ended.value.code == 2
    assert "there is no stack netwrk" in capsys.readouterr().err
