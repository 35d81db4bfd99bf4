"""The status of one environment of a deployment, moved along the table of legal transitions."""

from __future__ import annotations

from dataclasses import replace

from cloud.domain.operations import Operation
from cloud.domain.states import DeploymentStatus, is_legal, require_transition
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform


def set_status(
    platform: Platform, operation: Operation, status: DeploymentStatus, *, if_legal: bool = False
) -> DeploymentStatus:
    """Move the operation's environment to ``status`` and give the status that stands afterwards.

    Raises IllegalTransition unless ``if_legal``: then a step that the table refuses leaves the row alone (an operation that
    only plans must not overwrite what another one is doing).
    """

    def attempt() -> DeploymentStatus:
        record = platform.stores.deployments.get_environment(operation.deployment_id, operation.environment)
        if if_legal and not is_legal(record.status, status):
            return record.status
        require_transition(record.status, status, deployment_id=operation.deployment_id)
        if record.status != status or record.last_operation != operation.id:
            platform.stores.deployments.put_environment(
                replace(record, status=status, last_operation=operation.id, updated_at=platform.timestamp())
            )
        return status

    return until_fresh(attempt)
