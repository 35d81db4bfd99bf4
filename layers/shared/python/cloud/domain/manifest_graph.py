"""What a manifest's stacks depend on: what they declare, and what their configuration refers to.

A declared dependency and a ``{{stack.x.y}}`` both put ``x`` before the stack. A placeholder counts unless a later tier
replaces it. What of this holds in an environment is the planner's to decide.

The graph of the whole manifest takes every stack as enabled and the placeholders of every environment together: the
``layer`` of a stack and the absence of cycles are judged by it, so that enabling something later never breaks the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cloud.domain.configuration import is_map
from cloud.domain.document import Path
from cloud.domain.manifest import Config, Manifest
from cloud.domain.placeholders import Placeholder, occurrences

Reference = tuple[Path, Placeholder]
"""A ``{{stack.x.y}}`` and its place in the configuration."""

StackReference = tuple[str, str, Placeholder]
"""A stack, an environment, and a ``{{stack.x.y}}`` in the configuration of the one in the other."""

Tier = tuple[Config, Sequence[Reference]]
"""One source of configuration and the references in it."""


def whole_graph(manifest: Manifest, references: Iterable[StackReference] | None = None) -> dict[str, tuple[str, ...]]:
    """Of every stack: all that it depends on in any environment. What the manifest does not have is left out.

    ``references`` is ``stack_references(manifest)`` where the caller has it already.
    """
    implicit: dict[str, set[str]] = {name: set() for name in manifest.stacks}
    for name, _, placeholder in stack_references(manifest) if references is None else references:
        implicit[name].add(placeholder.stack)
    return {
        name: tuple(
            sorted(manifest.stacks.keys() & {*stack.dependencies, *stack.optional_dependencies, *implicit[name]})
        )
        for name, stack in manifest.stacks.items()
    }


def stack_references(manifest: Manifest) -> Iterator[StackReference]:
    """Every ``{{stack.x.y}}`` that survives the manifest's own tiers, by stack and environment."""
    defaults = _tier(manifest.defaults)
    by_environment = {name: _tier(environment.config) for name, environment in manifest.environments.items()}
    shared = bool(defaults[1]) or any(references for _, references in by_environment.values())
    for name, stack in manifest.stacks.items():
        own = _tier(stack.config)
        if not (shared or own[1] or stack.environments):
            continue
        for environment, below in by_environment.items():
            there = _tier(stack.in_environment(environment).config)
            for _, placeholder in surviving([defaults, below, own, there]):
                yield name, environment, placeholder


def surviving(tiers: Sequence[Tier]) -> Iterator[Reference]:
    """The references, of tiers in rising order, that no later tier replaces."""
    for number, (_, references) in enumerate(tiers):
        for path, placeholder in references:
            if not any(_replaces(config, path) for config, _ in tiers[number + 1 :]):
                yield path, placeholder


def references_in(config: Config) -> list[Reference]:
    """Every ``{{stack.x.y}}`` of a configuration, in document order; malformed placeholders are left out."""
    return [
        (item.path, item.found)
        for key, value in config.items()
        for item in occurrences(value, (key,))
        if isinstance(item.found, Placeholder) and item.found.stack
    ]


def _tier(config: Config) -> Tier:
    return config, references_in(config) if config else ()


def _replaces(config: Config, path: Path) -> bool:
    """Whether a configuration above has something else at ``path``, or a value where the way to it leads."""
    place: Any = config
    for depth, part in enumerate(path):
        if isinstance(part, int) or (depth and not is_map(place)):
            return True  # lists replace as a whole
        if part not in place:
            return False
        place = place[part]
    return True
