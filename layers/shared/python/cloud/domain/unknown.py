"""Values that a preview can't know, because they come out of stacks that are still to be deployed.

They travel as ``Unknown`` through the resolution of placeholders and are never formatted into a text, compared or stored: what
holds one is unknown itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands in the place of a value. ``stacks`` are those whose outputs it waits for.

    ``is_planned`` tells that the operation itself would deploy them. Otherwise a deploy would find nothing either, and take
    the placeholder's default.
    """

    stacks: frozenset[str]
    is_planned: bool = True


def waits_for(value: Any) -> frozenset[str]:
    """The stacks whose outputs ``value``, or anything inside it, waits for; empty when all of it is known."""
    if isinstance(value, Unknown):
        return value.stacks
    if isinstance(value, Secret):
        return waits_for(value.value)
    if isinstance(value, Mapping):
        return frozenset().union(*(waits_for(item) for item in value.values()))
    if isinstance(value, list | tuple):
        return frozenset().union(*(waits_for(item) for item in value))
    return frozenset()


def until_deployed(stacks: Iterable[str]) -> str:
    """``not previewable until network and security are deployed``; for none of them an empty text."""
    names = sorted(set(stacks))
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"not previewable until {listed} {'is' if len(names) == 1 else 'are'} deployed"
