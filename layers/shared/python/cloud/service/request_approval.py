"""RequestApproval: wait until somebody who is not the requester approves or rejects."""

from __future__ import annotations

from cloud.domain.errors import Forbidden, RunInterrupted, StateError
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import Operation
from cloud.domain.states import DeploymentStatus, TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.environments import propose_status
from cloud.service.platform import Platform

TOKEN = "RequestApproval"  # noqa: S105 - the name of a state, under which its task token is kept


def request_approval(platform: Platform, deployment_id: str, operation_id: str, token: str) -> None:
    """Keep the task token and ask; ``decide`` completes it.

    Raises RunInterrupted for a cancelled operation, StateError for one that has begun or ended.
    """
    platform.stores.operations.put_token(deployment_id, operation_id, TOKEN, token)
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.state is not TaskState.QUEUED:
        raise StateError(f"The operation is {operation.state.value} already.", operation_id=operation_id)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled.", operation_id=operation_id)
    propose_status(platform, operation, DeploymentStatus.AWAITING_APPROVAL)
    announce(
        platform,
        operation,
        NewEvent(
            EventType.APPROVAL_REQUESTED, {"requester": operation.requester, "plan_digest": operation.plan_digest}
        ),
    )


def decide(platform: Platform, deployment_id: str, operation_id: str, *, approve: bool, caller: str) -> Operation:
    """Approve or reject a waiting operation; the first decision counts.

    Raises Forbidden when the caller is the requester, NotFound, and StateError when nothing waits.
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
    tokens = platform.stores.operations.get_tokens(deployment_id, operation_id, [TOKEN])
    if not tokens.get(TOKEN):
        raise StateError("The operation does not wait for an approval.", operation_id=operation_id)
    told = "approved_by" if approve else "rejected_by"
    announce(platform, operation, operation_event(operation, operation.state, None, **{told: caller}))
    if approve:
        platform.workflow().succeed(tokens[TOKEN], {told: caller})
    else:
        platform.workflow().fail(tokens[TOKEN], RunInterrupted.__name__, f"Rejected by {caller}.")
    platform.stores.operations.put_token(deployment_id, operation_id, TOKEN, "")  # used: a second decision is told so
    return operation
