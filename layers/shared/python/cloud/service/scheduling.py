"""Apply events to an operation's schedule and wake whom the scheduler names.

The decision is the pure ``advance``; this module makes it durable. A wake-up is never lost: the token is stored before the
schedule is read (await_dependencies) and the schedule is written before the tokens are read (here), so one of the two sees
the other. A crash between the write and the sends is healed by repeating the event, which sends to everybody who is granted.
"""

from __future__ import annotations

from collections.abc import Sequence

from cloud.domain import schedule as scheduler
from cloud.domain.operations import Operation
from cloud.domain.schedule import Schedule
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform

GO = {"go": True}
"""What a waiting task is completed with; whether the stack runs or is skipped stands in the schedule."""


def apply(platform: Platform, operation: Operation, event: scheduler.Event) -> tuple[Schedule, tuple[str, ...]]:
    """Store what ``event`` does to the schedule. Gives the schedule and the stacks to wake.

    An event that changes nothing (a repetition) names everybody who is granted or skipped, to be woken again.
    """
    operations = platform.stores.operations

    def attempt() -> tuple[Schedule, tuple[str, ...]]:
        schedule, version = operations.get_schedule(operation.deployment_id, operation.id)
        step = scheduler.advance(schedule, event)
        if step.ignored:
            return schedule, tuple(wake_up.stack for wake_up in scheduler.wake_ups(schedule))
        operations.put_schedule(operation.deployment_id, operation.id, step.schedule, version)
        return step.schedule, (*step.starts, *(skip.stack for skip in step.skips))

    return until_fresh(attempt)


def wake(platform: Platform, operation: Operation, stacks: Sequence[str]) -> None:
    """Complete the task token of each stack that waits. One that has not come yet asks for itself; one used up is done."""
    if not stacks:
        return
    tokens = platform.stores.operations.get_tokens(operation.deployment_id, operation.id, stacks)
    for stack in stacks:
        if stack in tokens:
            platform.workflow().succeed(tokens[stack], GO)
