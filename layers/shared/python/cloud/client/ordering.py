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
    """What was seen of each operation. ``last`` is where a new subscription should begin.

    A subscription replays the rest of the cursor's operation and all of every later one. Several operations may run at once,
    one in each environment, so ``last`` belongs to the oldest that has not ended: what is newer comes along with it.
    """

    def __init__(self, since: Cursor | None = None) -> None:
        self._seen: dict[str, int] = {since.operation_id: since.sequence} if since else {}
        self._ended: set[str] = set()
        self._oldest = since.operation_id if since else ""

    @property
    def last(self) -> Cursor | None:
        """The last event seen of the oldest operation that has not ended, else of the newest; None before the first."""
        if not self._seen:
            return None
        under_way = self._seen.keys() - self._ended
        operation_id = min(under_way) if under_way else max(self._seen)
        return Cursor(operation_id, self._seen[operation_id])

    def judge(self, event: Event) -> Verdict:
        """What to do with the event; delivering it is remembered.

        An operation older than what was asked for, or any without ``since``, may begin in the middle: no replay would bring
        what came before.
        """
        if not self._oldest:
            self._oldest = event.operation_id
            self._seen[event.operation_id] = event.sequence - 1
        elif event.operation_id < self._oldest:
            self._seen.setdefault(event.operation_id, event.sequence - 1)
        seen = self._seen.get(event.operation_id, 0)
        if event.sequence <= seen:
            return Verdict.DROP
        if event.sequence > seen + 1:
            return Verdict.GAP
        self._seen[event.operation_id] = event.sequence
        if event.data.get("terminal"):
            self._ended.add(event.operation_id)
        return Verdict.DELIVER
