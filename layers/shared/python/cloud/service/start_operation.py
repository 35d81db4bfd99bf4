"""Start an operation from one of our own doors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cloud.domain.errors import AlreadyExists, CloudError, ConfigurationError, NotFound
from cloud.domain.operations import Operation, OperationKind, OperationOptions, Selection
from cloud.domain.secret import reveal, wrap_secrets
from cloud.domain.states import DeploymentStatus, TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.end_operation import end_operation
from cloud.service.operation_settings import check_settings
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.sealing import seal, unseal

IDEMPOTENCY_HOURS = 24
AVAILABLE = tuple(kind for kind in OperationKind if kind is not OperationKind.ROLLBACK)


def new_operation(
    platform: Platform,
    deployment_id: str,
    environment: str,
    kind: OperationKind,
    *,
    requester: str,
    selection: Selection | None = None,
    options: OperationOptions | None = None,
    retry_of: str = "",
) -> Operation:
    """An operation that is not stored yet. Raises NotFound and ConfigurationError when it could not even be planned."""
    if kind not in AVAILABLE:
        raise ConfigurationError(
            f"The operation {kind.value!r} is not available in this version.",
            hint=f"Available: {', '.join(AVAILABLE)}.",
        )
    options = options or OperationOptions()
    check_settings(options.settings)
    deployment = platform.stores.deployments.get(deployment_id)
    if not deployment.manifest_version:
        raise ConfigurationError(
            f"{deployment_id} has no manifest.",
            hint="Upload one first: `cloud deploy` does.",
            deployment_id=deployment_id,
        )
    known = {record.name: record for record in platform.stores.deployments.list_environments(deployment_id)}
    if environment not in known:
        raise NotFound(
            f"{deployment_id} has no environment {environment!r}.",
            hint=f"Its manifest names: {', '.join(sorted(known))}.",
            deployment_id=deployment_id,
        )
    record = known[environment]
    if kind.runs_programs and not record.enabled:
        raise ConfigurationError(
            f"The environment {environment!r} is not enabled.",
            hint=f"Set environments.{environment}.enabled to true in the manifest.",
            deployment_id=deployment_id,
        )
    if not kind.runs_programs and record.status is DeploymentStatus.INITIALIZED:
        raise ConfigurationError(
            f"Nothing was ever deployed to {environment!r} of {deployment_id}.", deployment_id=deployment_id
        )
    return Operation(
        id=platform.clock.new_ulid(),
        deployment_id=deployment_id,
        environment=environment,
        kind=kind,
        requester=requester,
        state=TaskState.QUEUED,
        created_at=platform.timestamp(),
        manifest_version=deployment.manifest_version,
        org=deployment.org,
        project=deployment.project,
        selection=selection or Selection(),
        options=options,
        retry_of=retry_of,
    )


def start_operation(
    platform: Platform,
    deployment_id: str,
    environment: str,
    kind: OperationKind,
    *,
    requester: str,
    selection: Selection | None = None,
    options: OperationOptions | None = None,
    retry_of: str = "",
    idempotency_key: str = "",
) -> Operation:
    """Store the operation and start its execution, named by the operation's id. The same key gives the same operation.

    Raises NotFound, ConfigurationError, AlreadyExists for a key that was used for another request, and what Step Functions
    refuses: then the operation ends in ``error``, unless the same key may try again.
    """
    operation = new_operation(
        platform,
        deployment_id,
        environment,
        kind,
        requester=requester,
        selection=selection,
        options=options,
        retry_of=retry_of,
    )
    if idempotency_key:
        expires = platform.clock.now() + timedelta(hours=IDEMPOTENCY_HOURS)
        operation_id = platform.stores.deployments.remember(
            deployment_id, idempotency_key, operation.id, expires_at=int(expires.timestamp())
        )
        operation = replace(operation, id=operation_id)
    try:
        sealed = replace(operation.options, settings=seal(platform, deployment_id, operation.options.settings))
        operation = platform.stores.operations.create(replace(operation, options=sealed))
    except AlreadyExists:
        earlier = platform.stores.operations.get(deployment_id, operation.id)
        if _asked(platform, earlier) != _asked(platform, operation):
            raise AlreadyExists(
                "This Idempotency-Key was used for another request.",
                hint="Use a new key for a new request.",
                operation_id=earlier.id,
            ) from None
        if earlier.execution_arn or earlier.state.is_terminal:
            return earlier
        operation = earlier
    else:
        announce(platform, operation, operation_event(operation, TaskState.QUEUED))
    try:
        # A repeated start of the same name and input is one execution, so a retry after a lost answer is safe.
        arn = platform.workflow().start(operation.id, {"operation_id": operation.id, "deployment_id": deployment_id})
    except CloudError as error:
        if not (error.retryable and idempotency_key):
            end_operation(platform, deployment_id, operation.id, TaskState.ERROR, error)
        raise
    return until_fresh(lambda: _bind(platform, operation, arn))


def _bind(platform: Platform, operation: Operation, arn: str) -> Operation:
    """Note the execution, unless OpenOperation was faster: one that dies before it can be found and ended all the same."""
    current = platform.stores.operations.get(operation.deployment_id, operation.id)
    if current.execution_arn:
        return current
    return platform.stores.operations.put(replace(current, execution_arn=arn))


def _asked(platform: Platform, operation: Operation) -> dict[str, Any]:
    """What an operation was asked to do, comparable between two requests."""
    settings = reveal(unseal(platform, operation.deployment_id, wrap_secrets(operation.options.settings)))
    return {
        "environment": operation.environment,
        "kind": operation.kind.value,
        "selection": operation.selection.to_dict(),
        "options": {**operation.options.to_dict(), "settings": settings},
        "retry_of": operation.retry_of,
    }
