"""What changes between two states of a resource: keys, kinds of change, and whether they replace the resource."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from .property_paths import Path, contains, format_path, parse_path, reset
from .values import Properties, Secret, reveal


class Changes(Enum):
    """A provider's answer to Diff."""

    UNKNOWN = 0
    NONE = 1
    SOME = 2


class DiffKind(Enum):
    """How one property changes; the value is the name in engine events."""

    ADD = "add"
    ADD_REPLACE = "add-replace"
    DELETE = "delete"
    DELETE_REPLACE = "delete-replace"
    UPDATE = "update"
    UPDATE_REPLACE = "update-replace"

    def replacing(self) -> DiffKind:
        """The same change, forcing a replacement."""
        return DiffKind(self.value if self.value.endswith("-replace") else f"{self.value}-replace")

    def inverted(self) -> DiffKind:
        """The change in the other direction."""
        if self.value.startswith("add"):
            return DiffKind(self.value.replace("add", "delete"))
        return DiffKind(self.value.replace("delete", "add")) if self.value.startswith("delete") else self


@dataclass(frozen=True)
class PropertyDiff:
    """One entry of a detailed diff. `input_diff`: old inputs, not old state, are compared with new inputs."""

    kind: DiffKind
    input_diff: bool = False


DetailedDiff = dict[str, PropertyDiff]


@dataclass(frozen=True)
class Diff:
    """The difference as the provider sees it. `detailed` None means that the provider gave none."""

    changes: Changes
    replace_keys: list[str] = field(default_factory=list)
    changed_keys: list[str] = field(default_factory=list)
    detailed: DetailedDiff | None = None
    delete_before_replace: bool = False

    @property
    def replaces(self) -> bool:
        """True when the resource can't be updated in place."""
        if any(d.kind.value.endswith("-replace") for d in (self.detailed or {}).values()):
            return True
        return bool(self.replace_keys)

    def inverted(self) -> Diff:
        """The diff of a refresh: the cloud is the new side."""
        detailed = {k: replace(d, kind=d.kind.inverted()) for k, d in (self.detailed or {}).items()}
        return replace(self, detailed=None if self.detailed is None else detailed)


NO_CHANGES = Diff(Changes.NONE)


def compare(old: Properties, new: Properties) -> Diff:
    """The engine's own diff of inputs, for providers that answer DIFF_UNKNOWN."""
    old, new = reveal(old), reveal(new)
    detailed = {format_path(path): PropertyDiff(kind, input_diff=True) for path, kind in _walk([], old, new)}
    changed = sorted({key for key in {*old, *new} if not equal(old.get(key), new.get(key))})
    return Diff(Changes.SOME, changed_keys=changed, detailed=detailed) if changed else NO_CHANGES


def equal(left: Any, right: Any) -> bool:
    """Deep equality in which secrets are transparent; True and 1 differ, 1 and 1.0 don't."""
    left, right = _open(left), _open(right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def identical(left: Any, right: Any) -> bool:
    """Deep equality that also compares secretness, which is a reason to write the checkpoint."""
    if isinstance(left, Secret) != isinstance(right, Secret):
        return False
    if isinstance(left, Secret):
        return identical(left.value, right.value)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(identical(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return equal(left, right)


def _open(value: Any) -> Any:
    return _open(value.value) if isinstance(value, Secret) else value


def _walk(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, DiffKind]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            here: Path = [*path, key]
            if key not in old:
                yield here, DiffKind.ADD
            elif key not in new:
                yield here, DiffKind.DELETE
            else:
                yield from _walk(here, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            here = [*path, index]
            if index >= len(old):
                yield here, DiffKind.ADD
            elif index >= len(new):
                yield here, DiffKind.DELETE
            else:
                yield from _walk(here, old[index], new[index])
    elif not equal(old, new):
        yield path, DiffKind.UPDATE


def ignore_changes(inputs: Properties, old_inputs: Properties, paths: list[str]) -> tuple[Properties, list[str]]:
    """The inputs with the ignored places set back to their old values, and the paths for which that was impossible."""
    if not paths:
        return inputs, []
    kept = copy.deepcopy(inputs)
    invalid = [text for text in paths if not reset(parse_path(text), old_inputs, kept)]
    return kept, invalid


def replace_on_changes(diff: Diff, paths: list[str], init_errors: list[str]) -> Diff:
    """Apply the replaceOnChanges option: a change at one of the paths replaces the resource.

    `#initerror` names a failed initialisation of the old resource.
    """
    if diff.changes is not Changes.SOME and not init_errors:
        return diff
    parsed = [parse_path(text) for text in paths]
    detailed = diff.detailed
    if detailed is not None:
        detailed = {
            text: replace(entry, kind=entry.kind.replacing())
            if any(contains(path, parse_path(text)) for path in parsed)
            else entry
            for text, entry in detailed.items()
        }
    keys = set(diff.replace_keys)
    keys |= {key for key in diff.changed_keys if any(contains(path, parse_path(key)) for path in parsed)}
    changes = diff.changes
    if init_errors and any(contains(path, ["#initerror"]) for path in parsed):
        keys.add("#initerror")
        changes = Changes.SOME
    return replace(diff, changes=changes, replace_keys=sorted(keys), detailed=detailed)
