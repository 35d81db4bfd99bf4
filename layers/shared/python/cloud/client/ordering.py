"""At least once on the wire, exactly once and in order out of it.

The sequence of an operation has no gaps, so a client knows what it has (drop), what comes next (deliver), and what is missing
(ask again).
"""

from __future__ import annotations

from enum import StrEnum

from cloud.domain.events import Cursor, Event


class Verdict(StrEnum):
    DELIVER = "deliver"
    DROP = "drop"
    GAP = "gap"


class Sequencer:
    """What was seen of each operation. ``last`` is where a new subscription should begin."""

    def __init__(self, since: Cursor | None = None) -> None:
        self._seen: dict[str, int] = {since.operation_id: since.sequence} if since else {}
        self._last = since

    @property
    def last(self) -> Cursor | None:
        """The newest operation's last event (operation ids are ordered by time), None before the first."""
        return self._last

    def judge(self, event: Event) -> Verdict:
        """What to do with the event; delivering it is remembered.

        The first event of an operation that was never seen may have any number when nothing was asked for (a subscription
        without ``since`` begins in the middle).
        """
        seen = self._seen.get(event.operation_id)
        if seen is None and self._last is None:
            seen = event.sequence - 1
        seen = seen or 0
        if event.sequence <= seen:
            return Verdict.DROP
        if event.sequence > seen + 1:
            return Verdict.GAP
        self._seen[event.operation_id] = event.sequence
        if self._last is None or event.cursor > self._last:
            self._last = event.cursor
        return Verdict.DELIVER
