"""When Python's garbage collector looks at what local mode has loaded: never.

botocore's models, moto and the parser of the state machine are some 300,000 objects that live as long as the process. A full
collection takes 0.3 s on them, in which nobody is answered, and loading them sets off several.
"""

from __future__ import annotations

import gc


def pause() -> None:
    """Collect nothing while everything is loaded."""
    gc.disable()


def resume() -> None:
    """Collect from now on, and leave out what is there."""
    gc.freeze()
    gc.enable()
