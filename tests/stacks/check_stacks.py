"""``make stacks``: what every stack requires is installed, and its program is checked there; several at a time.

    python -m tests.stacks.check_stacks [--jobs 2] [STACK…]

For each stack: its ``requirements.txt`` is installed by pip into a virtual environment under ``build/stacks/`` (one for all
stacks that require the same, kept until that or the kit changes), ``pip check`` finds nothing amiss, ``Pulumi.yaml`` names it,
ruff finds nothing in it, and every module of ``src`` is imported by that environment's Python. Nothing is deployed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import yaml

ROOT = Path(__file__).resolve().parents[2]
STACKS, KIT, ENVIRONMENTS = ROOT / "stacks", ROOT / "layers" / "stack_kit", ROOT / "build" / "stacks"

_IMPORTS = """
import importlib, pathlib
for path in sorted(pathlib.Path("src").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
"""
SHOWN_LINES = 15


@dataclass
class Environments:
    """Virtual environments by what is installed in them; each is made once, by whoever needs it first."""

    folder: Path
    _locks: dict[str, Lock] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def python_for(self, stack: Path) -> Path:
        """The Python of the stack's environment. Raises CheckFailed when pip can't install it, or finds conflicts."""
        name = digest(stack / "requirements.txt")
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            python = self.folder / name / "bin" / "python"
            done = self.folder / name / ".installed"
            if not done.is_file():
                venv.create(self.folder / name, with_pip=True, clear=True)
                pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
                run([*pip, "install", "-q", "-r", "requirements.txt"], stack, "pip install")
                run([*pip, "check"], stack, "pip check")
                done.touch()
            return python


class CheckFailed(Exception):
    """A command that failed; the message is its name and the end of what it said."""


def digest(requirements: Path, kit: Path = KIT) -> str:
    """Of all that decides what is installed: the requirements, the kit, and this Python."""
    hasher = hashlib.sha256(sys.version.encode())
    hasher.update(requirements.read_bytes())
    for path in sorted(kit.rglob("*")):
        if path.suffix in (".py", ".toml"):
            hasher.update(path.read_bytes())
    return hasher.hexdigest()[:16]


def run(command: Sequence[str], folder: Path, name: str) -> None:
    """Raises CheckFailed when the command does."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "GRPC_VERBOSITY": "NONE"}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = "\n".join((ran.stdout + ran.stderr).strip().splitlines()[-SHOWN_LINES:])
        raise CheckFailed(f"{name} failed:\n{said}")


def problems_of(stack: Path, python: Path) -> Iterator[str]:
    """Everything that is wrong with a stack, where ``python`` has its requirements."""
    project = yaml.safe_load((stack / "Pulumi.yaml").read_text(encoding="utf-8"))
    if project.get("name") != stack.name:
        yield f"Pulumi.yaml names it {project.get('name')!r}"
    ruff = [sys.executable, "-m", "ruff"]
    for command, name in (
        ([*ruff, "format", "--check", "--no-cache", "."], "ruff format"),
        ([*ruff, "check", "--no-cache", "."], "ruff check"),
        ([sys.executable, "-c", _compiles()], "compiling"),
        ([str(python), "-c", _IMPORTS], "importing"),
    ):
        try:
            run(command, stack, name)
        except CheckFailed as failed:
            yield str(failed)


def _compiles() -> str:
    return "import pathlib\nfor path in pathlib.Path().rglob('*.py'): compile(path.read_bytes(), str(path), 'exec')"


def check(stack: Path, environments: Environments) -> tuple[list[str], float]:
    """What is wrong with the stack, and how many seconds it took to find out."""
    started = time.monotonic()
    try:
        found = list(problems_of(stack, environments.python_for(stack)))
    except (CheckFailed, OSError, yaml.YAMLError) as failed:
        found = [str(failed)]
    return found, time.monotonic() - started


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make stacks", description="Install and check the stacks.")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time (2)")
    parser.add_argument("stacks", nargs="*", help="only these")
    options = parser.parse_args(arguments)
    folders = [path.parent for path in sorted(STACKS.glob("*/Pulumi.yaml"))]
    chosen = [folder for folder in folders if not options.stacks or folder.name in options.stacks]
    if unknown := set(options.stacks) - {folder.name for folder in folders}:
        parser.error(f"there is no stack {', '.join(sorted(unknown))}")
    environments, wrong = Environments(ENVIRONMENTS), 0
    with ThreadPoolExecutor(options.jobs) as pool:
        running: dict[Future[tuple[list[str], float]], str] = {
            pool.submit(check, folder, environments): folder.name for folder in chosen
        }
        for done in as_completed(running):
            found, seconds = done.result()
            wrong += bool(found)
            print(f"{running[done]:20} {'failed' if found else 'ok':8} {seconds:5.1f} s", flush=True)  # noqa: T201
            for problem in found:
                print("  " + problem.replace("\n", "\n    "), flush=True)  # noqa: T201
    print(f"{len(chosen)} stacks, {wrong} with problems")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
