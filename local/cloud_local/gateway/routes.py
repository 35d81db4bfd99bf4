"""Which declared route a request meets, as API Gateway matches them: literal segments before ``{parameters}``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from infra.topology import Route


@dataclass(frozen=True, slots=True)
class Match:
    """The route, and its path parameters decoded."""

    route: Route
    parameters: dict[str, str]


class RouteTable:
    """The REST routes. What isn't declared in the topology doesn't exist here either."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, route.path.strip("/").split("/")) for route in routes]

    def match(self, method: str, path: str) -> Match | None:
        """The route for the raw (still encoded) path, or None."""
        segments = path.strip("/").split("/")
        found = [
            Match(route, parameters)
            for route, pattern in self._routes
            if route.method == method and (parameters := _parameters(pattern, segments)) is not None
        ]
        return min(found, key=lambda match: len(match.parameters), default=None)

    def methods(self, path: str) -> list[str]:
        """The methods that the path does have, for a 405."""
        segments = path.strip("/").split("/")
        return sorted({route.method for route, pattern in self._routes if _parameters(pattern, segments) is not None})


def _parameters(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parameters = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not given:
                return None
            parameters[expected.strip("{}")] = unquote(given)
        elif expected != given:
            return None
    return parameters
