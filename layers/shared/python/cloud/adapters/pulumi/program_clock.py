"""How much of a run was spent in the user's program."""

from __future__ import annotations

from collections.abc import Callable


class ProgramClock:
    """Counts the seconds in which nothing but the program kept the run going.

    From the engine's prelude, after which it starts the language host and the program (whose imports are most of a short
    run), to the registration of the stack's outputs, the last thing that a program does; of that, the time in which no
    provider was working on a resource. The engine doesn't report the program's end as such, and while providers work the
    program may compute too: so this is a lower bound of the program's own time, and an upper bound of what a faster program
    start could save. Read by arrival of the events, because the engine stamps them in whole seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._alone_since: float | None = None
        self._is_running = False
        self._busy: set[str] = set()
        self.seconds = 0.0

    def start(self) -> None:
        self._is_running = True
        self._alone_since = self._clock()

    def stop(self) -> None:
        self._settle()
        self._is_running = False

    def resource_begun(self, urn: str) -> None:
        self._settle()
        self._busy.add(urn)

    def resource_ended(self, urn: str) -> None:
        if urn not in self._busy:
            return
        self._busy.discard(urn)
        if self._is_running and not self._busy:
            self._alone_since = self._clock()

    def _settle(self) -> None:
        if self._is_running and self._alone_since is not None:
            self.seconds += self._clock() - self._alone_since
        self._alone_since = None
