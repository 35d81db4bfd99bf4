"""Columns that stay whole: lines as long as they need to be, for terminals that wrap and for pipes that don't.

Rich's tables fit themselves into a width, which cuts or folds values that somebody wants to copy or to grep.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.text import Text


def aligned(rows: Sequence[Sequence[Text]], *, right: Collection[int] = (), gap: int = 2) -> Text:
    """The rows as lines, each column as wide as its widest cell; empty columns are left out, and nothing ends in spaces."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines: list[Text] = []
    for row in rows:
        line = Text()
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            if not width:
                continue
            space = " " * (width - cell.cell_len)
            line.append_text(Text.assemble(space, cell) if at in right else Text.assemble(cell, space))
            line.append(" " * gap)
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)
