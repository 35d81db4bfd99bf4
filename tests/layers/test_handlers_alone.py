"""Every handler imports from nothing but the unzipped layer and function, in isolated mode."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from infra import topology
from tests.layers.lambda_package import unpack

PROGRAM = """
import importlib, json, sys
sys.path[:0] = sys.argv[1:3]
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
found = {}
for name in json.loads(sys.argv[3]):
    found[name] = callable(importlib.import_module(f"functions.{name}.handler").handler)
heavy = [name for name in ("pulumi", "boto3", "moto", "typer", "rich", "httpx", "starlette") if name in sys.modules]
print(json.dumps({"found": found, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    layer, function = unpack(tmp_path_factory.mktemp("lambda"))
    names = json.dumps([declared.name for declared in topology.FUNCTIONS])
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(layer), str(function), names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


def test_every_declared_function_has_its_handler(imported: dict[str, object]) -> None:
    assert imported["found"] == {declared.name: True for declared in topology.FUNCTIONS}


def test_no_handler_loads_what_only_the_runner_the_cli_or_local_mode_needs(imported: dict[str, object]) -> None:
    assert imported["heavy"] == []
