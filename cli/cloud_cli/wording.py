"""Words and figures for people, in one form everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloud.domain.states import StackStatus
from cloud_cli.terminal import clean

COMMON_OUTPUTS = frozenset({"stack", "deployment", "env"})
"""What every stack exports; it says nothing new."""

MAX_VALUE = 200

_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "refresh": "refreshed",
    "same": "unchanged",
}
FOUND = {
    "create": "new",
    "update": "changed",
    "replace": "changed",
    "delete": "gone",
    "import": "new",
    "refresh": "changed",
    "same": "as recorded",
}
"""What a refresh or a drift scan says of resources that it compares with what is there."""
_LEFT_OUT = ("read", "discard")

_STATUS_WORDS: Mapping[str, Mapping[StackStatus, str]] = {
    "preview": {StackStatus.PENDING: "to deploy"},
    "refresh": {StackStatus.DEPLOYED: "as recorded", StackStatus.UNCHANGED: "as recorded"},
    "drift": {StackStatus.DEPLOYED: "as recorded", StackStatus.UNCHANGED: "as recorded"},
}

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

TO_DEPLOY = ("~", "yellow")
"""The mark of a stack that a deploy would change, in a preview."""


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


def changes(counts: Mapping[str, int], operation: str = "deploy") -> str:
    """``12 created, 1 updated`` (of a preview ``12 to create``, of a drift scan ``1 changed``).

    What stayed as it was is told only when nothing else happened.
    """
    told = {kind: count for kind, count in counts.items() if count and kind not in (*_LEFT_OUT, "same")}
    if not told:
        same = counts.get("same", 0)
        return f"{same} {_change('same', operation)}" if same else ""
    return ", ".join(f"{count} {_change(kind, operation)}" for kind, count in sorted(told.items()))


def _change(kind: str, operation: str) -> str:
    if operation == "preview" and kind != "same":
        return f"to {kind}"
    words = FOUND if operation in ("refresh", "drift") else _DONE
    return words.get(kind, kind)


def status_word(status: StackStatus, operation: str) -> str:
    """A stack's status in the words of the operation: a preview deploys nothing."""
    return _STATUS_WORDS.get(operation, {}).get(status, status.value)


def shown_value(value: Any, *, whole: bool = False) -> str:
    """A text as it is, what else there is as JSON; shortened when it is long, unless the ``whole`` is wanted."""
    if value == {"secret": True}:
        return "(secret)"
    text = clean(value if isinstance(value, str) and (value or whole) else json.dumps(value))
    return text if whole or len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}… (`--json` shows all)"


def counted(number: int, noun: str) -> str:
    """``1 stack``, ``2 stacks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_line(text: str) -> str:
    """The first line that says something, with a mark where more follows."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "" if not lines else lines[0] if len(lines) == 1 else f"{lines[0]} …"
