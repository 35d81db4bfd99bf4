"""PlanDeployment: everything that can be refused before anything runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cloud.domain.errors import StateError
from cloud.domain.states import DeploymentStatus, TaskState
from cloud.service.announcing import announce, operation_event
from cloud.service.environments import propose_status
from cloud.service.optimistic import until_fresh
from cloud.service.planning import load_manifest, needs_approval, plan_operation, plan_payload
from cloud.service.platform import Platform
from cloud.service.predicting import predicted


def plan_deployment(platform: Platform, deployment_id: str, operation_id: str) -> dict[str, Any]:
    """Plan the operation, keep the plan with its digest, and give the state machine its layers.

    Gives ``{layers, width, approval, lock}``. Raises ConfigurationError, DependencyError, NotFound, QuotaExceeded, and
    StateError for an operation that has begun or ended: a delivery that comes too late must not replace the plan that is
    executed.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.state is not TaskState.QUEUED:
        raise StateError(f"The operation is {operation.state.value} already.", operation_id=operation_id)
    plan = predicted(platform, operation, plan_operation(platform, operation))
    platform.stores.artifacts.put_record(deployment_id, operation_id, "plan.json", plan.to_dict())

    def note() -> None:
        current = platform.stores.operations.get(deployment_id, operation_id)
        if current.plan_digest != plan.digest():
            platform.stores.operations.put(replace(current, plan_digest=plan.digest()))

    until_fresh(note)
    status = DeploymentStatus.PLANNED if operation.kind.changes_resources else None
    announce(
        platform,
        operation,
        operation_event(
            operation,
            TaskState.QUEUED,
            status,
            layers=[[stack.stack for stack in layer] for layer in plan.layers],
            predicted_seconds=plan.critical_path_seconds,
        ),
    )
    if status is not None:
        propose_status(platform, operation, status)
    manifest = load_manifest(platform, operation).manifest
    return {
        **plan_payload(plan),
        "approval": needs_approval(manifest, operation),
        "lock": not operation.kind.only_looks,
    }
