"""``make chaos``: run seeds, tell which fail, and replay one.

python -m tests.faults --runs 1000 --first 1
python -m tests.faults --seed 42
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.faults.scenarios import drawn, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description="Deployments with faults, by seed.")
    parser.add_argument("--runs", type=int, default=200, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, help="replay one, with its trace")
    chosen = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    if chosen.seed is not None:
        report = run(drawn(chosen.seed))
        say("\n".join(report.lines()) + ("\n" if report.broken else "\nholds\n"))
        return bool(report.broken)
    began, struck, failed = time.monotonic(), Counter[str](), []
    for seed in range(chosen.first, chosen.first + chosen.runs):
        report = run(drawn(seed))
        struck.update(each.partition(" at ")[0] for each in report.happened)
        if report.broken:
            failed.append(seed)
            say("\n".join(report.lines(last=25)) + f"\n  replay: make chaos SEED={seed}\n\n")
    seconds = time.monotonic() - began
    faults = ", ".join(f"{count} × {kind}" for kind, count in sorted(struck.items()))
    say(f"{chosen.runs} runs in {seconds:.0f} s; faults that struck: {faults}\n")
    say(f"failed: {', '.join(map(str, failed))}\n" if failed else "all hold\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
