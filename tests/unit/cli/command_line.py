"""Run one command line in this process and give what a shell would see."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud_cli.main import main

MANIFEST = """\
version: 1
deployment: {id: D123456, org: acme, project: shop}
environments:
  dev: {enabled: true, account: "111111111111", region: us-east-1}
  prod: {enabled: false, account: "333333333333", region: us-east-1}
stacks:
  network: {config: {cidr: 10.0.0.0/16}}
  security: {dependencies: [network]}
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """``cloud("validate")`` in the folder ``root``, with a cloud home of its own and no terminal."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        code = main(arguments)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def add_project(self, manifest: str = MANIFEST, folder: str = "D123456-acme-shop") -> Path:
        """A deployment with programs for its stacks; gives the manifest."""
        path = self.root / "deploy" / folder / "manifest.yaml"
        (path.parent / "config").mkdir(parents=True)
        path.write_text(manifest, encoding="utf-8")
        for stack in ("network", "security"):
            self.add_program(stack)
        return path

    def add_program(self, stack: str) -> Path:
        program = self.root / "stacks" / stack
        program.mkdir(parents=True, exist_ok=True)
        (program / "Pulumi.yaml").write_text(f"name: {stack}\nruntime: python\n", encoding="utf-8")
        return program

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*"))
