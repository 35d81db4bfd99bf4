"""At least once on the wire, exactly once and in order out of it.

The sequence of an operation has no gaps, so a client knows of every event that comes whether it has it (drop it), whether it
is next (deliver it), or whether something before it is missing (put it aside, and ask). What is asked for comes from the
store; what the store doesn't have any more, it says, and only then is anything passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cloud.domain.events import Cursor, Event, closes

MAX_WAITING = 1000
"""Events put aside, of all operations together. The last ones are let go beyond: an answer brings them again."""


@dataclass(slots=True)
class _Log:
    """What is known of one operation. ``waiting`` came too early; None stands for a type that this version doesn't know."""

    seen: int
    waiting: dict[int, Event | None] = field(default_factory=dict)
    has_ended: bool = False

    def pass_to(self, sequence: int) -> None:
        """Count everything up to ``sequence`` as seen."""
        self.seen = max(self.seen, sequence)
        self.waiting = {number: event for number, event in self.waiting.items() if number > self.seen}

    def ready(self) -> list[Event]:
        """Those that are next, which leave the ones that wait."""
        found: list[Event] = []
        while self.seen + 1 in self.waiting:
            self.seen += 1
            event = self.waiting.pop(self.seen)
            if event is not None:
                found.append(event)
                self.has_ended = self.has_ended or closes(event)
        return found


class Sequencer:
    """``take`` every event that comes and deliver what that gives; ``ask`` where ``should_ask``, until it is ``answered``.

    A question is a subscription since ``last``: it brings the rest of that operation and all of every later one. Several
    operations may run at once, so ``last`` belongs to the oldest that had not ended when the last answer was complete:
    whatever is newer comes with it, also what nobody has heard of yet.
    """

    def __init__(self, since: Cursor | None = None) -> None:
        self._logs: dict[str, _Log] = {since.operation_id: _Log(since.sequence)} if since else {}
        self._first = self._base = since.operation_id if since else ""
        self._asked_about: dict[str, int] = {}
        self.is_asking = False

    @property
    def last(self) -> Cursor | None:
        """Where a question begins; None before the first event of a subscription without ``since``."""
        return Cursor(self._base, self._logs[self._base].seen) if self._base else None

    @property
    def should_ask(self) -> bool:
        """Whether something is missing that no question was about yet."""
        return not self.is_asking and not self._gaps().items() <= self._asked_about.items()

    def take(self, cursor: Cursor, event: Event | None) -> list[Event]:
        """The events to deliver now that this one has come. ``event`` is None for a type that this version doesn't know.

        An operation older than what was asked for, or any without ``since``, may begin in the middle: no answer would bring
        what came before.
        """
        log = self._log(cursor)
        if cursor.sequence <= log.seen:
            return []
        log.waiting[cursor.sequence] = event
        ready = log.ready()
        if sum(len(other.waiting) for other in self._logs.values()) > MAX_WAITING:
            del log.waiting[max(log.waiting)]
        return ready

    def pass_over(self, cursor: Cursor) -> list[Event]:
        """The events to deliver now that those up to the cursor are known to be stored no more."""
        log = self._log(cursor)
        log.pass_to(cursor.sequence)
        return log.ready()

    def ask(self) -> Cursor | None:
        """Where the question begins that is about to be asked. One at a time: an answer doesn't say whose it is."""
        self._asked_about, self.is_asking = self._gaps(), True
        return self.last

    def answered(self) -> None:
        """The answer is complete: all that was stored when it was asked for has come."""
        self.is_asking = False
        under_way = [name for name, log in self._logs.items() if not log.has_ended]
        self._base = min(under_way, default=max(self._logs, default=""))

    def disconnected(self) -> None:
        """The connection is lost, and with it the answer that was under way."""
        self._asked_about, self.is_asking = {}, False

    def _gaps(self) -> dict[str, int]:
        """The first event that waits, by operation."""
        return {name: min(log.waiting) for name, log in self._logs.items() if log.waiting}

    def _log(self, cursor: Cursor) -> _Log:
        if not self._base:
            self._first = self._base = cursor.operation_id
            self._logs[cursor.operation_id] = _Log(cursor.sequence - 1)
        first = cursor.sequence - 1 if cursor.operation_id < self._first else 0
        return self._logs.setdefault(cursor.operation_id, _Log(first))
