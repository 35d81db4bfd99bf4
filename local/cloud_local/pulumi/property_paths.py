"""Property paths (`tags.Name`, `rules[0].port`, `a["b.c"]`, `rules[*].port`) of ignoreChanges and replaceOnChanges."""

from __future__ import annotations

import re
from typing import Any

from .values import Properties, Secret

Path = list[str | int]
WILDCARD = "*"
_PART = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\[(\*)\]|\[?"((?:[^"\\]|\\.)*)"\]?')


def parse_path(text: str) -> Path:
    """Split a path into keys and indexes. Raises ValueError on anything else."""
    path: Path = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match.end() == position:
            raise ValueError(f"invalid property path {text!r}")
        name, index, star, quoted = match.groups()
        if index is not None:
            path.append(int(index))
        elif quoted is not None:
            path.append(quoted.replace('\\"', '"'))
        else:
            path.append(name if name is not None else star)
        position = match.end()
    return path


def contains(outer: Path, inner: Path) -> bool:
    """True when `outer` names `inner` itself or something that holds it."""
    return len(outer) <= len(inner) and all(a in (WILDCARD, b) for a, b in zip(outer, inner, strict=False))


def reset(path: Path, old: Any, new: Any) -> bool:
    """Set the place that `path` names in `new` back to what it is in `old`, in place; what `old` hasn't is removed.

    False when the place can't be reset: its container was added or removed.
    """
    old, new = _open(old), _open(new)
    if not path:
        return True
    key, rest = path[0], path[1:]
    if isinstance(old, dict) and isinstance(new, dict):
        return all(_reset_key(k, rest, old, new) for k in ({*old, *new} if key == WILDCARD else {str(key)}))
    if isinstance(old, list) and isinstance(new, list):
        if key == WILDCARD:
            return len(old) == len(new) and all(_reset_index(i, rest, old, new) for i in range(len(new)))
        return isinstance(key, int) and key < len(old) and key < len(new) and _reset_index(key, rest, old, new)
    return False


def _reset_key(key: str, rest: Path, old: Properties, new: Properties) -> bool:
    if rest:
        if key in old and key in new:
            return reset(rest, old[key], new[key])
        return key not in old and key not in new
    if key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)
    return True


def _reset_index(index: int, rest: Path, old: list[Any], new: list[Any]) -> bool:
    if rest:
        return reset(rest, old[index], new[index])
    new[index] = old[index]
    return True


def _open(value: Any) -> Any:
    return _open(value.value) if isinstance(value, Secret) else value


def format_path(path: Path) -> str:
    """The text of a path, as the engine writes it in detailed diffs."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_$][\w$]*", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
