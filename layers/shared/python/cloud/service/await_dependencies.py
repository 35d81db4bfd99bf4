"""AwaitDependencies: keep the stack's task token until the scheduler starts or skips it."""

from __future__ import annotations

from cloud.domain import schedule as scheduler
from cloud.service.platform import Platform
from cloud.service.scheduling import STOP, answer_of


def await_dependencies(
    platform: Platform, deployment_id: str, operation_id: str, stack: str, token: str, attempt: str = ""
) -> None:
    """Store the token, then look whether the decision has already fallen; if so, complete the task at once.

    In this order, and with the scheduler's writers storing the schedule before they read the tokens, either side sees the
    other and no wake-up is lost. ``attempt`` is ``entry.attempt_of`` the delivery. Raises NotFound when there is no schedule,
    StaleWrite for a delivery that comes after a later one.
    """
    platform.stores.operations.put_token(deployment_id, operation_id, stack, token, attempt)
    schedule, _ = platform.stores.operations.get_schedule(deployment_id, operation_id)
    decided = scheduler.decision(schedule, stack)
    if isinstance(decided, scheduler.Grant | scheduler.Skip):
        platform.workflow().succeed(token, answer_of(decided))
    elif isinstance(decided, scheduler.Ended):
        platform.workflow().succeed(token, STOP)  # a late delivery: RecordStack finds the result that is there
