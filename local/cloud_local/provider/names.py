"""Which member of an AWS structure a Pulumi property means: names compared without case and punctuation.

Terraform, and so pulumi-aws, renames by few habits: singular for plural, the resource's noun left out in front
(`name` of a role is `RoleName`), `Id`, `Arn` or `Configuration` added or left out behind. Those habits are here; what
follows none of them is a `rename` in the type's row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_ENDINGS = ("id", "ids", "arn", "name", "list", "set", "config", "configuration", "value")
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=16_384)
def plain(name: str) -> str:
    """A name without case and punctuation."""
    return _NOT_ALPHANUMERIC.sub("", name.lower())


def noun_of(operation: str) -> str:
    """What an operation is about: `create_db_subnet_group` -> `dbsubnetgroup`."""
    return operation.partition("_")[2].replace("_", "")


def member_of(name: str, renames: Mapping[str, str], members: Iterable[str], noun: str = "") -> str | None:
    """The member a property goes into: by the row's own renames (`A|B`: whichever the operation has), else by habit."""
    if name in renames:
        known = set(members)
        return next((member for member in renames[name].split("|") if member in known), None)
    return match(name, members, noun)


def match(name: str, candidates: Iterable[str], noun: str = "") -> str | None:
    """The candidate that a property name means, or None; `noun` is the resource's own (see `noun_of`)."""
    return _match(name, tuple(candidates), noun)


@lru_cache(maxsize=65_536)
def _match(name: str, candidates: tuple[str, ...], noun: str) -> str | None:
    known = {plain(candidate): candidate for candidate in candidates}
    for spelling in _spellings(plain(name), noun):
        if spelling in known:
            return known[spelling]
    return None


def _spellings(name: str, noun: str) -> Iterable[str]:
    forms = [name, name + "s", name + "es"]
    if name.endswith("ies"):
        forms.append(name[:-3] + "y")
    elif name.endswith("s"):
        forms.append(name[:-1])
    elif name.endswith("y"):
        forms.append(name[:-1] + "ies")
    yield from forms
    if noun:
        yield from (noun + form for form in forms)
        yield from (noun.removesuffix("s") + form for form in forms)
    yield from (name + ending for ending in _ENDINGS)
    yield from (name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending) and name != ending)
