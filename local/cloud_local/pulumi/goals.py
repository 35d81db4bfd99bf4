"""What a program wants of a resource: the engine's Goal, from a registration request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import PulumiError
from .urns import ROOT_STACK_TYPE, make_urn, name_of, qualified_type, type_of
from .values import Properties

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|us|µs|ns|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class Alias:
    """Another name under which the state may know a resource: a whole URN, or what differs in it."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """A registration. `timeouts` are seconds by verb; `protect` and the like are None where the program says nothing."""

    type: str
    name: str
    custom: bool
    properties: Properties
    parent: str = ""
    protect: bool | None = None
    dependencies: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    import_id: str = ""
    timeouts: dict[str, float] = field(default_factory=dict)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    retain_on_delete: bool | None = None
    hide_diff: list[str] = field(default_factory=list)
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)


def parse_duration(text: str) -> float:
    """Seconds of a Go duration (`1h30m`, `90s`). Raises PulumiError for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise PulumiError(f'unable to parse customTimeout Value {text}: time: invalid duration "{text}"')
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


class AliasBook:
    """Which resources of this deployment are known in the old state under another URN."""

    def __init__(self, stack: str, project: str) -> None:
        self._stack = stack
        self._project = project
        # old URN → the URN that claimed it; new URN → the old one it was found under
        self.claimed: dict[str, str] = {}
        self.found_as: dict[str, str] = {}

    def candidates(self, goal: Goal) -> list[str]:
        """All URNs that the resource may have had, in the order in which they are tried."""
        urns = [self._collapse(goal, alias) for alias in goal.aliases]
        parent_alias = self.found_as.get(goal.parent) if goal.parent else None
        if parent_alias:
            urns.append(self._inherited(goal.type, goal.name, goal.parent, parent_alias))
            for alias in goal.aliases:
                collapsed = self._collapse(goal, alias)
                urns.append(self._inherited(type_of(collapsed), name_of(collapsed), goal.parent, parent_alias))
        return list(dict.fromkeys(urns))

    def _collapse(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        parent = alias.parent
        parent = self.found_as.get(parent, parent) if parent else goal.parent
        if alias.no_parent or (parent and qualified_type(parent) == ROOT_STACK_TYPE):
            parent = ""
        return make_urn(
            alias.stack or self._stack,
            alias.project or self._project,
            parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _inherited(self, child_type: str, child_name: str, parent: str, parent_alias: str) -> str:
        """The child's URN under its parent's old name; a name derived from the parent's changes with it."""
        parent_name = name_of(parent)
        if child_name.startswith(parent_name):
            child_name = name_of(parent_alias) + child_name.removeprefix(parent_name)
        return make_urn(self._stack, self._project, parent_alias, child_type, child_name)
