"""When two property values mean the same, and where they differ.

`same` answers for live state (has AWS what was declared?), `differences` for two declarations. Order is no difference:
most of AWS's lists are sets, and the SDK doesn't say which. JSON strings are compared as JSON, policies by their
meaning (one string is a list of one string).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cloud_local.provider.values import SIGNATURE, contains_unknown

Change = Literal["ADD", "DELETE", "UPDATE"]


@dataclass(frozen=True)
class Difference:
    """One differing place: a property path such as `ingress[0].fromPort`, and what happens there."""

    path: str
    change: Change

    @property
    def property(self) -> str:
        """The top-level property."""
        return self.path.partition(".")[0].partition("[")[0]


def is_empty(value: Any) -> bool:
    """Whether a value says no more than leaving it out: Terraform's zero values."""
    return value is None or value is False or value in ("", 0, [], {})


def same(declared: Any, live: Any) -> bool:
    """Whether live state fulfils a declaration: what is declared is there; what AWS adds beside it doesn't matter."""
    if is_empty(declared) and is_empty(live):
        return True
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return all(same(value, live.get(name)) for name, value in declared.items())
    if isinstance(declared, list) and isinstance(live, list):
        return len(declared) == len(live) and _matched(declared, live)
    if isinstance(declared, str) and isinstance(live, str):
        return declared == live or _same_json(declared, live)
    if isinstance(declared, bool) or isinstance(live, bool):
        return str(declared).lower() == str(live).lower()
    if isinstance(declared, (int, float)) or isinstance(live, (int, float)):
        return _as_number(declared) is not None and _as_number(declared) == _as_number(live)
    return bool(declared == live)


def _equal(one: Any, other: Any) -> bool:
    """Whether two declarations say the same, neither more than the other."""
    return same(one, other) and same(other, one)


def _matched(declared: list[Any], live: list[Any], fits: Callable[[Any, Any], bool] = same) -> bool:
    """Whether every declared item has a live one of its own: a matching, found by augmenting paths (Kuhn's algorithm).

    Taking the first that fits would not do: an item that fits several may take the only one that fits another.
    """
    candidates = [[index for index, item in enumerate(live) if fits(wanted, item)] for wanted in declared]
    taken_by: dict[int, int] = {}

    def place(wanted: int, seen: set[int]) -> bool:
        for index in candidates[wanted]:
            if index in seen:
                continue
            seen.add(index)
            if index not in taken_by or place(taken_by[index], seen):
                taken_by[index] = wanted
                return True
        return False

    return all(place(wanted, set()) for wanted in range(len(declared)))


def _as_number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _same_json(one: str, other: str) -> bool:
    if one[:1] not in "{[" or other[:1] not in "{[":
        return False
    try:
        return bool(normalise_policy(json.loads(one)) == normalise_policy(json.loads(other)))
    except ValueError:
        return False


def normalise_policy(document: Any) -> Any:
    """A JSON document in one form: lists of one unpacked, longer lists sorted."""
    if isinstance(document, dict):
        return {key: normalise_policy(value) for key, value in document.items()}
    if isinstance(document, list):
        items = [normalise_policy(item) for item in document]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return document


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Where two declarations differ, by property path; names that begin with `__` are bookkeeping."""
    found: list[Difference] = []
    for name in sorted({*old, *new}):
        if not name.startswith("__"):
            found.extend(_differences(name, old.get(name), new.get(name)))
    return found


def _differences(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if contains_unknown(new) and not isinstance(new, (Mapping, list)):
        yield Difference(path, "UPDATE" if old is not None else "ADD")
    elif old is None and new is None:
        return
    elif old is None or new is None:
        if not (is_empty(old) and is_empty(new)):
            yield Difference(path, "ADD" if old is None else "DELETE")
    elif isinstance(old, Mapping) and isinstance(new, Mapping) and SIGNATURE in new:
        # Contents of old assets aren't sent again; the hash stands for them.
        if old.get("hash", old) != new.get("hash", new):
            yield Difference(path, "UPDATE")
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences(f"{path}{_step(key)}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(path, old, new)
    elif not _equal(old, new):
        yield Difference(path, "UPDATE")


def _list_differences(path: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    if len(old) == len(new) and not contains_unknown(new) and _matched(old, new, _equal):
        return
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        yield from _differences(f"{path}[{index}]", before, after)


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f'["{key}"]'
