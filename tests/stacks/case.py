"""What is tried with one stack; ``tests/stacks/cases/{stack}.py`` holds a ``CASE`` for each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Config = Mapping[str, Any]
Outputs = Mapping[str, Mapping[str, Any]]
"""What stacks of another deployment exported, by stack."""


def _nothing(_outputs: Outputs) -> Config:
    return {}


@dataclass(frozen=True, kw_only=True)
class StackCase:
    """Keys of configuration are camelCase."""

    needs: Sequence[str] = ()
    """The stacks whose outputs ``stand_in`` reads."""
    stand_in: Callable[[Outputs], Config] = _nothing
    """Configuration that takes the place of every output of another stack, so that this one can be deployed alone."""
    production: Config
    """The largest shape: every feature on, as far as one configuration can have them."""
    change: Config
    """Over ``production``: something that every resource takes in place."""
    replace: Config | None = None
    """Over ``production``: something that replaces a resource. None where nothing can be made to, with the reason in
    ``never_replaced``."""
    never_replaced: str = ""
    accepted: Sequence[Config] = ()
    """At the bounds."""
    refused: Sequence[tuple[Config, str]] = ()
    """Beyond them, with a part of the complaint."""
    exceptions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(security rule, resource as ``aws:s3/bucket:Bucket::name`` with ``*`` for parts) -> why the rule can't hold there."""


_FOLDER = Path(__file__).parent / "cases"


def case_of(stack: str) -> StackCase:
    """Raises ModuleNotFoundError for a stack without a case."""
    case: StackCase = importlib.import_module(f"tests.stacks.cases.{stack.replace('-', '_')}").CASE
    return case


def stacks_with_cases() -> list[str]:
    """Sorted."""
    return sorted(path.stem.replace("_", "-") for path in _FOLDER.glob("[a-z]*.py"))


def merged(under: Config, over: Config) -> dict[str, Any]:
    """``over`` upon ``under``, as the control plane merges configuration: maps deeply, lists whole."""
    both = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], Mapping) and isinstance(over[key], Mapping):
            both[key] = merged(under[key], over[key])
    return both
