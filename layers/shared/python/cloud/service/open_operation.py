"""OpenOperation: make a start one operation, however often it is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.states import TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.retry_operation import operation_to_retry
from cloud.service.start_operation import AVAILABLE, new_operation
from cloud.service.unsettled import unsettled_operations

RETRY = "retry"
"""Starts what the latest operation of the environment, or ``retry_of``, left undone."""


def open_operation(platform: Platform, start: Mapping[str, Any], execution_arn: str) -> dict[str, Any]:
    """Bind the operation to this execution, creating it when a person or a rule started the machine directly.

    ``start`` is ``{operation_id}`` from our own doors, which add the ``deployment_id`` and so spare a search among what has
    not ended; else ``{deployment_id, environment, operation}`` with an optional ``event_id``, and ``retry_of`` for a retry;
    nobody who starts the machine directly is believed who he is. Gives ``{deployment_id, environment, operation_id,
    duplicate}``; ``duplicate`` tells an execution that another one runs the operation. Raises ConfigurationError, NotFound,
    and StateError for a retry of what can't be retried.
    """
    start = start if isinstance(start, Mapping) else {}
    operation_id = str(start.get("operation_id") or "")
    deployment_id = str(start.get("deployment_id") or "") or _deployment_of(platform, operation_id)
    if operation_id:
        operation = platform.stores.operations.get(deployment_id, operation_id)
    else:
        operation = _from_outside(platform, start, deployment_id, execution_arn)

    def bind() -> tuple[Operation, bool]:
        current = platform.stores.operations.get(deployment_id, operation.id)
        if current.execution_arn or current.state.is_terminal:
            return current, current.execution_arn != execution_arn
        return platform.stores.operations.put(replace(current, execution_arn=execution_arn)), False

    bound, duplicate = until_fresh(bind)
    return {
        "deployment_id": bound.deployment_id,
        "environment": bound.environment,
        "operation_id": bound.id,
        "duplicate": duplicate,
    }


def _deployment_of(platform: Platform, operation_id: str) -> str:
    """Raises ConfigurationError for an input that names nothing, NotFound for an operation that has ended or never was."""
    if not operation_id:
        raise ConfigurationError(
            "The input names no deployment_id.",
            hint='Start with {"deployment_id": "D1BRV40", "environment": "dev", "operation": "deploy"}.',
        )
    for operation in unsettled_operations(platform):
        if operation.id == operation_id:
            return operation.deployment_id
    raise NotFound(f"No operation {operation_id} is to be run.", hint="Name its deployment_id too, if it has ended.")


def _from_outside(platform: Platform, start: Mapping[str, Any], deployment_id: str, execution_arn: str) -> Operation:
    kind = str(start.get("operation") or OperationKind.DEPLOY.value)
    if kind not in (*AVAILABLE, RETRY):
        kinds = ", ".join((*AVAILABLE, RETRY))
        raise ConfigurationError(f"The operation {kind!r} can't be started here.", hint=f"It is one of: {kinds}.")
    platform.stores.deployments.get(deployment_id)
    # A delivery is known by its event, else by its execution; whoever comes first gives the operation its id.
    key = f"event:{start['event_id']}" if start.get("event_id") else f"execution:{execution_arn}"
    operation_id = platform.stores.operations.claim_start(deployment_id, key, platform.clock.new_ulid())
    try:
        return platform.stores.operations.get(deployment_id, operation_id)
    except NotFound:
        pass  # first delivery, or a crash between the claim and the row
    fresh = replace(_asked_for(platform, start, deployment_id, kind, operation_id), id=operation_id)
    try:
        created = platform.stores.operations.create(fresh)
    except AlreadyExists:
        return platform.stores.operations.get(deployment_id, operation_id)
    announce(platform, created, operation_event(created, TaskState.QUEUED))
    return created


def _asked_for(
    platform: Platform, start: Mapping[str, Any], deployment_id: str, kind: str, operation_id: str
) -> Operation:
    requester = "eventbridge" if start.get("event_id") else "console"
    environment = str(start.get("environment") or "")
    if kind != RETRY:
        return new_operation(platform, deployment_id, environment, OperationKind(kind), requester=requester)
    named = str(start.get("retry_of") or "")
    earlier = operation_to_retry(platform, deployment_id, named, environment, besides=operation_id)
    return new_operation(
        platform,
        deployment_id,
        earlier.environment,
        earlier.kind,
        requester=requester,
        selection=earlier.selection,
        options=earlier.options,
        retry_of=earlier.id,
    )
