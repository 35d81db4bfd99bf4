"""Words and figures for people, in one form everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.domain.states import StackStatus

_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "refresh": "refreshed",
    "same": "unchanged",
}
_LEFT_OUT = ("read", "discard")

MARKS = {
    StackStatus.PENDING: ("·", "dim"),
    StackStatus.WAITING: ("·", "dim"),
    StackStatus.DEPLOYED: ("✔", "green"),
    StackStatus.UNCHANGED: ("✔", "green"),
    StackStatus.DESTROYED: ("✔", "green"),
    StackStatus.FAILED: ("✘", "red"),
    StackStatus.SKIPPED: ("⊘", "yellow"),
    StackStatus.CANCELLED: ("⊘", "yellow"),
    StackStatus.DRIFTED: ("≠", "yellow"),
}
"""A stack's status as a mark with its style; those that are under way have a spinner instead."""


def duration(seconds: float | None) -> str:
    """``0.4s``, ``12s``, ``2m 05s``, ``1h 02m``; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"


def changes(counts: Mapping[str, int]) -> str:
    """``12 created, 1 updated``; what stayed as it was is told only when nothing else happened."""
    told = {kind: count for kind, count in counts.items() if count and kind not in (*_LEFT_OUT, "same")}
    if not told:
        same = counts.get("same", 0)
        return f"{same} unchanged" if same else ""
    return ", ".join(f"{count} {_DONE.get(kind, kind)}" for kind, count in sorted(told.items()))


def counted(number: int, noun: str) -> str:
    """``1 stack``, ``2 stacks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_line(text: str) -> str:
    """The first line that says something, with a mark where more follows."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "" if not lines else lines[0] if len(lines) == 1 else f"{lines[0]} …"
