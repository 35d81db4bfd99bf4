"""Tell the scheduler how a stack ended, and wake whom it names."""

from __future__ import annotations

from cloud.domain import schedule as scheduler
from cloud.domain.operations import Operation, StackResult
from cloud.domain.states import StackStatus
from cloud.service.platform import Platform
from cloud.service.scheduling import apply, wake

_OUTCOMES = {
    StackStatus.FAILED: scheduler.Outcome.FAILURE,
    StackStatus.SKIPPED: scheduler.Outcome.SKIPPED,
    StackStatus.CANCELLED: scheduler.Outcome.CANCELLED,
}


def release_dependents(platform: Platform, operation: Operation, result: StackResult) -> None:
    """Repeating it changes nothing, but sends the wake-ups again. Raises NotFound when there is no schedule."""
    if result.status in (StackStatus.SKIPPED, StackStatus.CANCELLED) and result.error is None:
        return  # the scheduler decided so itself, and woke the others when it did
    outcome = _OUTCOMES.get(result.status, scheduler.Outcome.SUCCESS)
    decided = apply(platform, operation, scheduler.Finished(result.stack, outcome, result.blocked_by))
    wake(platform, operation, decided)


def not_run(platform: Platform, operation: Operation, stack: str) -> StackResult | None:
    """The result of a stack that the schedule keeps from running, which also knows why; None for one that should have run."""
    schedule, _ = platform.stores.operations.get_schedule(operation.deployment_id, operation.id)
    decision = scheduler.decision(schedule, stack)
    if not isinstance(decision, scheduler.Skip):
        return None
    skipped = decision.outcome is scheduler.Outcome.SKIPPED
    status = StackStatus.SKIPPED if skipped else StackStatus.CANCELLED
    return StackResult(stack, status, reason=decision.reason, blocked_by=decision.blocked_by)
