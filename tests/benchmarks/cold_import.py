"""Cold import of each task's handler: a new interpreter that has nothing but the layer and the function, best of several."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from infra import topology
from tests.benchmarks.results import Figure
from tests.layers.lambda_package import unpack

LIMIT_MS = 250.0
RUNS = 5
TASKS = tuple(
    name for name in topology.STATE_MACHINES[0].substitutions.values() if name in {f.name for f in topology.FUNCTIONS}
)

_PROGRAM = """
import sys, time
sys.path[:0] = sys.argv[1:3]
began = time.perf_counter()
import importlib
importlib.import_module(f"functions.{sys.argv[3]}.handler")
print((time.perf_counter() - began) * 1000)
"""


def measure() -> list[Figure]:
    """``cold_import_ms_{task}``; the ratio is to a bare ``import json, logging`` in the same kind of process."""
    with tempfile.TemporaryDirectory() as folder:
        layer, function = unpack(Path(folder))
        bare = min(_bare() for _ in range(RUNS))
        times = {name: min(_import(layer, function, name) for _ in range(RUNS)) for name in TASKS}
    worst = max(times, key=lambda name: times[name])
    figures = [Figure(f"cold_import_ms_{name}", value, "ms", value / bare, LIMIT_MS) for name, value in times.items()]
    return [*figures, Figure("cold_import_ms", times[worst], "ms", times[worst] / bare, LIMIT_MS)]


def _import(layer: Path, function: Path, name: str) -> float:
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(layer), str(function), name]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _bare() -> float:
    program = "import time; b = time.perf_counter(); import json, logging; print((time.perf_counter() - b) * 1000)"
    command = [sys.executable, "-I", "-S", "-c", program]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
