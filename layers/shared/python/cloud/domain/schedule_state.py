"""The state of the scheduler: every stack of one operation, where it stands, and the JSON of it that is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cloud.domain.errors import ConfigurationError, StateError
from cloud.domain.graph import layers_of, remaining_seconds, reverse, topological_order
from cloud.domain.operations import OnFailure

FORMAT = 1
"""Of ``Schedule.to_dict``; another one is refused, because an operation outlives a release of the platform."""


class Standing(StrEnum):
    """Of one stack in its schedule. ``granted`` holds one of the ``max_parallel`` slots until the stack has finished."""

    WAITING = "waiting"
    GRANTED = "granted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self is not Standing.WAITING and self is not Standing.GRANTED


class Outcome(StrEnum):
    """How a stack ended, as RecordStack reports it. An unchanged stack is a success."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


STANDING_AFTER = {
    Outcome.SUCCESS: Standing.SUCCEEDED,
    Outcome.FAILURE: Standing.FAILED,
    Outcome.SKIPPED: Standing.SKIPPED,
    Outcome.CANCELLED: Standing.CANCELLED,
}
_CODES = dict(zip(Standing, "wgsfkc", strict=True))
_STANDINGS = {code: standing for standing, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class ScheduledStack:
    """One stack's place. ``missing`` counts the dependencies that have not succeeded; ``layer`` counts from 1."""

    name: str
    layer: int
    dependencies: tuple[str, ...]
    missing: int
    standing: Standing = Standing.WAITING
    blocked_by: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The whole truth about who may start. ``stacks`` are in the order in which they are granted.

    The version of the optimistic lock is kept beside it, not in it.
    """

    stacks: Mapping[str, ScheduledStack]
    dependents: Mapping[str, tuple[str, ...]] = field(repr=False)
    max_parallel: int
    on_failure: OnFailure
    strict_layers: bool
    begun: bool = False
    cancelled: bool = False
    running: int = 0

    @property
    def is_finished(self) -> bool:
        """Every stack is terminal; nothing can change any more."""
        return all(stack.standing.is_terminal for stack in self.stacks.values())

    def counts(self) -> dict[Standing, int]:
        """How many stacks stand where; every standing is present."""
        found = Counter(stack.standing for stack in self.stacks.values())
        return {standing: found[standing] for standing in Standing}

    def named(self, standing: Standing) -> tuple[str, ...]:
        """The stacks of one standing, in the order of grants."""
        return tuple(name for name, stack in self.stacks.items() if stack.standing is standing)

    def to_dict(self) -> dict[str, Any]:
        """JSON, small: a dependency is the position of its stack in the list, a standing one letter."""
        position = {name: index for index, name in enumerate(self.stacks)}
        return {
            "format": FORMAT,
            "max_parallel": self.max_parallel,
            "on_failure": self.on_failure.value,
            "strict_layers": self.strict_layers,
            "begun": self.begun,
            "cancelled": self.cancelled,
            "stacks": [
                [
                    stack.name,
                    stack.layer,
                    [position[name] for name in stack.dependencies],
                    _CODES[stack.standing],
                    *([stack.blocked_by] if stack.blocked_by else []),
                ]
                for stack in self.stacks.values()
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schedule:
        """Raises StateError when another format wrote it."""
        if data.get("format") != FORMAT:
            raise StateError(f"The schedule has format {data.get('format')!r}; this version reads {FORMAT}.")
        rows = data["stacks"]
        names = [str(row[0]) for row in rows]
        standings = [_STANDINGS[row[3]] for row in rows]
        stacks = {
            name: ScheduledStack(
                name=name,
                layer=int(row[1]),
                dependencies=tuple(names[int(index)] for index in row[2]),
                missing=sum(standings[int(index)] is not Standing.SUCCEEDED for index in row[2]),
                standing=standing,
                blocked_by=str(row[4]) if len(row) > 4 else "",
            )
            for name, standing, row in zip(names, standings, rows, strict=True)
        }
        return cls(
            stacks=stacks,
            dependents=_dependents(stacks),
            max_parallel=int(data["max_parallel"]),
            on_failure=OnFailure(data["on_failure"]),
            strict_layers=bool(data["strict_layers"]),
            begun=bool(data["begun"]),
            cancelled=bool(data["cancelled"]),
            running=standings.count(Standing.GRANTED),
        )


def make_schedule(
    dependencies: Mapping[str, Collection[str]],
    *,
    seconds: Mapping[str, float] | None = None,
    max_parallel: int,
    on_failure: OnFailure = OnFailure.STOP,
    strict_layers: bool = False,
) -> Schedule:
    """A schedule in which everything waits for ``Begin``.

    ``dependencies`` are those inside the operation, in the direction in which it is executed (for a destroy: the
    dependents). ``seconds`` are the predicted durations; without them the number of stacks on the path decides.
    Raises DependencyError for a graph that cannot be ordered, ConfigurationError when nothing could ever start.
    """
    if max_parallel < 1:
        raise ConfigurationError(f"max_parallel is {max_parallel}; at least one stack must be allowed to run.")
    order = topological_order(dependencies)
    layers = layers_of(dependencies, order)
    remaining = remaining_seconds(dependencies, dict.fromkeys(order, 1.0) if seconds is None else seconds, order)
    stacks = {
        name: ScheduledStack(name, layers[name], tuple(sorted(dependencies[name])), len(dependencies[name]))
        for name in sorted(order, key=lambda name: (-remaining[name], name))
    }
    return Schedule(stacks, _dependents(stacks), max_parallel, on_failure, strict_layers)


def _dependents(stacks: Mapping[str, ScheduledStack]) -> dict[str, tuple[str, ...]]:
    dependents = reverse({name: stack.dependencies for name, stack in stacks.items()})
    return {name: tuple(names) for name, names in dependents.items()}
