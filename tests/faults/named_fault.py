"""What a named fault is, the stage that it strikes, and the places that many of them have in common.

The stage is ``network`` and, on top of it, ``app``; each has two resources. ``state`` and the stacks' ends are those of the
first operation; afterwards the world must be in order, and a plain deploy (or destroy) must bring about what is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.points import Fault, Kind

GRAPH = {"network": (), "app": ("network",)}
DONE: Mapping[str, str] = {"network": "deployed", "app": "deployed"}
GONE: Mapping[str, str] = {"network": "destroyed", "app": "destroyed"}
FAILED: Mapping[str, str] = {"network": "failed", "app": "skipped"}
CANCELLED: Mapping[str, str] = {"network": "cancelled", "app": "cancelled"}


@dataclass(frozen=True)
class Named:
    """``plot`` is one of scenarios.PLOTS. Where the end depends on who is faster, ``state`` is one ``or`` another, and
    ``stacks`` None. ``runs`` counts Pulumi's runs of ``network`` in the first operation."""

    name: str
    faults: tuple[Fault, ...]
    state: str
    stacks: Mapping[str, str] | None
    plot: str = "deploy"
    runs: int | None = 1
    of: str = "deploy"


def at(point: str, kind: Kind, occurrence: int = 1, seconds: float = 0.0) -> tuple[Fault, ...]:
    return (Fault(point, kind, occurrence, seconds),)


MID_CREATE = "pulumi network: before create network-1"
SLOW = at(MID_CREATE, Kind.DELAY, 1, 5.0)
"""So that nobody has to be faster than the creation."""
RUN = "run_stack network"
RECORD = "record_stack network"
