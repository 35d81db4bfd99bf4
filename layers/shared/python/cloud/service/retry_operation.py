"""Retry: a new operation with only what did not succeed in an earlier one."""

from __future__ import annotations

from datetime import timedelta

from cloud.domain.errors import NotFound, StateError
from cloud.domain.operations import Operation
from cloud.domain.states import TaskState
from cloud.service.platform import Platform
from cloud.service.remainders import remainder_of
from cloud.service.start_operation import IDEMPOTENCY_HOURS, start_operation

_GOOD = (TaskState.SUCCEEDED, TaskState.COMPLETED)


def retry_operation(
    platform: Platform,
    deployment_id: str,
    *,
    requester: str,
    operation_id: str = "",
    environment: str = "",
    idempotency_key: str = "",
) -> Operation:
    """Start what the operation left undone, in the same environment and with the same kind, selection and options.

    Without ``operation_id`` it is the latest of the ``environment`` (of the deployment) that did more than look. What runs is
    the manifest and the programs as they are now: whoever retries has corrected something. The same key gives the same
    operation. Raises NotFound, StateError for what can't be retried, and what ``start_operation`` raises.
    """
    started = _started_before(platform, deployment_id, idempotency_key)
    if started is not None and operation_id in ("", started.retry_of):
        # By now the latest operation may be that of this very request.
        earlier = operation_to_retry(platform, deployment_id, started.retry_of, environment, besides=started.id)
    else:
        earlier = operation_to_retry(platform, deployment_id, operation_id, environment)
    return start_operation(
        platform,
        deployment_id,
        earlier.environment,
        earlier.kind,
        requester=requester,
        selection=earlier.selection,
        options=earlier.options,
        retry_of=earlier.id,
        idempotency_key=idempotency_key,
    )


def operation_to_retry(
    platform: Platform, deployment_id: str, operation_id: str, environment: str, *, besides: str = ""
) -> Operation:
    """The operation that a retry continues; ``besides`` is a later one that doesn't count.

    Raises NotFound, and StateError for one that still runs, left nothing undone, or was overtaken: what has happened since
    may contradict it (a deploy after a failed destroy).
    """
    earlier, later = _find(platform, deployment_id, operation_id, environment, besides)
    if not earlier.state.is_terminal:
        raise StateError(
            f"The {earlier.kind.value} {earlier.id} has not ended yet: it is {earlier.state.value}.",
            hint="`cloud watch` follows it, `cloud cancel` ends it.",
            deployment_id=deployment_id,
            operation_id=earlier.id,
        )
    remainder = remainder_of(platform, earlier)
    if earlier.state in _GOOD or (remainder is not None and not remainder.unfinished):
        raise StateError(
            f"The {earlier.kind.value} {earlier.id} left nothing undone: it {earlier.state.value}."
            if earlier.state in _GOOD
            else f"Every stack of the {earlier.kind.value} {earlier.id} succeeded: there is nothing to retry.",
            hint=f"`cloud {earlier.kind.value}` starts a new one.",
            deployment_id=deployment_id,
            operation_id=earlier.id,
        )
    if later is not None:
        raise StateError(
            f"After the {earlier.kind.value} {earlier.id} came the {later.kind.value} {later.id} in {earlier.environment}.",
            hint=f"Retry that one, or start a new {earlier.kind.value} with --only.",
            deployment_id=deployment_id,
            operation_id=earlier.id,
        )
    return earlier


def _find(
    platform: Platform, deployment_id: str, operation_id: str, environment: str, besides: str
) -> tuple[Operation, Operation | None]:
    """The operation, and the latest one after it that has begun, or waits, to change the same environment, if any."""
    named = platform.stores.operations.get(deployment_id, operation_id) if operation_id else None
    if named is not None and (named.kind.only_looks or not named.state.is_terminal):
        return named, None
    platform.stores.deployments.get(deployment_id)
    wanted = named.environment if named else environment
    later: Operation | None = None
    cursor = ""
    while True:
        page = platform.stores.operations.list(deployment_id, limit=50, cursor=cursor)
        for found in page.items:
            if found.id == besides or found.kind.only_looks or wanted not in ("", found.environment):
                continue
            if named is None or found.id == named.id:
                return found, later
            later = later or (found if found.started_at or not found.state.is_terminal else None)
        cursor = page.cursor
        if not cursor:
            break
    raise NotFound(
        f"{deployment_id} has had no operation{f' in {environment}' if environment else ''} that could be retried.",
        hint="`cloud deploy` starts one.",
        deployment_id=deployment_id,
    )


def _started_before(platform: Platform, deployment_id: str, key: str) -> Operation | None:
    """The retry that a request with this key has started already."""
    if not key:
        return None
    platform.stores.deployments.get(deployment_id)
    expires = platform.clock.now() + timedelta(hours=IDEMPOTENCY_HOURS)
    known = platform.stores.deployments.remember(
        deployment_id, key, platform.clock.new_ulid(), expires_at=int(expires.timestamp())
    )
    try:
        started = platform.stores.operations.get(deployment_id, known)
    except NotFound:
        return None  # it comes for the first time, or was refused before
    return started if started.retry_of else None
