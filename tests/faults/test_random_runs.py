"""Two hundred runs by seed. A failing one prints its scenario, its faults and its trace; `make chaos SEED=…` replays it."""

from __future__ import annotations

import pytest

from tests.faults.scenarios import drawn, run

RUNS, AT_ONCE = 200, 10


@pytest.mark.parametrize("first", range(1, RUNS + 1, AT_ONCE))
def test_everything_agrees_after_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        report = run(drawn(seed))
        assert not report.broken, "\n".join((*report.lines(last=60), f"replay: make chaos SEED={seed}"))
