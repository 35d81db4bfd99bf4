"""Sets of URNs that the user named: `--target`, `--replace`, `--exclude`; `*` matches within a part, `**` anything."""

from __future__ import annotations

import re
from collections.abc import Iterable


class UrnTargets:
    """A set of URNs and globs. Without any it is unconstrained and contains every URN."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.literals: list[str] = []
        self._globs: list[re.Pattern[str]] = []
        for pattern in patterns:
            if "*" in pattern:
                self._globs.append(_compile(pattern))
            else:
                self.literals.append(pattern)

    @property
    def constrained(self) -> bool:
        """True when it names anything."""
        return bool(self.literals or self._globs)

    def __contains__(self, urn: str) -> bool:
        return not self.constrained or urn in self.literals or any(glob.match(urn) for glob in self._globs)

    def add(self, urn: str) -> None:
        """Add a URN to a constrained set; an unconstrained one has it already."""
        if self.constrained:
            self.literals.append(urn)

    def clone(self) -> UrnTargets:
        """A copy to add to."""
        copy = UrnTargets(self.literals)
        copy._globs = list(self._globs)
        return copy


def _compile(pattern: str) -> re.Pattern[str]:
    parts = ("[^:]*".join(map(re.escape, part.split("*"))) for part in pattern.split("**"))
    return re.compile("^" + ".*".join(parts) + "$")
