"""The real command line by subprocess, against a local mode that plays scripts instead of running Pulumi."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

WAIT_SECONDS = 90.0
"""Longer than anything here takes on a busy machine; a test that waits so long has failed."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """A user's folder and cloud home. ``shell("deploy", "--yes")`` runs the command there, without a terminal."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CLOUD_", "AWS_"))},
            "CLOUD_HOME": str(home),
            "TERM": "xterm",
        }

    def __call__(self, *arguments: str) -> Ran:
        ran = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert "Task exception was never retrieved" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def in_folder(self, folder: Path) -> Shell:
        return Shell(folder, Path(self.environment["CLOUD_HOME"]))

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The command while it runs, with its stderr to read; it is ended at the end, whatever happens."""
        process = subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def in_terminal(self, *arguments: str) -> Iterator[Terminal]:
        """The command on a terminal of its own."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            process.wait()
            os.close(ours)

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "cloud_cli", *arguments]


class Terminal:
    """What a person sees and types."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self.text = ""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def read_until(self, text: str) -> str:
        """Everything seen so far, when ``text`` is in it."""
        while text not in self.text:
            if not self._read():
                raise AssertionError(f"{text!r} never came:\n{self.text}")
        return self.text

    def end(self) -> int:
        """Read to the end; gives the exit code."""
        while self._read():
            pass
        return self.process.wait(WAIT_SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], WAIT_SECONDS)
        if not ready:
            raise AssertionError(f"Nothing came for {WAIT_SECONDS:.0f} s after:\n{self.text}")
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The lines of stderr up to the one with ``text``."""
    assert process.stderr is not None
    seen = ""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        line = process.stderr.readline()
        seen += line
        if text in line:
            return seen
        if not line:
            break
    raise AssertionError(f"{text!r} never came:\n{seen}")


def add_project(folder: Path, deployment_id: str, stacks: Mapping[str, Any], **manifest: Any) -> Path:
    """A deployment whose stacks play scripts, in a folder of its own; gives the folder.

    ``stacks`` maps names to manifest entries with a ``script`` instead of a ``config``.
    """
    root = folder / deployment_id
    document = {
        "version": 1,
        "deployment": {"id": deployment_id, "org": "acme", "project": "shop"},
        "environments": {"dev": {"enabled": True, "account": "111111111111", "region": "us-east-1"}},
        "stacks": {name: _entry(entry) for name, entry in stacks.items()},
        **manifest,
    }
    path = root / "deploy" / f"{deployment_id}-acme-shop" / "manifest.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    for name in stacks:
        program = root / "stacks" / name
        program.mkdir(parents=True)
        (program / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n", encoding="utf-8")
    return root


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in entry.items() if key != "script"}
    return {**kept, "config": {"script": dict(entry.get("script", {}))}}
