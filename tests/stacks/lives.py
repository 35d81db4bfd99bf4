"""The whole life of one stack, played once, for tests to look at: planned, made, left alone, looked at, changed, replaced,
removed. It is deployed alone, in its production shape, in the place of other stacks' outputs it has those of a deployment
with defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi.automation as auto
from pulumi.automation.events import EngineEvent

from tests.stacks.case import case_of, merged
from tests.stacks.readback import exists, readers

if TYPE_CHECKING:  # the fixtures there play lives
    from tests.stacks.conftest import Base, Deployer, Step

RECORDED = "recorded-"
"""Begins the id of what the emulated AWS has no operation for; see docs/reference/aws-provider.md."""


@dataclass
class Life:
    """What was seen. Changes count steps by kind, as Pulumi's summary does."""

    stack: str
    plan: list[Step] = field(default_factory=list)
    production: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Resources of the state that AWS doesn't know, after the creation and after the replacement."""
    warnings: list[str] = field(default_factory=list)
    again: Mapping[str, int] = field(default_factory=dict)
    refreshed: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    replaced: Mapping[str, int] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    """Types without a reader."""
    ever: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """What AWS still knows after the destroy."""


def live(stack: str, base: Base, deployer: Deployer) -> Life:
    """Play it. Whatever Pulumi refuses is raised; what it makes is destroyed by the deployer's owner at the latest."""
    case, life = case_of(stack), Life(stack)
    alone = case.stand_in({name: base.outputs(name) for name in case.needs})
    production = merged(alone, case.production)
    life.plan = deployer.preview(stack, production)

    def take(event: EngineEvent) -> None:
        if event.diagnostic_event and event.diagnostic_event.severity == "warning":
            life.warnings.append(event.diagnostic_event.message)

    deployer.stack(stack, production).up(on_event=take)
    life.production = deployer.resources(stack)
    _look(life, deployer, life.production)
    life.again = _changes(deployer.up(stack, production))
    life.refreshed = _changes(deployer.stack(stack, production).refresh())
    life.changed = _changes(deployer.up(stack, merged(production, case.change)))
    _remember(life, deployer.resources(stack))
    if case.replace is not None:
        life.replaced = _changes(deployer.up(stack, merged(production, case.replace)))
        _look(life, deployer, deployer.resources(stack))
    deployer.destroy()
    life.left = [
        f"{kind} {identifier}"
        for (kind, identifier), resource in life.ever.items()
        if kind in readers() and exists(deployer.client, resource)
    ]
    return life


def _changes(result: auto.UpResult | auto.RefreshResult) -> Mapping[str, int]:
    return {str(getattr(kind, "value", kind)): count for kind, count in (result.summary.resource_changes or {}).items()}


def _look(life: Life, deployer: Deployer, resources: list[dict[str, Any]]) -> None:
    for resource in _remember(life, resources):
        if resource["type"] not in readers():
            life.unreadable.add(resource["type"])
        elif not exists(deployer.client, resource):
            life.missing.append(f"{resource['type']} {resource['id']}")


def _remember(life: Life, resources: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    real = [item for item in resources if item.get("custom") and not str(item["id"]).startswith(RECORDED)]
    life.ever |= {(item["type"], item["id"]): item for item in real}
    return real
