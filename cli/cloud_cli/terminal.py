"""What reaches the terminal: text that can't do harm, and consoles that interpret nothing.

Names, log lines and errors come from programs and from servers. They must not move the cursor, change the title, hide text or
be taken for Rich's markup: consoles are made without markup, and every foreign text passes ``clean``.
"""

from __future__ import annotations

import re
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erasing
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, …: titles, clipboard, links
    r"|\x1b[ -/]*[0-~]?"  # what else begins with ESC
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
"""Marks that reorder or hide text (Trojan source); joiners stay, for scripts need them."""


def clean(text: object, *, lines: bool = False) -> str:
    """``text`` without control sequences, control characters and invisible marks. Line feeds stay with ``lines``, else they
    become spaces."""
    plain = _SEQUENCE.sub("", str(text))
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    plain = _INVISIBLE.sub("", _CONTROL.sub("", plain))
    plain = plain.encode("utf-8", "replace").decode()  # a lone surrogate can't be written
    return plain if lines else plain.replace("\n", " ")


def make_console(file: IO[str], *, no_color: bool, width: int | None = None) -> Console:
    """A console that prints what it is given: no markup, no emoji codes, no highlighting of numbers."""
    from rich.console import Console

    return Console(
        file=file,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=not file.isatty(),
        no_color=no_color or None,
        width=width,
    )


def is_interactive() -> bool:
    """Whether somebody can answer a question: it is read from stdin and shown on stderr."""
    return sys.stdin.isatty() and sys.stderr.isatty()
