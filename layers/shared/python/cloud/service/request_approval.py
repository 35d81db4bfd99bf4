"""RequestApproval: wait until somebody who is not the requester approves or rejects."""

from __future__ import annotations

from datetime import timedelta

from cloud.domain.errors import Forbidden, RunInterrupted, StateError
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import Operation
from cloud.domain.states import DeploymentStatus, TaskState
from cloud.service.announcing import announce, operation_event, told_events, was_told
from cloud.service.environments import propose_status
from cloud.service.platform import Platform

TOKEN = "RequestApproval"  # noqa: S105 - the name of a state, under which its task token is kept
DECISION_LIFE = timedelta(days=8)  # longer than RequestApproval waits
_APPROVED, _REJECTED = "approved_by", "rejected_by"


def request_approval(platform: Platform, deployment_id: str, operation_id: str, token: str, attempt: str = "") -> None:
    """Keep the task token and ask; ``decide`` completes it. ``attempt`` is ``entry.attempt_of`` the delivery.

    The token is stored before a decision is looked for, and a decision is told before the token is read: a repetition finds
    what was decided while the first delivery was being repeated.

    Raises RunInterrupted for a cancelled operation, StateError for one that has begun or ended, StaleWrite for a delivery
    that comes after a later one.
    """
    platform.stores.operations.put_token(deployment_id, operation_id, TOKEN, token, attempt)
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.state is not TaskState.QUEUED:
        raise StateError(f"The operation is {operation.state.value} already.", operation_id=operation_id)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled.", operation_id=operation_id)
    decided = _decided(platform, operation)
    if decided is not None:
        _answer(platform, token, *decided)
        return
    propose_status(platform, operation, DeploymentStatus.AWAITING_APPROVAL)
    announce(
        platform,
        operation,
        NewEvent(
            EventType.APPROVAL_REQUESTED, {"requester": operation.requester, "plan_digest": operation.plan_digest}
        ),
    )


def decide(platform: Platform, deployment_id: str, operation_id: str, *, approve: bool, caller: str) -> Operation:
    """Approve or reject a waiting operation; the first decision counts, and is sent again by every later one.

    Raises Forbidden when the caller is the requester, NotFound, and StateError when nothing waits or somebody else decided.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.state is not TaskState.QUEUED:
        raise StateError(f"The operation does not wait: it is {operation.state.value}.", operation_id=operation_id)
    if caller == operation.requester:
        raise Forbidden(
            "Nobody approves an operation of their own.",
            hint="Ask a colleague. In local mode CLOUD_USER says who you are.",
            operation_id=operation_id,
        )
    if not _token(platform, operation):
        raise StateError("The operation does not wait for an approval.", operation_id=operation_id)
    mine = f"{_APPROVED if approve else _REJECTED}:{caller}"
    expires = platform.clock.now() + DECISION_LIFE
    key = f"decision:{operation_id}:{operation.plan_digest[:16]}"
    counts = platform.stores.deployments.remember(deployment_id, key, mine, expires_at=int(expires.timestamp()))
    told, _, decider = counts.partition(":")
    if not was_told(platform, operation, lambda event: event.data.get(told) == decider):
        announce(platform, operation, operation_event(operation, operation.state, None, **{told: decider}))
    _answer(platform, _token(platform, operation), told, decider)
    if counts != mine:
        raise StateError(
            f"The operation does not wait for an approval any more: it was {told.removesuffix('_by')} by {decider}.",
            operation_id=operation_id,
        )
    return operation


def _token(platform: Platform, operation: Operation) -> str:
    return platform.stores.operations.get_tokens(operation.deployment_id, operation.id, [TOKEN]).get(TOKEN, "")


def _decided(platform: Platform, operation: Operation) -> tuple[str, str] | None:
    """What was decided, and by whom, as it was told."""
    for event in told_events(platform, operation):
        for told in (_APPROVED, _REJECTED):
            if told in event.data:
                return told, str(event.data[told])
    return None


def _answer(platform: Platform, token: str, told: str, decider: str) -> None:
    if told == _APPROVED:
        platform.workflow().succeed(token, {told: decider})
    else:
        platform.workflow().fail(token, RunInterrupted.__name__, f"Rejected by {decider}.")
