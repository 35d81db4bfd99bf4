"""The named points of a run, and the faults that happen there.

A point is named by who reaches it and where: ``record_stack network: after stacks.put``, ``open_operation: invoke``,
``pulumi app: before create app-1``. Whatever goes through a port, an invocation or the engine passes points, and at each one
another task may go on first. A fault happens at the n-th point that its pattern matches, once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import Any

from cloud.domain.errors import NetworkError, Throttled
from cloud.domain.records import StackRecord
from cloud.ports.stores import Stores
from cloud.service.platform import Platform
from tests.faults.tasks import Killed, Tasks

READS = re.compile(r"(get|list|read|has|is|recent|lines|registrations|etag|subscribers)")


class Kind(StrEnum):
    """What goes wrong. docs/reliability.md says where, and how it ends."""

    KILL = "kill"
    """The sandbox is gone, with Pulumi in it: SIGKILL, out of memory, a host that fails."""
    KILL_ENGINE = "kill engine"
    """The pulumi process alone is gone."""
    RAISE = "raise"
    """The function raises what nobody expects."""
    THROTTLE = "throttle"
    """AWS refuses the call, and did nothing."""
    LOSE = "lose answer"
    """AWS has done it, and nobody is told."""
    DELAY = "delay"
    """It takes ``seconds``, and everybody else goes on."""
    HANG = "hang"
    """It never goes on: the sandbox is killed at its time limit."""
    REFUSE = "refuse"
    """Lambda has no room for the invocation."""
    BREAK = "break"
    """Lambda fails, and the function did not run."""
    UNHEARD = "fail unheard"
    """Lambda says that it failed, and the function runs all the same, from now on unheard."""
    TWICE = "deliver twice"
    """The event is delivered twice, at once."""
    LATE = "deliver again later"
    """The event is delivered again after ``seconds``."""
    DROP = "drop"
    """The message is lost."""
    STOP = "stop execution"
    """Somebody stops the execution in the console."""
    CANCEL = "cancel"
    FORCE = "cancel by force"
    RELEASE = "release lock"
    """Somebody asks for the environment to be freed, whoever holds it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` happens at the ``occurrence``-th point whose name matches ``point`` (``*`` stands for anything)."""

    point: str
    kind: Kind
    occurrence: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        seconds = f" {self.seconds:g} s" if self.seconds else ""
        return f"{self.kind}{seconds} at {self.point!r} #{self.occurrence}"


@dataclass
class _Armed:
    fault: Fault
    pattern: re.Pattern[str]
    left: int


class Broke(Exception):
    """A defect that no code of ours expects."""


class Points:
    """``actions`` do what is not this module's: stopping, cancelling, killing the engine. ``happened``: what has struck."""

    def __init__(self, tasks: Tasks, faults: tuple[Fault, ...]) -> None:
        self.tasks = tasks
        self.trace: list[tuple[float, str]] = []
        self.happened: list[str] = []
        self.actions: Mapping[Kind, Callable[[], None]] = {}
        self.watch: Callable[[], None] = lambda: None
        self._armed = [_Armed(fault, _compiled(fault.point), fault.occurrence) for fault in faults]
        self._began = tasks.now

    @property
    def who(self) -> str:
        return self.tasks.current.name if self.tasks.current else "the test"

    def reach(self, place: str) -> Fault | None:
        """Pass the point. Gives the fault that the caller has to do itself, if there is one.

        Raises Killed, Throttled, NetworkError and Broke, as the faults say.
        """
        task = self.tasks.current
        if task is None:
            return None
        if task.killed:
            raise Killed
        name = f"{task.name}: {place}"
        self.trace.append((self.tasks.now - self._began, name))
        self.watch()
        fault = self._strike(name)
        self.tasks.pause()
        return fault

    def disarm(self) -> None:
        """From now on nothing goes wrong."""
        self._armed.clear()

    def note(self, text: str) -> None:
        """Into the trace only."""
        self.trace.append((self.tasks.now - self._began, text))

    def _strike(self, name: str) -> Fault | None:
        left: Fault | None = None
        matching = [armed for armed in self._armed if armed.pattern.match(name)]
        for armed in matching:
            armed.left -= 1
        for armed in [armed for armed in matching if armed.left <= 0]:
            self._armed.remove(armed)
            self.happened.append(f"{armed.fault.kind} at {name!r}")
            self.note(f"!!! {armed.fault.kind}")
            left = self._do(armed.fault, name) or left
        return left

    def _do(self, fault: Fault, name: str) -> Fault | None:
        task = self.tasks.current
        assert task is not None
        if fault.kind is Kind.KILL:
            if task.group is None:
                return None
            self.tasks.kill_group(task.group)
            raise Killed
        if fault.kind is Kind.RAISE:
            raise Broke(f"A defect at {name}.")
        if fault.kind is Kind.THROTTLE:
            raise Throttled("DynamoDB is throttling.")
        if fault.kind is Kind.LOSE and not name.endswith(": answer"):
            raise NetworkError("The answer was lost.")
        if fault.kind is Kind.DELAY:
            self.tasks.wait(seconds=fault.seconds)
        elif fault.kind is Kind.HANG:
            self.tasks.wait(seconds=10_000.0)
        elif fault.kind in self.actions:
            self.actions[fault.kind]()
        else:
            return fault
        return None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def _written(row: StackRecord) -> str:
    if row.claim is not None:
        return "claim" if row.claim.heartbeat_at == row.claim.taken_at else "heartbeat"
    return "report" if row.report is not None else "result" if row.is_recorded else "begin"


_LABELS: Mapping[str, Callable[[Any], str]] = {
    "stacks.put": _written,
    "operations.put": lambda operation: "settled" if operation.settled else str(operation.state.value),
}
"""What a write is for, where one method serves several ends."""


class Tapped:
    """A port whose calls pass points: reads one before, writes one before and one after."""

    def __init__(self, inner: Any, name: str, points: Points) -> None:
        self._inner, self._name, self._points = inner, name, points

    def __getattr__(self, method: str) -> Any:
        call, points = getattr(self._inner, method), self._points
        is_read, of = READS.match(method) is not None, _LABELS.get(f"{self._name}.{method}")

        def through(*arguments: Any, **named: Any) -> Any:
            place = f"{self._name}.{method}" + (f" {of(arguments[0])}" if of else "")
            fault = points.reach(f"before {place}")
            if fault is not None and fault.kind is Kind.DROP:
                return None
            result = call(*arguments, **named)
            if not is_read:
                points.reach(f"after {place}")
            return result

        return through


def tapped(platform: Platform, points: Points) -> Platform:
    """The platform with all its stores, the workflow and Pulumi's state behind points. The runner has its own."""
    names = Stores.__dataclass_fields__
    stores = Stores(**{name: Tapped(getattr(platform.stores, name), name, points) for name in names})
    workflow, state = Tapped(platform.workflow(), "workflow", points), Tapped(platform.state(), "state", points)
    return replace(platform, stores=stores, workflow=lambda: workflow, state=lambda: state, manifests={}, operations={})
