r"""A template's text with its variables filled in, once.

A manifest is YAML, and stays the YAML that it was: a text that is one variable becomes its value with its type
(``"{{zones}}"`` becomes ``2``); inside a longer text, texts are put in as they are, everything else as JSON, and the whole is
quoted anew. So no value can end a text, begin a key or a comment. What was put in is never scanned again. Keys may have
variables; comments too, but there only what is declared is filled in.

``render_text`` is for files of any kind: it puts in texts as they are, and ``\{{`` becomes ``{{``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cloud.domain.document import Position
from cloud.domain.document_reader import MAX_BYTES
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.placeholders import Malformed
from cloud.domain.suggestions import did_you_mean
from cloud.domain.template import Template, Variable
from cloud.domain.template_expressions import Part, Use, scan
from cloud.domain.template_quoting import flow, quoted
from cloud.domain.template_values import declared_for, fill, look_up

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Piece:
    """A scalar of the manifest, or a comment: what it is in the file from ``start`` to ``end``, and its text in parts."""

    start: int
    end: int
    is_comment: bool
    text: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands in the manifest from ``start`` to ``end``, and in the template from ``source_start`` to ``source_end``."""

    start: int
    end: int
    source_start: int
    source_end: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """The manifest, and where each part of it stands in the template."""

    text: str
    source: str
    edits: tuple[Edit, ...] = ()

    def locate(self, line: int, column: int) -> Position:
        """Where in the template a place of the manifest comes from; both count from 1."""
        lines = self.text.split("\n")
        offset = sum(len(item) + 1 for item in lines[: line - 1]) + column - 1
        shift = 0
        for edit in self.edits:
            if offset < edit.start:
                break
            if offset < edit.end:
                return position_at(self.source, edit.source_start)
            shift = edit.source_end - edit.end
        return position_at(self.source, offset + shift)


def position_at(text: str, offset: int) -> Position:
    start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - start + 1)


def pieces_of(text: str) -> Iterator[Piece]:
    """What holds a ``{{``. The text was read as a document before, without a problem."""
    position = 0
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark.index, token.end_mark.index
            yield from _piece(position, start, text[position:start], is_comment=True)
            yield from _piece(start, end, token.value, is_comment=False)
            position = end
    yield from _piece(position, len(text), text[position:], is_comment=True)


def uses_in(text: str) -> Iterator[tuple[Use | Malformed, Position, bool]]:
    """Every variable, and every ``{{`` that begins nothing, with its place and whether a comment has it."""
    for piece in pieces_of(text):
        openings = [match.start() for match in re.finditer(re.escape("{{"), text[piece.start : piece.end])]
        for part in piece.parts:
            if not isinstance(part, str):
                # The braces are counted: an offset in a text is another one in its quotes. Escapes may hide them.
                number = piece.text.count("{{", 0, part.offset)
                offset = openings[number] if number < len(openings) else 0
                yield part, position_at(text, piece.start + offset), piece.is_comment


def use_problem(part: Use | Malformed, known: Mapping[str, Any], file: str, at: Position) -> Problem:
    """A variable that is not declared, or a malformed one."""
    if isinstance(part, Malformed):
        return Problem(part.message, "", file, at.line, at.column, part.expected, part.suggestion)
    message = f"the variable {part.name!r} is not declared"
    return Problem(message, "", file, at.line, at.column, f"one of {', '.join(known)}", did_you_mean(part.name, known))


def render_manifest(template: Template, given: Mapping[str, Any]) -> Rendered:
    """The manifest of a checked template. Raises one ConfigurationError with every value that is missing or wrong."""
    filling = _Filling(template.variables, fill(template, given))
    pieces = list(pieces_of(template.text))
    problems = list(_missing(template, filling)) or list(_too_large(pieces, filling))
    if problems:
        raise ConfigurationError(f"The template {template.name} cannot be filled in.", problems=problems)
    written: list[str] = []
    edits: list[Edit] = []
    position = length = 0
    for piece in pieces:
        raw = template.text[piece.start : piece.end]
        new = _comment(piece, filling) if piece.is_comment else _scalar(piece, raw, filling)
        before = template.text[position : piece.start]
        edits.append(Edit(length + len(before), length + len(before) + len(new), piece.start, piece.end))
        written += [before, new]
        length, position = edits[-1].end, piece.end
    return Rendered("".join([*written, template.text[position:]]), template.text, tuple(edits))


def render_text(text: str, values: Mapping[str, str], *, file: str) -> str:
    """A file of any kind. Raises ConfigurationError with every variable that there is not, each with line and column."""
    problems: list[Problem] = []
    rendered = ""
    for part in scan(text):
        if isinstance(part, str):
            rendered += part.replace(r"\{{", "{{")
        elif isinstance(part, Use) and part.name in values:
            rendered += values[part.name]
        else:
            problems.append(use_problem(part, values, file, position_at(text, part.offset)))
    if problems:
        raise ConfigurationError(f"{file} cannot be filled in.", problems=problems)
    return rendered


def _piece(start: int, end: int, text: str, *, is_comment: bool) -> Iterator[Piece]:
    if "{{" in text:
        yield Piece(start, end, is_comment, text, scan(text))


@dataclass(frozen=True, slots=True)
class _Filling:
    variables: Mapping[str, Variable]
    values: Mapping[str, Any]

    def look_up(self, use: Use) -> tuple[bool, Any]:
        """Whether there is a value for it, and which: the default of the place where there is no other."""
        found = declared_for(use.name, self.variables)
        if found and found[0] in self.values:
            there, value = look_up(self.values[found[0]], found[1])
            if there:
                return True, value
        return use.has_default, use.default


def _missing(template: Template, filling: _Filling) -> Iterator[Problem]:
    """What is not in the values of maps and lists."""
    for part, at, is_comment in uses_in(template.text):
        if isinstance(part, Use) and not is_comment and not filling.look_up(part)[0]:
            yield Problem(
                f"the value has no {part.name}",
                part.name,
                template.file,
                at.line,
                at.column,
                f"a value, or {{{{{part.name} | default(…)}}}} in the template",
            )


def _too_large(pieces: list[Piece], filling: _Filling) -> Iterator[Problem]:
    """Refused before it is built: a short template can repeat a long value very often."""
    lengths: dict[str, int] = {}
    total = 0
    for piece in pieces:
        for part in piece.parts:
            if isinstance(part, Use):
                if part.name not in lengths:
                    lengths[part.name] = len(flow(filling.look_up(part)[1]))
                total += lengths[part.name]
    if total > MAX_BYTES:
        yield Problem(f"the values make {total:,} characters of manifest", expected=f"at most {MAX_BYTES:,}")


def _scalar(piece: Piece, raw: str, filling: _Filling) -> str:
    """The scalar anew. Its lines are as many as before, so that what follows stays in its place."""
    if all(isinstance(part, str) for part in piece.parts):
        return raw
    values = [filling.look_up(part)[1] if isinstance(part, Use) else part for part in piece.parts]
    if len(values) == 1 and not isinstance(values[0], str):
        new = flow(values[0])
    else:
        new = quoted("".join(item if isinstance(item, str) else flow(item) for item in values), raw)
    return new + "\n" * max(0, raw.count("\n") - new.count("\n"))


def _comment(piece: Piece, filling: _Filling) -> str:
    """Declared variables, each on one line; what stands there else is prose."""
    new = piece.text
    for part in reversed(piece.parts):
        if isinstance(part, Use) and declared_for(part.name, filling.variables):
            value = filling.look_up(part)[1]
            line = " ".join((value if isinstance(value, str) else flow(value)).split())
            new = new[: part.offset] + line + new[part.end :]
    return new
