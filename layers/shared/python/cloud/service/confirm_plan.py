"""ConfirmPlan: plan again now that the operation's turn has come, and write the schedule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cloud.domain import schedule as scheduler
from cloud.domain.errors import RunInterrupted, StateError
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.plan import Plan
from cloud.domain.states import DeploymentStatus, TaskState, require_transition
from cloud.service.announcing import announce, operation_event, was_told
from cloud.service.environments import set_status
from cloud.service.history import record_beginning
from cloud.service.optimistic import until_fresh
from cloud.service.planning import (
    load_manifest,
    needs_approval,
    plan_operation,
    plan_payload,
    rules_of,
    schedule_of,
)
from cloud.service.platform import Platform


def confirm_plan(platform: Platform, deployment_id: str, operation_id: str) -> dict[str, Any]:
    """Check the plan under the lock, if the operation takes it; store the schedule with its first grants, and set it running.

    Gives ``{layers, width}``. An approved plan that has changed is refused (StateError); one that nobody had to approve is
    replaced. A drift scan stands aside where somebody holds the environment: its plan becomes empty, with the reason. Raises
    RunInterrupted for a cancelled operation, StateError for one that has ended.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.state.is_terminal:
        raise StateError(f"The operation has ended: {operation.state.value}.", operation_id=operation_id)
    if operation.state is TaskState.RUNNING:
        # A repeated delivery. What is executed is what the first one confirmed, even if one would plan otherwise by now.
        plan = Plan.from_dict(platform.stores.artifacts.get_record(deployment_id, operation_id, "plan.json"))
        _tell(platform, operation, repeated=True)
        return plan_payload(plan)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled.", operation_id=operation_id)
    manifest = load_manifest(platform, operation).manifest
    plan = plan_operation(platform, operation)
    if operation.kind is OperationKind.DRIFT:
        plan = _yielding(platform, operation, plan)
    if plan.digest() != operation.plan_digest:
        if needs_approval(manifest, operation):
            raise StateError(
                "What was approved is no longer what would run.", hint="Start it again.", operation_id=operation_id
            )
        platform.stores.artifacts.put_record(deployment_id, operation_id, "plan.json", plan.to_dict())
    record_beginning(platform, operation, plan)
    first = scheduler.advance(schedule_of(plan, rules_of(manifest, operation)), scheduler.Begin())
    # A repeated delivery finds the schedule of the first one and keeps it.
    platform.stores.operations.create_schedule(deployment_id, operation_id, first.schedule)
    _tell(platform, until_fresh(lambda: _set_running(platform, operation, plan.digest())))
    return plan_payload(plan)


def _yielding(platform: Platform, operation: Operation, plan: Plan) -> Plan:
    """The plan of a drift scan, or an empty one: what changes under a scan's eyes would be told as drift."""
    owner = platform.stores.operations.get_lock(operation.deployment_id, operation.environment).owner
    if owner is None:
        return plan
    return plan.standing_aside(f"{operation.environment} is held by {owner.operation_id}, started by {owner.requester}")


def _tell(platform: Platform, operation: Operation, *, repeated: bool = False) -> None:
    """Set the environment's status and announce that the operation runs; a repetition looks whether that was told."""
    status = None
    if operation.kind.changes_resources:
        destroys = operation.kind is OperationKind.DESTROY
        status = DeploymentStatus.DESTROYING if destroys else DeploymentStatus.DEPLOYING
        set_status(platform, operation, status)
    running = TaskState.RUNNING.value
    if not (repeated and was_told(platform, operation, lambda event: event.data.get("state") == running)):
        announce(platform, operation, operation_event(operation, TaskState.RUNNING, status))


def _set_running(platform: Platform, operation: Operation, digest: str) -> Operation:
    current = platform.stores.operations.get(operation.deployment_id, operation.id)
    if current.state is TaskState.RUNNING:
        return current
    if current.cancel_requested:
        raise RunInterrupted("The operation was cancelled.", operation_id=operation.id)
    state = require_transition(current.state, TaskState.RUNNING, deployment_id=operation.deployment_id)
    return platform.stores.operations.put(
        replace(current, state=state, started_at=platform.timestamp(), plan_digest=digest)
    )
