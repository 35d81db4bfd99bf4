"""How local mode's process is tuned: what the garbage collector leaves out, and how often threads change places.

botocore's models, moto and the parser of the state machine are some 300,000 objects that live as long as the process. A full
collection takes 0.3 s on them, in which nobody is answered, and loading them sets off several.

The functions run in threads of one interpreter. Of several that want to run, one goes on for SWITCH_SECONDS instead of Python's
5 ms: a stack that is ready gets through its steps, instead of all of them through a part of each.
"""

from __future__ import annotations

import gc
import sys

THRESHOLDS = (20_000, 20, 100)
"""Allocations before the youngest are looked at, and how often before the older are: what a deployment leaves behind is garbage
soon or stays long, and what the first one loads (clients, tables' models) stays."""

SWITCH_SECONDS = 0.05


def pause() -> None:
    """Collect nothing while everything is loaded."""
    gc.disable()


def resume() -> None:
    """Collect from now on, and leave out what is there; let threads run longer."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
    sys.setswitchinterval(SWITCH_SECONDS)
