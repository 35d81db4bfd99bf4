"""Values put in the places of placeholders.

A value that is one placeholder keeps the type that it resolves to; inside a longer text it is formatted: texts as they
are, the rest as JSON. What was resolved is never scanned again. A secret inside a text makes the whole text a secret, an
unknown (of a preview) the whole text unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloud.domain.document import Path, format_path
from cloud.domain.errors import ConfigurationError, NotFound, Problem
from cloud.domain.placeholders import Malformed, Placeholder, occurrences, parse
from cloud.domain.secret import Secret, contains_secret, is_secret_form, reveal
from cloud.domain.unknown import Unknown, waits_for

Lookup = Callable[[Placeholder], Any]
"""Takes a placeholder and returns what its ``key`` names: a JSON value, which may be or hold ``Secret``, or ``Unknown``.

``path`` and ``default`` are not its business. Raises NotFound, whose message becomes the problem's, when there is no such
thing. Called once per distinct key.
"""


@dataclass(frozen=True, slots=True)
class Resolution:
    """``value`` with its placeholders resolved; ``warnings`` name those that were left as text (never when strict)."""

    value: Any
    warnings: tuple[Problem, ...] = ()


def resolve(value: Any, lookup: Lookup, *, strict: bool = True) -> Resolution:
    """Resolve every placeholder in the values of ``value`` (keys of maps are not scanned).

    Raises ConfigurationError with every malformed placeholder, and, when strict, every unresolved one. Whatever else
    ``lookup`` raises (AccessDenied, Throttled) passes through.
    """
    malformed = [item.problem for item in occurrences(value) if isinstance(item.found, Malformed)]
    if malformed:
        raise ConfigurationError(
            "The configuration has malformed placeholders.", problems=[problem for problem in malformed if problem]
        )
    resolver = _Resolver(lookup)
    resolved = resolver.resolve(value, ())
    if strict and resolver.unresolved:
        raise ConfigurationError(
            f"Unresolved placeholders: {', '.join(resolver.left)}.",
            hint="Deploy what they refer to first, or give a default: {{stack.network.vpcId | default(null)}}.",
            problems=resolver.unresolved,
        )
    return Resolution(resolved, tuple(resolver.unresolved))


@dataclass(frozen=True, slots=True)
class _Missing:
    """Why there is no value."""

    reason: str


class _Resolver:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._found: dict[str, Any] = {}
        self.unresolved: list[Problem] = []
        self.left: dict[str, None] = {}  # the unresolved texts, each once, in order

    def resolve(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self._text(value, path) if "{{" in value else value
        if isinstance(value, Secret) or is_secret_form(value):
            inner = value.value if isinstance(value, Secret) else next(iter(value.values()))
            return Secret(reveal(self.resolve(inner, path)))
        if isinstance(value, Mapping):
            return {key: self.resolve(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(value)]
        return value

    def _text(self, text: str, path: Path) -> Any:
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Placeholder):
            found = self._value(parts[0], path)
            return text if isinstance(found, _Missing) else found
        written, secret = "", False
        unknown: frozenset[str] = frozenset()
        for part in parts:
            if not isinstance(part, Placeholder):
                written += str(part)
                continue
            found = self._value(part, path)
            if isinstance(found, _Missing):
                written += part.raw
                continue
            unknown |= waits_for(found)
            secret = secret or contains_secret(found)
            written += "" if unknown else _format(reveal(found))
        whole = Unknown(unknown) if unknown else written
        return Secret(whole) if secret else whole

    def _value(self, placeholder: Placeholder, path: Path) -> Any:
        """The value in the placeholder's place; when there is none, ``_Missing``, and the problem is noted."""
        if placeholder.key not in self._found:
            self._found[placeholder.key] = self._look_up(placeholder)
        found = _inside(self._found[placeholder.key], placeholder)
        if isinstance(found, Unknown) and placeholder.has_default and not found.is_planned:
            return placeholder.default
        if not isinstance(found, _Missing):
            return found
        if placeholder.has_default:
            return placeholder.default
        self.left[placeholder.raw] = None
        self.unresolved.append(Problem(f"{placeholder.raw} has no value: {found.reason}", path=format_path(path)))
        return found

    def _look_up(self, placeholder: Placeholder) -> Any:
        try:
            return self._lookup(replace(placeholder, path=(), default=None, has_default=False))
        except NotFound as missing:
            return _Missing(missing.message)


def _inside(found: Any, placeholder: Placeholder) -> Any:
    """What stands at the placeholder's path inside ``found``; what is inside a secret is a secret."""
    for depth, part in enumerate(placeholder.path):
        if isinstance(found, Unknown):
            return found
        if isinstance(found, Secret):
            inner = _inside(found.value, replace(placeholder, path=placeholder.path[depth:]))
            return inner if isinstance(inner, _Missing) else Secret(reveal(inner))
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list | tuple) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, _Missing):
            return found
        else:
            return _Missing(f"{placeholder.key} has no {'.'.join(placeholder.path[: depth + 1])}")
    return found


def _format(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
