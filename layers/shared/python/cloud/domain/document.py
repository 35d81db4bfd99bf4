"""A document as plain JSON values, with the line and column of every part. ``document_reader`` makes it from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cloud.domain.errors import Problem

Path = tuple[str | int, ...]
"""A place in a JSON-like value: keys of maps and indexes of lists."""


def format_path(path: Path) -> str:
    """``stacks.network.dependencies[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Node:
    """One value of the document. ``nodes``, ``characters`` and ``height`` count it with all that is in it, expanded."""

    position: Position
    value: Any
    keys: dict[str, Position] = field(default_factory=dict)
    children: dict[str | int, Node] = field(default_factory=dict)
    nodes: int = 1
    characters: int = 0
    height: int = 1
    is_open: bool = False


@dataclass(slots=True)
class Document:
    """What a file holds. ``value`` is None when it could not be read to its end.

    ``dropped`` counts the problems beyond those that are kept; ``is_empty`` means that there is nothing but comments.
    ``ambiguous`` has a problem for every plain scalar that YAML's versions read differently, by its path.
    """

    file: str
    root: Node | None
    problems: list[Problem]
    ambiguous: dict[Path, Problem] = field(default_factory=dict)
    dropped: int = 0
    is_empty: bool = False

    @property
    def value(self) -> Any:
        return self.root.value if self.root else None

    def at(self, path: Path) -> Any:
        """The value at ``path``; None when there is none."""
        node = self.root
        for part in path:
            node = node.children.get(part) if node else None
        return node.value if node else None

    def locate(self, path: Path, *, key: bool = False) -> Position:
        """Where the value at ``path`` stands, or its key; for a path that leads nowhere, where the way ends."""
        node = self.root
        if node is None:
            return Position(1, 1)
        for depth, part in enumerate(path):
            child = node.children.get(part)
            if child is None:
                break
            if key and depth == len(path) - 1 and isinstance(part, str):
                return node.keys[part]
            node = child
        return node.position

    def problem(
        self, message: str, path: Path, *, key: bool = False, expected: str = "", suggestion: str = ""
    ) -> Problem:
        at = self.locate(path, key=key)
        return Problem(message, format_path(path), self.file, at.line, at.column, expected, suggestion)
