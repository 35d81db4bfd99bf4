"""The status of one environment of a deployment, moved along the table of legal transitions."""

from __future__ import annotations

from dataclasses import replace

from cloud.domain.operations import Operation
from cloud.domain.states import DeploymentStatus, is_legal, require_transition
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform


def set_status(platform: Platform, operation: Operation, status: DeploymentStatus) -> None:
    """Move the environment that the operation holds to ``status``. Raises IllegalTransition."""

    def attempt() -> None:
        record = platform.stores.deployments.get_environment(operation.deployment_id, operation.environment)
        require_transition(record.status, status, deployment_id=operation.deployment_id)
        if record.status != status or record.last_operation != operation.id:
            platform.stores.deployments.put_environment(
                replace(record, status=status, last_operation=operation.id, updated_at=platform.timestamp())
            )

    until_fresh(attempt)


def propose_status(platform: Platform, operation: Operation, status: DeploymentStatus) -> None:
    """Move the environment to ``status`` if the table allows it, else leave it: an operation that does not hold the
    environment must not overwrite what another one is doing."""
    record = platform.stores.deployments.get_environment(operation.deployment_id, operation.environment)
    if is_legal(record.status, status):
        set_status(platform, operation, status)


def end_status(platform: Platform, operation: Operation, status: DeploymentStatus) -> None:
    """Move the environment to ``status`` if it was this operation that left it where it is.

    An operation that was refused or cancelled before its turn has changed nothing, and what stands there is another one's.
    """

    def attempt() -> None:
        record = platform.stores.deployments.get_environment(operation.deployment_id, operation.environment)
        if record.last_operation == operation.id and record.status != status and is_legal(record.status, status):
            platform.stores.deployments.put_environment(replace(record, status=status, updated_at=platform.timestamp()))

    until_fresh(attempt)
