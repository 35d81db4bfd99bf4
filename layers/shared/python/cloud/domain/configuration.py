"""Configuration of one stack in one environment: eight tiers, of which the later wins.

1 platform defaults · 2 template defaults · 3 manifest ``defaults`` · 4 environment · 5 stack · 6 stack × environment ·
7 ``config/{stack}.{environment}.yaml`` · 8 ``--set``. Maps merge deeply, lists and everything else replace. Every leaf
remembers the tier that set it and what that overrode, for ``cloud config-list --explain``. ``{secret: …}`` becomes
``Secret`` and stays wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import Problem
from cloud.domain.identifiers import config_file_name
from cloud.domain.secret import SECRET_KEY, is_secret_form, wrap_secrets

if TYPE_CHECKING:  # a handler may have the configuration without the manifest
    from cloud.domain.manifest import Manifest

RESERVED_KEYS = ("deploymentId", "stackName", "environment", "projectName", "orgName")
"""What the platform itself sets in the project's namespace of every stack."""

PLATFORM_DEFAULTS: Mapping[str, Any] = {}
"""Tier 1. Empty in this version: the sixteen stacks bring their own defaults."""

_KEY = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]*:)?[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Tier:
    """One source of configuration. ``number`` is 1 to 8, ``name`` what people call it (``environment dev``)."""

    number: int
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overridden:
    """A value that a later tier replaced; secrets are wrapped in it too."""

    tier: Tier
    value: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf: its keys from the root, its value, the tier that won, and what it overrode, the latest first.

    A leaf is everything but a map with something in it.
    """

    path: tuple[str, ...]
    value: Any
    tier: Tier
    overridden: tuple[Overridden, ...] = ()

    @property
    def key(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Configuration:
    """``values`` is the merged map, with ``Secret`` for secrets; ``entries`` are its leaves in the order of their keys."""

    values: Mapping[str, Any]
    entries: tuple[Entry, ...]


def resolve_configuration(tiers: Sequence[Tier]) -> Configuration:
    """Merge the tiers, given in rising order."""
    entries = tuple(_inner_leaves((), [(tier, tier.values) for tier in tiers], []))
    values: dict[str, Any] = {}
    for entry in entries:
        place = values
        for part in entry.path[:-1]:
            place = place.setdefault(part, {})
        place[entry.path[-1]] = entry.value
    return Configuration(values, entries)


def stack_tiers(
    manifest: Manifest,
    stack: str,
    environment: str,
    *,
    config_file: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    template_defaults: Mapping[str, Any] | None = None,
    platform_defaults: Mapping[str, Any] = PLATFORM_DEFAULTS,
) -> list[Tier]:
    """The eight tiers of a stack in an environment, in rising order.

    ``config_file`` is what ``config/{stack}.{environment}.yaml`` holds, ``settings`` what ``--set`` says, both as
    ``configuration_sources`` reads them. Raises NotFound for a stack or environment that the manifest does not have.
    """
    own = manifest.stack(stack)
    return [
        Tier(1, "platform defaults", platform_defaults),
        Tier(2, "template defaults", template_defaults or {}),
        Tier(3, "manifest defaults", manifest.defaults),
        Tier(4, f"environment {environment}", manifest.environment(environment).config),
        Tier(5, f"stack {stack}", own.config),
        Tier(6, f"stack {stack} in {environment}", own.in_environment(environment).config),
        Tier(7, config_file_name(stack, environment), config_file or {}),
        Tier(8, "--set", settings or {}),
    ]


def check_key(key: str) -> Problem | None:
    """What is wrong with a first-level key of a configuration. Deeper keys may be any text."""
    if key in RESERVED_KEYS:
        return Problem(f"the platform itself sets the key {key!r} in every stack", suggestion="choose another name")
    if key == SECRET_KEY:
        return Problem("the key 'secret' is the form of a secret value", suggestion="choose another name")
    if _KEY.fullmatch(key) is None or len(key) > 200:
        shown = key if len(key) <= 60 else f"{key[:57]}…"
        return Problem(
            f"{shown!r} is not a configuration key",
            expected="letters, digits, _ . and -, such as instance_type, or namespace:key for another provider",
        )
    return None


def is_map(value: Any) -> bool:
    """Whether tiers merge into ``value``; ``{secret: …}`` is a leaf."""
    return isinstance(value, Mapping) and not is_secret_form(value)


def _leaves(
    path: tuple[str, ...], given: Sequence[tuple[Tier, Any]], shadowed: Sequence[tuple[Tier, Any]]
) -> Iterator[Entry]:
    """The leaves below ``path``, for which ``given`` are the values in rising order.

    ``shadowed`` are values that stood where a map stands now: each of its leaves overrides them.
    """
    tier, value = given[-1]
    if not is_map(value):
        yield _entry(path, tier, value, [*shadowed, *given[:-1]])
        return
    first = len(given)
    while first > 0 and is_map(given[first - 1][1]):
        first -= 1
    maps, below = given[first:], [*shadowed, *given[:first]]
    if any(values for _, values in maps):
        yield from _inner_leaves(path, maps, below)
    else:
        yield _entry(path, tier, {}, below)


def _inner_leaves(
    path: tuple[str, ...], maps: Sequence[tuple[Tier, Any]], shadowed: Sequence[tuple[Tier, Any]]
) -> Iterator[Entry]:
    for key in sorted({key for _, values in maps for key in values}):
        inner = [(tier, values[key]) for tier, values in maps if key in values]
        yield from _leaves((*path, key), inner, shadowed)


def _entry(path: tuple[str, ...], tier: Tier, value: Any, overridden: Sequence[tuple[Tier, Any]]) -> Entry:
    replaced = tuple(Overridden(below, wrap_secrets(old)) for below, old in reversed(overridden))
    return Entry(path, wrap_secrets(value), tier, replaced)
