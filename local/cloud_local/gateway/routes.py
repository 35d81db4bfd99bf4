"""Which declared route a request meets, as API Gateway matches them: literal segments before ``{parameters}``.

Paths are decoded once and matched then: an encoded slash separates segments like any other, so the function, whose own
resolver sees the decoded path, can never take a request for another route than the one that was declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from infra.topology import Route


@dataclass(frozen=True, slots=True)
class Match:
    """The route, and its path parameters."""

    route: Route
    parameters: dict[str, str]


def decoded(raw_path: bytes) -> str | None:
    """The path as text, or None for one that is not UTF-8 or holds control characters."""
    try:
        path = unquote(raw_path.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        return None
    return path if path.isprintable() and path.startswith("/") else None


class RouteTable:
    """The REST routes. What isn't declared in the topology doesn't exist here either."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, _segments(route.path)) for route in routes]

    def match(self, method: str, path: str) -> Match | None:
        """The route for the decoded path, or None."""
        segments = _segments(path)
        found = [
            (tuple(part.startswith("{") for part in pattern), Match(route, parameters))
            for route, pattern in self._routes
            if route.method == method and (parameters := _parameters(pattern, segments)) is not None
        ]
        # Segment by segment from the left: a literal wins over a parameter.
        return min(found, key=lambda item: item[0])[1] if found else None

    def methods(self, path: str) -> list[str]:
        """The methods that the path does have, for a 405."""
        segments = _segments(path)
        return sorted({route.method for route, pattern in self._routes if _parameters(pattern, segments) is not None})


def _segments(path: str) -> list[str]:
    """One slash at the end is ignored, as API Gateway (and Powertools' REST resolver) does; any other counts."""
    return path.removeprefix("/").removesuffix("/").split("/")


def _parameters(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parameters = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if given in ("", ".", ".."):
                return None
            parameters[expected.strip("{}")] = given
        elif expected != given:
            return None
    return parameters
