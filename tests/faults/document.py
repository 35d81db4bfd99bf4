"""The tables of docs/reliability.md, made of the named faults: ``python -m tests.faults.document`` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from tests.faults.faults_of_operations import DELIVERIES
from tests.faults.named import GROUPS, Group
from tests.faults.named_fault import Named

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
WIDTH = 128
BEGIN, END = "<!-- faults: written by tests/faults/document.py -->", "<!-- end of faults -->"


def tables() -> str:
    """All groups, each with a heading, a sentence and a table."""
    return "\n".join(line for group in GROUPS for line in _group(group))


def page(text: str) -> str:
    """``text`` with its tables as they should be. Raises ValueError when the marks are missing."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def _group(group: Group) -> Iterator[str]:
    yield from (f"### {group.title}", "", *wrap(group.text, WIDTH), "")
    if group.faults is DELIVERIES:
        tasks = sorted({_task(each) for each in group.faults})
        kinds = dict.fromkeys(_point(each) for each in group.faults)
        yield from wrap(f"Tasks: {', '.join(f'`{task}`' for task in tasks)}.", WIDTH)
        yield from wrap(f"Each of them: {'; '.join(kinds)}.", WIDTH)
        yield from wrap(f"Every one ends as {_end(group.faults[0])}; the tests are named after both.", WIDTH)
        yield ""
        return
    yield from ("| test | what goes wrong | the operation ends as |", "|---|---|---|")
    for each in group.faults:
        struck = "<br>".join(dict.fromkeys(_fault(each)))
        yield f"| {each.name} | {struck} | {_end(each)} |"
    yield ""


def _fault(named: Named) -> Iterator[str]:
    for fault in named.faults:
        same = [each.occurrence for each in named.faults if (each.point, each.kind) == (fault.point, fault.kind)]
        number = f", number {fault.occurrence}" if fault.occurrence > 1 else ""
        number = f", numbers {min(same)} to {max(same)}" if len(same) > 1 else number
        seconds = f" {fault.seconds:g} s" if fault.seconds else ""
        yield f"{fault.kind}{seconds} at `{fault.point}`{number}"


def _end(named: Named) -> str:
    story = "" if named.plot == "deploy" else f" ({named.plot})"
    if named.stacks is None:
        return f"{named.state}{story}; its stacks as they are found"
    stacks = ", ".join(f"{stack} {status}" for stack, status in named.stacks.items()) or "no stack touched"
    return f"{named.state}{story}: {stacks}"


def _task(named: Named) -> str:
    return named.faults[0].point.partition(":")[0].partition(" ")[0]


def _point(named: Named) -> str:
    (fault,) = named.faults
    return f"{fault.kind}{f' {fault.seconds:g} s' if fault.seconds else ''}"


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
