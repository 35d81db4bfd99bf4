"""The wheel carries everything that local mode needs where there is no checkout, and nothing that it doesn't."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import infra

ROOT = Path(infra.__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by hatchling itself, offline, from the checkout as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def sources(folder: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob(pattern) if "__pycache__" not in path.parts}


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("cloud", "layers/shared/python/cloud"),
        ("cloud_stack", "layers/stack_kit/python/cloud_stack"),
        ("cloud_cli", "cli/cloud_cli"),
        ("cloud_local", "local/cloud_local"),
        ("functions", "functions"),
        ("infra", "infra"),
    ],
)
def test_every_module_of_every_package_is_in_it(names: set[str], package: str, source: str) -> None:
    assert {f"{package}/{name}" for name in sources(ROOT / source, "*.py")} <= names


@pytest.mark.parametrize("folder", ["statemachine", "stacks", "templates"])
def test_what_is_no_python_package_travels_as_data(names: set[str], folder: str) -> None:
    expected = {
        f"cloud_local/bundle_data/{folder}/{name}"
        for name in sources(ROOT / folder, "*")
        if (ROOT / folder / name).is_file()
    }

    assert expected
    assert expected <= names


def test_neither_tests_nor_caches_nor_anything_of_a_machine_is_in_it(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}

    assert tops == {"cloud", "cloud_stack", "cloud_cli", "cloud_local", "functions", "infra"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".tmp", ".log"))]


def test_the_command_is_declared(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "cloud = cloud_cli.main:run" in archive.read(entry_points).decode()


def test_without_the_checkout_its_own_data_is_found(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere and imported from there alone, with the dependencies of this interpreter."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from cloud_local import bundle, runtime, serve\n"
        "from cloud_local.handlers import load_functions\n"
        "load_functions()\n"
        "for module in (bundle, runtime, sys.modules['infra.topology'], sys.modules['functions.serve_api.handler']):\n"
        "    print(module.__file__)\n"
        "for name in ('statemachine', 'stacks', 'templates'): print(bundle.folder(name))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True
    )

    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.split()
    assert len(lines) == 7
    assert all(line.startswith(str(tmp_path)) for line in lines)
