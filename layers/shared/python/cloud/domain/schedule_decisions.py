"""What a schedule says about one stack, asked at any time and as often as one likes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cloud.domain.errors import NotFound
from cloud.domain.operations import OnFailure
from cloud.domain.schedule_state import STANDING_AFTER, Outcome, Schedule, ScheduledStack, Standing
from cloud.domain.suggestions import did_you_mean

_OUTCOME_OF = {standing: outcome for outcome, standing in STANDING_AFTER.items()}


@dataclass(frozen=True, slots=True)
class Grant:
    """The stack may run, or runs."""

    stack: str


@dataclass(frozen=True, slots=True)
class Skip:
    """The stack will not run: ``outcome`` is skipped or cancelled. ``blocked_by`` is the stack that stopped it; it is empty
    only when the whole operation was cancelled."""

    stack: str
    blocked_by: str
    reason: str
    outcome: Outcome = Outcome.SKIPPED


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet. ``waiting_for`` are the dependencies that have not succeeded; empty when only
    a slot, an earlier layer or the beginning is missing.
    """

    stack: str
    waiting_for: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The stack has run to its end; a late token is answered with the outcome, never with a second start."""

    stack: str
    outcome: Outcome


Decision = Grant | Skip | Wait | Ended


def decision(schedule: Schedule, stack: str) -> Decision:
    """What holds for one stack now. Raises NotFound for a stack that is not in the schedule."""
    found = schedule.stacks.get(stack)
    if found is None:
        raise NotFound(
            f"{stack} is not part of this operation.", hint=did_you_mean(stack, schedule.stacks), stack=stack
        )
    if found.standing is Standing.GRANTED:
        return Grant(stack)
    if found.standing is Standing.WAITING:
        missing = tuple(name for name in found.dependencies if schedule.stacks[name].standing is not Standing.SUCCEEDED)
        return Wait(stack, missing, _reason_to_wait(schedule, missing))
    if found.standing in (Standing.SKIPPED, Standing.CANCELLED):
        return skip_of(schedule, found)
    return Ended(stack, _OUTCOME_OF[found.standing])


def granted(schedule: Schedule) -> tuple[str, ...]:
    """The stacks that hold a slot: told to start, not finished."""
    return schedule.named(Standing.GRANTED)


def wake_ups(schedule: Schedule) -> tuple[Grant | Skip, ...]:
    """Everything that some token may still have to be told; telling it again does no harm."""
    decisions = (
        decision(schedule, name)
        for name, stack in schedule.stacks.items()
        if stack.standing in (Standing.GRANTED, Standing.SKIPPED, Standing.CANCELLED)
    )
    return tuple(found for found in decisions if isinstance(found, Grant | Skip))


def _reason_to_wait(schedule: Schedule, missing: Collection[str]) -> str:
    if missing:
        return f"waiting for {', '.join(missing)}"
    if not schedule.begun:
        return "waiting for the operation to begin"
    if schedule.running >= schedule.max_parallel:
        return f"waiting for one of {schedule.max_parallel} slots"
    return "waiting for the layers before it"


def skip_of(schedule: Schedule, stack: ScheduledStack) -> Skip:
    """Why a stack that stands skipped or cancelled does so."""
    outcome = _OUTCOME_OF[stack.standing]
    if not stack.blocked_by:
        reason = "the operation was cancelled" if outcome is Outcome.CANCELLED else "it was skipped by its own run"
        return Skip(stack.name, "", reason, outcome)
    blocker = schedule.stacks.get(stack.blocked_by)
    end = blocker.standing.value if blocker else "stopped"
    if end == Standing.FAILED and schedule.on_failure is OnFailure.STOP:
        return Skip(stack.name, stack.blocked_by, f"{stack.blocked_by} failed, and on_failure is stop", outcome)
    was = end if end == Standing.FAILED else f"was {end}"
    return Skip(stack.name, stack.blocked_by, f"it needs {stack.blocked_by}, which {was}", outcome)
