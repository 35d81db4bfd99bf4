"""When Python's garbage collector looks at what local mode has loaded: never.

botocore's models, moto and the parser of the state machine are some 300,000 objects that live as long as the process. A full
collection takes 0.3 s on them, in which nobody is answered, and loading them sets off several.
"""

from __future__ import annotations

import gc

THRESHOLDS = (20_000, 20, 100)
"""Allocations before the youngest are looked at, and how often before the older are: what a deployment leaves behind is garbage
soon or stays long, and what the first one loads (clients, tables' models) stays."""


def pause() -> None:
    """Collect nothing while everything is loaded."""
    gc.disable()


def resume() -> None:
    """Collect from now on, and leave out what is there."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
