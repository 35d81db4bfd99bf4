"""The pure scheduler: which stack may start now, which never will, and why.

    Begin ─▶ ┌─────────┐ dependencies succeeded,   ┌─────────┐ Finished ┌───────────────────────────────┐
             │ waiting │ a slot is free           ▶│ granted │ ────────▶│ succeeded · failed · skipped ·│
             └─────────┘                           └─────────┘          │ cancelled                     │
                  └── a dependency failed, stop, cancel, or its own wait failed ──▶ └──────────────────────┘

One operation has one schedule, and ``advance`` is the only thing that changes it. The caller writes the new schedule under
its optimistic version, then sends what ``starts`` and ``skips`` say. Every delivery may come twice, late or never:

- A terminal standing is never left again, so a repeated event changes nothing; ``Advance.ignored`` says why.
- A crash between the write and the send loses no wake-up: ``wake_ups`` and ``decision`` say the same thing again for as long
  as it is true, to a repeated event, to a token that was stored after its grant, and to the reconciler.

Order of grants: the longest remaining path first, then the alphabet. This rank never changes, so the schedule keeps its
stacks in that order. ``strict_layers``: nothing of a layer is granted before every earlier layer is terminal, because a
granted stack holds a slot, and the state machine may not have reached its layer yet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from cloud.domain.operations import OnFailure
from cloud.domain.schedule_decisions import (
    Decision,
    Ended,
    Grant,
    Skip,
    Wait,
    decision,
    granted,
    skip_of,
    wake_ups,
)
from cloud.domain.schedule_state import STANDING_AFTER, Outcome, Schedule, ScheduledStack, Standing, make_schedule

__all__ = [
    "Advance",
    "Begin",
    "CancelRequested",
    "Decision",
    "Ended",
    "Event",
    "Finished",
    "Grant",
    "Outcome",
    "Schedule",
    "ScheduledStack",
    "Skip",
    "Standing",
    "Wait",
    "advance",
    "decision",
    "granted",
    "make_schedule",
    "wake_ups",
]


@dataclass(frozen=True, slots=True)
class Begin:
    """The plan is confirmed and the environment locked: the first grants may be given."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A stack has ended. ``blocked_by`` goes with ``skipped``, when somebody else than the scheduler decided that."""

    stack: str
    outcome: Outcome
    blocked_by: str = ""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Nothing new may start; what runs is interrupted by its runner and finishes as ever."""


Event = Begin | Finished | CancelRequested


@dataclass(frozen=True, slots=True)
class Advance:
    """What one event changed. ``ignored`` says why it changed nothing; then there are neither starts nor skips."""

    schedule: Schedule
    starts: tuple[str, ...] = ()
    skips: tuple[Skip, ...] = ()
    ignored: str = ""


def advance(schedule: Schedule, event: Event) -> Advance:
    """The schedule after ``event``, and who must be woken because of it.

    Never raises for an event that comes twice, late or about an unknown stack: it is ignored, with the reason.
    """
    ignored = _reason_to_ignore(schedule, event)
    if ignored:
        return Advance(schedule, ignored=ignored)
    draft = _Draft(schedule)
    if isinstance(event, Begin):
        draft.begun = True
    elif isinstance(event, CancelRequested):
        draft.cancelled = True
        draft.give_up(list(draft.stacks), Standing.CANCELLED, "")
    else:
        draft.finish(event)
    draft.grant()
    return draft.done()


class _Draft:
    """The next schedule while one event is applied to it; the given one is never touched."""

    def __init__(self, schedule: Schedule) -> None:
        self.before = schedule
        self.stacks = dict(schedule.stacks)
        self.begun = schedule.begun
        self.cancelled = schedule.cancelled
        self.running = schedule.running
        self.starts: list[str] = []
        self.given_up: list[str] = []

    def finish(self, event: Finished) -> None:
        stack = self.stacks[event.stack]
        if stack.standing is Standing.GRANTED:
            self.running -= 1
        self.stacks[stack.name] = replace(stack, standing=STANDING_AFTER[event.outcome], blocked_by=event.blocked_by)
        if event.outcome is Outcome.SUCCESS:
            for name in self.before.dependents[stack.name]:
                self.stacks[name] = replace(self.stacks[name], missing=self.stacks[name].missing - 1)
        elif event.outcome is Outcome.FAILURE and self.before.on_failure is OnFailure.STOP:
            self.give_up(list(self.stacks), Standing.SKIPPED, stack.name)
        else:
            standing = Standing.CANCELLED if event.outcome is Outcome.CANCELLED else Standing.SKIPPED
            self.give_up_dependents(stack.name, standing, event.blocked_by or stack.name)

    def give_up_dependents(self, root: str, standing: Standing, blocked_by: str) -> None:
        """Of every depth. Below one that is terminal already, its own end has done this before."""
        frontier = [root]
        while frontier:
            frontier = self.give_up(self.before.dependents[frontier.pop()], standing, blocked_by) + frontier

    def give_up(self, names: Collection[str], standing: Standing, blocked_by: str) -> list[str]:
        """What still waits among ``names`` will not run; returns those."""
        waiting = [name for name in names if self.stacks[name].standing is Standing.WAITING]
        for name in waiting:
            self.stacks[name] = replace(self.stacks[name], standing=standing, blocked_by=blocked_by)
        self.given_up += waiting
        return waiting

    def grant(self) -> None:
        """Fill the free slots by rank. Nothing is left ready beside a free slot, so no later event has to remember it."""
        free = self.before.max_parallel - self.running
        if not self.begun or free <= 0:
            return
        layer = self.open_layer() if self.before.strict_layers else 0
        ready = [
            stack
            for stack in self.stacks.values()
            if stack.standing is Standing.WAITING and not stack.missing and layer in (0, stack.layer)
        ]
        for stack in ready[:free]:
            self.stacks[stack.name] = replace(stack, standing=Standing.GRANTED)
            self.starts.append(stack.name)
        self.running += len(self.starts)

    def open_layer(self) -> int:
        """The earliest layer that is not terminal; 0 when all are."""
        return min((stack.layer for stack in self.stacks.values() if not stack.standing.is_terminal), default=0)

    def done(self) -> Advance:
        schedule = replace(
            self.before, stacks=self.stacks, begun=self.begun, cancelled=self.cancelled, running=self.running
        )
        skips = tuple(skip_of(schedule, schedule.stacks[name]) for name in self.given_up)
        return Advance(schedule, tuple(self.starts), skips)


def _reason_to_ignore(schedule: Schedule, event: Event) -> str:
    if isinstance(event, Begin):
        return "the schedule has begun already" if schedule.begun else ""
    if isinstance(event, CancelRequested):
        if schedule.is_finished:  # a cancel that lost the race must not turn a finished operation into a cancelled one
            return "everything has finished already"
        return "cancelling was requested already" if schedule.cancelled else ""
    stack = schedule.stacks.get(event.stack)
    if stack is None:
        return f"{event.stack} is not part of this operation"
    if stack.standing.is_terminal:
        return f"{event.stack} is {stack.standing} already"
    if stack.standing is Standing.WAITING and event.outcome is Outcome.SUCCESS:
        # A failure while waiting is real (the wait itself timed out); a success without a grant cannot be.
        return f"{event.stack} was never told to start"
    return ""
