"""An event loop whose clock moves only when everybody waits: hours pass at once, and always in the same order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class VirtualLoop(asyncio.SelectorEventLoop):
    """For tasks that wait for each other and for the clock, and for nothing outside of the process."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual_time = 0.0
        select = self._selector.select  # type: ignore[attr-defined]  # what every loop of this kind sleeps in

        def skip(timeout: float | None) -> Any:
            assert timeout is not None, "Everybody waits, and nothing is going to happen."
            self._virtual_time += timeout
            return select(0)

        self._selector.select = skip  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._virtual_time


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """What ``main`` gives, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
