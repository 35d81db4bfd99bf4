"""A YAML file read as plain JSON values, with the line and column of every part; anything else in it is refused.

What is read is the part of YAML on which its versions agree. Where YAML 1.1 and 1.2 read a plain scalar differently
(``no``, ``0123``, ``12:30``), it is taken as text and noted in ``Document.ambiguous``: the reader knows whether text is
meant there. Refused are tags, merge keys, several documents, duplicate keys, keys that are no text, numbers that JSON or
64 bits cannot hold, and anchors that expand without bound.

The parser's events are read one by one, with the limits checked at each, as composing the file first would take libyaml
minutes for some files of a megabyte (unclosed brackets) and any amount of memory for others (aliases of aliases).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from cloud.domain.document import Document, Node, Path, Position, format_path
from cloud.domain.document_scalars import Ambiguous, NotJson, read_plain
from cloud.domain.errors import Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 200_000
"""Keys not counted, aliases counted as what they stand for."""
MAX_CHARACTERS = 8 * 1024 * 1024
"""Of all scalars, aliases counted as what they stand for."""
MAX_PROBLEMS = 100
"""More are counted, not kept: nobody reads them, and each costs time."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_document(source: str | bytes, *, file: str) -> Document:
    """Read a file whose root is a map. Never raises; what is wrong is in ``problems``."""
    document = read_value(source, file=file)
    document.is_empty = not document.problems and document.value is None
    if not isinstance(document.value, dict):
        if document.is_empty:
            document.problems.append(document.problem("the file is empty", (), expected="a map"))
        elif not document.problems:
            kind = "a list" if isinstance(document.value, list) else "a single value"
            document.problems.append(document.problem(f"the file holds {kind}", (), expected="a map"))
        document.root = None
    return document


def read_value(source: str | bytes, *, file: str) -> Document:
    """Read one value of any kind, such as the list ``[1, 2]`` of ``--set``. Never raises."""
    reader = _Reader(file)
    try:
        reader.read(reader.decode(source))
    except _Refused:
        reader.root = None
    return Document(file, reader.root, reader.problems, reader.ambiguous, reader.dropped)


class _Refused(Exception):
    """Ends the reading; its problem is noted already."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read. ``key`` is the pending key of a map; DISCARD drops the value that follows."""

    node: Node
    is_map: bool
    anchor: str | None
    is_key: bool = False
    key: str | None = None
    discard: bool = False


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.ambiguous: dict[Path, Problem] = {}
        self.dropped = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._nodes = 0
        self._characters = 0

    def decode(self, source: str | bytes) -> str:
        """The text of the file, checked for size and for what YAML does not allow in any place."""
        try:
            size = len(source.encode() if isinstance(source, str) else source)
        except UnicodeEncodeError as error:
            self._refuse_at("the text holds half of a surrogate pair", str(source), error.start, expected="UTF-8")
        if size > MAX_BYTES:
            self.refuse(f"the file has {size:,} bytes", Position(1, 1), expected=f"at most {MAX_BYTES:,} bytes")
        if isinstance(source, bytes):
            try:
                text = source.decode("utf-8")
            except UnicodeDecodeError as error:
                before = source[: error.start].decode("utf-8")
                self._refuse_at("the file is not UTF-8", before, len(before), expected="UTF-8")
        else:
            text = source
        text = text.removeprefix("\ufeff")
        unprintable = _UNPRINTABLE.search(text)
        if unprintable:
            character = f"U+{ord(unprintable.group()):04X}"
            self._refuse_at(f"the control character {character} is not allowed", text, unprintable.start())
        return text

    def read(self, text: str) -> None:
        """Read the one document of ``text`` into ``root``."""
        documents = 0
        for event in self._events(text):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    at = _position(event.start_mark)
                    self.refuse("the file holds several documents", at, expected="one, without further --- lines")
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()

    def refuse(self, message: str, at: Position, *, expected: str = "", suggestion: str = "") -> NoReturn:
        self._note(message, at, expected=expected, suggestion=suggestion, final=True)
        raise _Refused

    def _refuse_at(self, message: str, text: str, offset: int, *, expected: str = "") -> NoReturn:
        line_start = text.rfind("\n", 0, offset) + 1
        self.refuse(message, Position(text.count("\n", 0, offset) + 1, offset - line_start + 1), expected=expected)

    def _note(
        self, message: str, at: Position, *, expected: str = "", suggestion: str = "", final: bool = False
    ) -> None:
        if len(self.problems) >= MAX_PROBLEMS and not final:
            self.dropped += 1
            return
        path = format_path(self._path())
        self.problems.append(Problem(message, path, self.file, at.line, at.column, expected, suggestion))

    def _events(self, text: str) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            at = _position(mark) if mark else Position(1, 1)
            parts = (getattr(error, name, None) for name in ("context", "problem", "reason"))
            message = ", ".join(str(part) for part in parts if part)
            line = "".join(text.splitlines()[at.line - 1 : at.line])
            tabbed = "\t" in line[: len(line) - len(line.lstrip())]
            hint = "indent with spaces instead of tabs" if tabbed else "check the indentation, quotes and brackets here"
            self.refuse(f"this is not YAML: {message}", at, suggestion=hint)

    def _path(self) -> Path:
        path: list[str | int] = []
        for open_ in self._open:
            if open_.is_map:
                if open_.key is None:
                    break
                path.append(open_.key)
            else:
                path.append(len(open_.node.children))
        return tuple(path)

    def _node(self, event: yaml.NodeEvent) -> None:
        at = _position(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(event.anchor or "")
            if node is None:
                self.refuse(f"*{event.anchor} refers to no anchor", at, expected=f"&{event.anchor} before it")
            if node.is_open:
                self.refuse(f"the anchor &{event.anchor} holds itself", at)
            self._count(node, at)
            self._add(node)
            return
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._note(f"the tag {tag!r} is not supported", at, expected="plain maps, lists, texts and numbers")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, at)
            return
        is_map = isinstance(event, yaml.MappingStartEvent)
        node = Node(at, {} if is_map else [], is_open=True)
        self._count(node, at)
        parent = self._open[-1] if self._open else None
        is_key = parent is not None and parent.is_map and parent.key is None and not parent.discard
        if is_key:
            self._note(
                f"a key is a {'map' if is_map else 'list'}",
                at,
                expected="a text",
                suggestion='a placeholder must be in quotes: "{{stack.network.vpcId}}"' if is_map else "",
            )
        if event.anchor:
            self._anchors[event.anchor] = node
        self._open.append(_Open(node, is_map, event.anchor, is_key))

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> None:
        parent = self._open[-1] if self._open else None
        if parent and parent.is_map and parent.key is None and not parent.discard:
            self._key(parent, event, at)
            return
        node = Node(at, event.value, characters=len(event.value))
        if event.implicit[0]:
            read = read_plain(event.value)
            if isinstance(read, NotJson):
                self._note(read.message, at, expected=read.expected)
                read = None
            if isinstance(read, Ambiguous):
                if len(self.ambiguous) < MAX_PROBLEMS:
                    path = self._path()
                    self.ambiguous[path] = Problem(
                        read.message, format_path(path), self.file, at.line, at.column, suggestion=read.suggestion
                    )
                read = event.value
            node.value = read
        self._count(node, at)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._add(node)

    def _key(self, parent: _Open, event: yaml.ScalarEvent, at: Position) -> None:
        """A key of a map, or a problem and the value that follows is dropped."""
        plain = event.implicit[0]
        read = read_plain(event.value) if plain else event.value
        key: str = event.value
        if plain and key == "<<":
            self._note("merge keys (<<) are not supported", at, suggestion="write the keys out, or use defaults")
        elif key == "":
            self._note("a key is empty", at, expected="a text")
        elif isinstance(read, Ambiguous):
            self._note(f"the key {key!r}: {read.message}", at, suggestion=f'write "{key}" in quotes')
        elif not isinstance(read, str):
            self._note(f"the key {key[:60]!r} is not a text", at, suggestion=f'write "{key[:60]}" in quotes')
        elif key in parent.node.keys:
            first = parent.node.keys[key]
            self._note(
                f"the key {key[:60]!r} is given twice, first in line {first.line}, column {first.column}",
                at,
                suggestion="remove one of the two",
            )
        else:
            parent.key = key
            parent.node.keys[key] = at
            parent.node.characters += len(key)
            self._characters += len(key)
            if event.anchor:
                self._anchors[event.anchor] = Node(at, key, characters=len(key))
            return
        parent.discard = True

    def _close(self) -> None:
        closed = self._open.pop()
        closed.node.is_open = False
        if closed.is_key:
            self._open[-1].discard = True
        else:
            self._add(closed.node)

    def _add(self, node: Node) -> None:
        """Put a finished value in its place."""
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.is_map:
            if parent.discard:
                parent.discard = False
                return
            if parent.key is None:
                self._note("a key is an alias", node.position, expected="a text")
                parent.discard = True
                return
            parent.node.value[parent.key] = node.value
            parent.node.children[parent.key] = node
            parent.key = None
        else:
            parent.node.children[len(parent.node.children)] = node
            parent.node.value.append(node.value)
        parent.node.nodes += node.nodes
        parent.node.characters += node.characters
        parent.node.height = max(parent.node.height, node.height + 1)

    def _count(self, node: Node, at: Position) -> None:
        """Count a value that begins, an alias as all that it stands for, and refuse what goes beyond the limits."""
        self._nodes += node.nodes
        self._characters += node.characters
        if len(self._open) + node.height > MAX_DEPTH:
            self.refuse(f"the file is nested more than {MAX_DEPTH} deep here", at, expected=f"at most {MAX_DEPTH}")
        if self._nodes > MAX_NODES:
            self.refuse(
                f"the file expands to {self._nodes:,} values or more", at, expected=f"at most {MAX_NODES:,} values"
            )
        if self._characters > MAX_CHARACTERS:
            self.refuse(
                f"the file expands to {self._characters:,} characters or more",
                at,
                expected=f"at most {MAX_CHARACTERS:,} characters",
            )


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)
