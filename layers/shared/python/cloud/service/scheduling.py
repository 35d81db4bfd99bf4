"""Apply events to an operation's schedule and wake whom the scheduler names.

The decision is the pure ``advance``; this module makes it durable. A wake-up is never lost: the token is stored before the
schedule is read (await_dependencies) and the schedule is written before the tokens are read (here), so one of the two sees
the other. A crash between the write and the sends is healed by repeating the event, which sends to everybody who is granted.
"""

from __future__ import annotations

from collections.abc import Sequence

from cloud.domain import schedule as scheduler
from cloud.domain.operations import Operation
from cloud.domain.schedule import Grant, Skip
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform

Decided = Grant | Skip
"""What a waiting stack is told."""


def answer_of(decided: Decided) -> dict[str, bool]:
    """What the waiting task is completed with: whether the stack goes on to run."""
    return {"go": isinstance(decided, Grant)}


STOP = {"go": False}


def apply(platform: Platform, operation: Operation, event: scheduler.Event) -> tuple[Decided, ...]:
    """Store what ``event`` does to the schedule. Gives whom to wake, and with what.

    An event that changes nothing (a repetition) names everybody who is granted or skipped, to be woken again; so does every
    event of a cancelled operation, for whoever cancelled it may have died before he sent.
    """
    operations = platform.stores.operations

    def attempt() -> tuple[Decided, ...]:
        schedule, version = operations.get_schedule(operation.deployment_id, operation.id)
        step = scheduler.advance(schedule, event)
        if step.ignored:
            return scheduler.wake_ups(schedule)
        operations.put_schedule(operation.deployment_id, operation.id, step.schedule, version)
        if step.schedule.cancelled:
            return scheduler.wake_ups(step.schedule)
        return (*(Grant(stack) for stack in step.starts), *step.skips)

    return until_fresh(attempt)


def wake(platform: Platform, operation: Operation, decided: Sequence[Decided]) -> None:
    """Complete the task token of each stack that waits. One that has not come yet asks for itself; one used up is done."""
    if not decided:
        return
    names = [each.stack for each in decided]
    tokens = platform.stores.operations.get_tokens(operation.deployment_id, operation.id, names)
    for each in decided:
        if each.stack in tokens:
            platform.workflow().succeed(tokens[each.stack], answer_of(each))
