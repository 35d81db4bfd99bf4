r"""What stands between braces in a template: ``{{accounts.dev}}``, ``{{region | default('us-east-1')}}``.

The grammar is that of the runtime placeholders, and so is ``\{{`` for a literal ``{{``. What begins with a runtime namespace
(``{{stack.network.vpcId}}``) is theirs and passes as it stands, as ``\{{`` does: the manifest's own reader wants both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cloud.domain.placeholders import (
    NAMESPACES,
    OPENING,
    Malformed,
    MalformedError,
    read_expression,
)
from cloud.domain.template_schema import VARIABLE_FORM, VARIABLE_NAME

_NAME = re.compile(VARIABLE_NAME)
_RUNTIME = re.compile(rf"\s*(?:{'|'.join(NAMESPACES)})\.")


@dataclass(frozen=True, slots=True)
class Use:
    """A variable where it is used: from ``offset`` to ``end``. ``default`` counts only with ``has_default``."""

    offset: int
    end: int
    name: str
    default: Any = None
    has_default: bool = False


Part = str | Use | Malformed


def scan(text: str) -> tuple[Part, ...]:
    """``text`` in parts: what stays as it stands, variables, and every ``{{`` that begins neither."""
    parts: list[Part] = []
    position = written = 0
    while (opening := OPENING.search(text, position)) is not None:
        position = opening.end()
        if opening.group() != "{{":
            continue
        part, end = _read(text, opening.start())
        if part is not None:
            if text[written : opening.start()]:
                parts.append(text[written : opening.start()])
            parts.append(part)
            written = end
        position = end
    return (*parts, text[written:]) if text[written:] else tuple(parts)


def _read(text: str, start: int) -> tuple[Use | Malformed | None, int]:
    """What begins at ``start``, and where the text goes on; None for what is not the template's."""
    runtime = _RUNTIME.match(text, start + 2)
    try:
        read = read_expression(text, start + 2)
    except MalformedError as malformed:
        return (None if runtime else Malformed(start, *malformed.details)), start + 2
    if runtime:
        return None, read.end
    if not _NAME.fullmatch(read.reference):
        shown = f"{read.reference[:60]!r} is not the name of a variable" if read.reference else "a placeholder is empty"
        return Malformed(start, shown, VARIABLE_FORM, r"write \{{ where a literal {{ is meant"), read.end
    return Use(start, read.end, read.reference, read.default, read.has_default), read.end
