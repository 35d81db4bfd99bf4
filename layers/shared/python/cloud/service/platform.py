"""What the use cases are given: the ports, and nothing else. ``cloud.bootstrap`` fills it, tests fill it with siblings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.domain.manifest import Manifest
from cloud.domain.operations import Operation
from cloud.ports.runner import StackRunner
from cloud.ports.state import PulumiState
from cloud.ports.stores import Stores
from cloud.ports.workflow import Clock, ConnectionGateway, Lookups, Vault, Workflow


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest as it was put: checked, with the parsed configuration files by ``{stack}.{environment}``.

    ``programs`` maps a stack to its program's digest: an operation runs what was there when it was asked for.
    """

    manifest: Manifest
    config_files: Mapping[str, Any]
    programs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Platform:
    """The ports. Those behind a call are made when first asked for, so that a function loads only what it uses.

    ``lookups`` takes the environment's region and the role to assume there (empty: none). ``manifests`` keeps versions
    that were read already: a version never changes. ``engine`` names everything that programs are run with; empty: unknown.
    """

    stores: Stores
    clock: Clock
    workflow: Callable[[], Workflow]
    runner: Callable[[], StackRunner]
    lookups: Callable[[str, str], Lookups]
    gateway: Callable[[], ConnectionGateway]
    vault: Callable[[], Vault]
    state: Callable[[], PulumiState]
    manifests: dict[tuple[str, int], Stored] = field(default_factory=dict)
    operations: dict[tuple[str, str], Operation] = field(default_factory=dict)
    engine: str = ""

    def timestamp(self) -> str:
        """Now, RFC 3339 in UTC with milliseconds."""
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
