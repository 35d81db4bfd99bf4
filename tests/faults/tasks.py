"""Tasks that run one at a time: which one goes on, and when, is up to the seed and to a clock that stands still.

A task is a thread that has the baton or waits for it. It gives it away where it pauses or waits; then the loop picks the next
from those that may go on. When none may, the clock moves to the next moment that somebody waits for. So the same seed gives
the same run, and a minute costs nothing.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from typing import Any

from cloud.adapters.memory.clock import ManualClock

SWITCHES = 0.35
"""How often a pause gives the baton away."""


class Killed(BaseException):
    """The task ends here, as a process does that gets SIGKILL: nothing that it still tries has an effect."""


class Stuck(Exception):
    """Nobody can go on, and nobody waits for a moment; or it takes longer than it ever may."""


class Task:
    """``result`` or ``error`` is there when it has ``ended``; neither when it was killed. It is killed at ``dies_at``."""

    def __init__(self, name: str, call: Callable[[], Any], group: Any, dies_at: float) -> None:
        self.name, self.group, self.dies_at = name, group, dies_at
        self.result: Any = None
        self.error: BaseException | None = None
        self.ended = self.killed = False
        self._call = call
        self._baton = threading.Lock()
        self._baton.acquire()
        self._thread: threading.Thread | None = None
        self._until: Callable[[], bool] | None = None
        self._deadline: float | None = None

    def may_go_on(self, now: float) -> bool:
        if self.killed or now >= self.dies_at:
            self.killed = True
            return True
        if self._until is not None and self._until():
            return True
        return self._deadline is not None and now >= self._deadline


class Tasks:
    """``clock`` is the only time there is. ``current`` is the task that has the baton, None outside of all."""

    def __init__(self, chance: random.Random, clock: ManualClock) -> None:
        self.chance, self.clock = chance, clock
        self.current: Task | None = None
        self.all: list[Task] = []
        self.switches = 0
        self._loop = threading.Lock()
        self._loop.acquire()

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def spawn(
        self, name: str, call: Callable[[], Any], group: Any = None, *, dies_at: float = math.inf, late: float = 0.0
    ) -> Task:
        """A task that goes on from its first line when it is picked, ``late`` seconds from now at the earliest.

        ``group`` is whom it dies with.
        """
        task = Task(name, call, group, dies_at)
        task._until = None if late else _at_once
        task._deadline = self.now + late if late else None
        self.all.append(task)
        return task

    def pause(self) -> None:
        """Perhaps somebody else goes on first. Raises Killed in a task that was killed."""
        task = self.current
        if task is None:
            return
        if not task.killed and self.chance.random() < SWITCHES:
            self._give_away(task, _at_once, None)
        if task.killed:
            raise Killed

    def wait(self, until: Callable[[], bool] | None = None, seconds: float | None = None) -> bool:
        """Until ``until`` holds (True) or ``seconds`` have passed (False). Raises Killed in a task that was killed."""
        task = self.current
        assert task is not None, "only a task can wait"
        self._give_away(task, until, None if seconds is None else self.now + seconds)
        if task.killed:
            raise Killed
        return until is not None and until()

    def kill(self, task: Task) -> None:
        """SIGKILL: it ends when it would go on."""
        task.killed = True

    def kill_group(self, group: Any) -> None:
        for task in self.all:
            if task.group is group:
                task.killed = True

    def run(self, until: Callable[[], bool], *, latest: float) -> None:
        """Let the tasks go on until ``until`` holds. Raises Stuck when that can't be, or not before ``latest``."""
        while not until():
            self.all = [task for task in self.all if not task.ended]
            now = self.now
            ready = [task for task in self.all if task.may_go_on(now)]
            if ready:
                self._go_on(self.chance.choice(ready))
                continue
            moments = [task._deadline for task in self.all if task._deadline is not None]
            moments += [task.dies_at for task in self.all if task.dies_at < math.inf]
            if not moments:
                raise Stuck(f"nobody can go on: {', '.join(task.name for task in self.all) or 'there is nobody'}")
            if min(moments) > latest:
                raise Stuck(f"it is not over in time; there are: {', '.join(task.name for task in self.all)}")
            self.clock.advance(max(min(moments) - now, 1e-6))

    def end(self) -> None:
        """Kill what is left, so that no thread stays behind."""
        for task in self.all:
            task.killed = True
        while left := [task for task in self.all if not task.ended]:
            self._go_on(left[0])

    def _go_on(self, task: Task) -> None:
        self.switches += 1
        self.current, task._until, task._deadline = task, None, None
        if task._thread is None:
            if task.killed:
                task.ended, self.current = True, None
                return
            task._thread = threading.Thread(target=self._body, args=(task,), name=task.name, daemon=True)
            task._thread.start()
        task._baton.release()
        self._loop.acquire()
        self.current = None

    def _body(self, task: Task) -> None:
        task._baton.acquire()
        try:
            task.result = task._call()
        except Killed:
            task.killed = True
        except BaseException as error:  # noqa: BLE001 - whoever waits for the task is told
            task.error = error
        task.ended = True
        self._loop.release()

    def _give_away(self, task: Task, until: Callable[[], bool] | None, deadline: float | None) -> None:
        task._until, task._deadline = until, deadline
        self._loop.release()
        task._baton.acquire()


def _at_once() -> bool:
    return True
