"""``make bench``: run every benchmark, write build/bench.json and docs/benchmarks.md, tell which limits are not met."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cloud import __version__
from tests.benchmarks import cold_import, local_start, makespan, plan_10k, real_stacks, sixteen_stacks, unchanged
from tests.benchmarks.results import Figure

ROOT = Path(__file__).resolve().parents[2]

BENCHMARKS: tuple[tuple[str, Callable[[], list[Figure]]], ...] = (
    ("Planning", plan_10k.measure),
    ("Cold imports", cold_import.measure),
    ("Local mode", local_start.measure),
    ("Makespan", makespan.measure),
    ("Nothing to change", unchanged.measure),
    ("Three real stacks", real_stacks.measure),
    ("Sixteen real stacks", sixteen_stacks.measure),
)


def main() -> int:
    groups: dict[str, list[Figure]] = {}
    for title, measure in BENCHMARKS:
        print(f"{title} …", flush=True)  # noqa: T201
        before = _processor_ticks()
        groups[title] = [*_in_a_process(measure), *_stolen(measure.__module__, before, _processor_ticks())]
        for figure in groups[title]:
            print("  " + _line(figure), flush=True)  # noqa: T201
    figures = [figure for group in groups.values() for figure in group]
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench.json").write_text(
        json.dumps([figure.to_dict() for figure in figures], indent=2) + "\n", encoding="utf-8"
    )
    (ROOT / "docs" / "benchmarks.md").write_text(_document(groups), encoding="utf-8")
    missed = [figure.name for figure in figures if figure.is_met is False]
    if missed:
        print(f"Limits that this run does not meet: {', '.join(missed)}")  # noqa: T201
    return 0


def _in_a_process(measure: Callable[[], list[Figure]]) -> list[Figure]:
    """Each benchmark has a process of its own, so that none measures what another left behind."""
    program = (
        "import importlib, json, sys\n"
        "found = importlib.import_module(sys.argv[1]).measure()\n"
        "open(sys.argv[2], 'w').write(json.dumps([each.to_dict() for each in found]))\n"
    )
    result = ROOT / "build" / "bench-part.json"
    result.parent.mkdir(exist_ok=True)
    with Path(os.devnull).open("w") as devnull:
        subprocess.run(
            [sys.executable, "-c", program, measure.__module__, str(result)], check=True, cwd=ROOT, stdout=devnull
        )
    figures = [Figure(**each) for each in json.loads(result.read_text(encoding="utf-8"))]
    result.unlink()
    return figures


def _processor_ticks() -> tuple[int, int] | None:
    """What this machine used of its processors since it was started, and what its host gave to others meanwhile (steal)."""
    try:
        numbers = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:  # not Linux
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = numbers
    return user + nice + system + irq + softirq, steal


def _stolen(module: str, before: tuple[int, int] | None, after: tuple[int, int] | None) -> list[Figure]:
    if before is None or after is None:
        return []
    used, stolen = after[0] - before[0], after[1] - before[1]
    return [Figure(f"stolen_share_{module.rpartition('.')[2]}", stolen / max(used + stolen, 1), "share")]


def _line(figure: Figure) -> str:
    met = {True: "met", False: "NOT met", None: ""}[figure.is_met]
    return f"{figure.name:<40} {_number(figure.value):>10} {figure.unit:<6} {met}"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _document(groups: dict[str, list[Figure]]) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    parts = [
        "# Benchmarks",
        "",
        "Written by `make bench`; every figure is from one run on one machine, as measured. Times on a shared machine vary: "
        "compare the ratios, whose two sides were measured in the same run. `stolen_share` is how much of the processor time "
        "that this machine asked for its host gave to others while the section ran.",
        "",
        f"Version {__version__}, {datetime.now(UTC):%Y-%m-%d}, {machine}.",
    ]
    for title, measure in BENCHMARKS:
        doc = (sys.modules[measure.__module__].__doc__ or "").strip()
        parts += [
            "",
            f"## {title}",
            "",
            doc,
            "",
            "| name | value | unit | ratio | limit | met |",
            "|---|---:|---|---:|---:|---|",
        ]
        for figure in groups[title]:
            met = {True: "yes", False: "**no**", None: ""}[figure.is_met]
            parts.append(
                f"| `{figure.name}` | {_number(figure.value)} | {figure.unit} | {_number(figure.ratio)} "
                f"| {_number(figure.limit)} | {met} |"
            )
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
