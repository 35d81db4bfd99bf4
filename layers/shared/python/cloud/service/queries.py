"""What the doors show: reads only, each in the shape that REST and ``--json`` give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloud.domain.errors import NotFound
from cloud.domain.events import EventType
from cloud.domain.operations import Operation, OperationKind, StackResult
from cloud.domain.plan import Plan
from cloud.domain.records import Deployment, EnvironmentRecord, StackRecord
from cloud.domain.secret import redact
from cloud.domain.states import StackStatus
from cloud.service.announcing import told_events
from cloud.service.platform import Platform

_DIFFERS = frozenset({"create", "update", "delete", "replace"})
"""What a comparison finds of a resource that is no longer as it was recorded."""


def deployment_view(deployment: Deployment) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "org": deployment.org,
        "project": deployment.project,
        "description": deployment.description,
        "template": deployment.template,
        "tags": dict(deployment.tags),
        "manifest_version": deployment.manifest_version,
        "created_at": deployment.created_at,
        "updated_at": deployment.updated_at,
        "version": deployment.version,
    }


def stack_view(record: StackRecord) -> dict[str, Any]:
    """A stack without its outputs."""
    return {
        "stack": record.stack,
        "environment": record.environment,
        "status": record.status.value,
        "operation_id": record.operation_id,
        "resource_count": record.resource_count,
        "changes": dict(record.changes),
        "seconds": record.last_seconds or None,
        "program_seconds": record.program_seconds,
        "blocked_by": record.blocked_by,
        "reason": record.reason,
        "error": dict(record.error) if record.error else None,
        "updated_at": record.updated_at,
    }


def operation_view(operation: Operation) -> dict[str, Any]:
    """An operation; secrets among its settings are hidden."""
    return {
        "id": operation.id,
        "deployment_id": operation.deployment_id,
        "environment": operation.environment,
        "kind": operation.kind.value,
        "state": operation.state.value,
        "requester": operation.requester,
        "selection": operation.selection.to_dict(),
        "options": redact(operation.options.to_dict()),
        "manifest_version": operation.manifest_version,
        "plan_digest": operation.plan_digest,
        "execution_arn": operation.execution_arn,
        "cancel_requested": operation.cancel_requested,
        "cancel_forced": operation.cancel_forced,
        "retry_of": operation.retry_of,
        "error": dict(operation.error) if operation.error else None,
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "finished_at": operation.finished_at,
    }


def get_operation(platform: Platform, deployment_id: str, operation_id: str) -> dict[str, Any]:
    """The operation with its plan (None before it is planned) and its stacks as they stand. Raises NotFound.

    A stack of a preview has ``preview`` too: what is kept of it (``previewing.py`` gives its shape), else None. One of a
    refresh or a drift scan has ``drift``: ``{urn, type, name, op}`` of each resource that differs from what was recorded.
    """
    operation = platform.stores.operations.get(deployment_id, operation_id)
    plan = _plan_of(platform, operation)
    return {
        **operation_view(operation),
        "plan": plan.to_dict() if plan else None,
        "stacks": _stacks_of_operation(platform, operation, plan),
    }


def list_operations(platform: Platform, deployment_id: str, *, limit: int, cursor: str) -> dict[str, Any]:
    platform.stores.deployments.get(deployment_id)
    page = platform.stores.operations.list(deployment_id, limit=limit, cursor=cursor)
    return {"items": [operation_view(operation) for operation in page.items], "cursor": page.cursor}


def list_deployments(platform: Platform, org: str, *, limit: int, cursor: str) -> dict[str, Any]:
    page = platform.stores.deployments.list_by_org(org, limit=limit, cursor=cursor)
    items = [
        {
            **deployment_view(deployment),
            "environments": {record.name: record.status.value for record in environments},
            "disabled": [record.name for record in environments if not record.enabled],
        }
        for deployment in page.items
        for environments in [platform.stores.deployments.list_environments(deployment.id)]
    ]
    return {"items": items, "cursor": page.cursor}


def deployment_status(platform: Platform, deployment_id: str, environment: str = "") -> dict[str, Any]:
    """The deployment, its environments, their stacks, who holds each environment and who waits. Raises NotFound."""
    deployment = platform.stores.deployments.get(deployment_id)
    records = _environments(platform, deployment_id, environment)
    return {
        "deployment": deployment_view(deployment),
        "environments": [_environment_view(platform, record) for record in records],
    }


def outputs(platform: Platform, deployment_id: str, environment: str, stack: str = "") -> dict[str, Any]:
    """Outputs by stack (of one stack only); a secret one is ``{"secret": true}``. Raises NotFound."""
    _environments(platform, deployment_id, environment)
    records = platform.stores.stacks.list(deployment_id, environment)
    if stack and stack not in {record.stack for record in records}:
        raise NotFound(
            f"{deployment_id} has no stack {stack!r} in {environment}.",
            hint=f"It has: {', '.join(record.stack for record in records) or 'none yet'}.",
        )
    return {record.stack: dict(record.outputs) for record in records if stack in ("", record.stack)}


def stacks(platform: Platform, deployment_id: str, environment: str = "") -> list[dict[str, Any]]:
    platform.stores.deployments.get(deployment_id)
    return [stack_view(record) for record in platform.stores.stacks.list(deployment_id, environment)]


def log_lines(
    platform: Platform, deployment_id: str, *, since: str, level: str, limit: int, cursor: str
) -> dict[str, Any]:
    """Log lines; ``level`` asks the index of that level."""
    platform.stores.deployments.get(deployment_id)
    if level:
        page = platform.stores.events.lines_by_level(deployment_id, level, limit=limit, cursor=cursor)
    else:
        page = platform.stores.events.recent_lines(deployment_id, since=since, limit=limit, cursor=cursor)
    return {
        "items": [
            {
                "timestamp": line.timestamp,
                "level": line.level,
                "environment": line.environment,
                "stack": line.stack,
                "operation_id": line.operation_id,
                "message": line.message,
            }
            for line in page.items
        ],
        "cursor": page.cursor,
    }


def _environments(platform: Platform, deployment_id: str, environment: str) -> list[EnvironmentRecord]:
    records = platform.stores.deployments.list_environments(deployment_id)
    if not records:
        platform.stores.deployments.get(
            deployment_id
        )  # tells a deployment that isn't there from one without a manifest
    if environment and environment not in {record.name for record in records}:
        raise NotFound(
            f"{deployment_id} has no environment {environment!r}.",
            hint=f"It has: {', '.join(record.name for record in records) or 'none yet'}.",
        )
    return [record for record in records if environment in ("", record.name)]


def _environment_view(platform: Platform, record: EnvironmentRecord) -> dict[str, Any]:
    lock = platform.stores.operations.get_lock(record.deployment_id, record.name)
    operation = None
    by_name = {item.stack: stack_view(item) for item in platform.stores.stacks.list(record.deployment_id, record.name)}
    latest_id = lock.owner.operation_id if lock.owner else record.last_operation
    if latest_id:
        latest = platform.stores.operations.get(record.deployment_id, latest_id)
        operation = operation_view(latest)
        if not latest.state.is_terminal:
            plan = _plan_of(platform, latest)
            by_name.update({item["stack"]: item for item in _stacks_of_operation(platform, latest, plan)})
    return {
        "name": record.name,
        "enabled": record.enabled,
        "status": record.status.value,
        "account": record.account,
        "region": record.region,
        "updated_at": record.updated_at,
        "operation": operation,
        "held_by": lock.owner.operation_id if lock.owner else None,
        "queue": [ticket.operation_id for ticket in lock.queue],
        "stacks": [by_name[name] for name in sorted(by_name)],
    }


def _plan_of(platform: Platform, operation: Operation) -> Plan | None:
    record = _record_of(platform, operation, "plan.json")
    return Plan.from_dict(record) if record is not None else None


def _record_of(platform: Platform, operation: Operation, name: str) -> Mapping[str, Any] | None:
    """A record of the operation; None when it was not written."""
    try:
        return platform.stores.artifacts.get_record(operation.deployment_id, operation.id, name)
    except NotFound:
        return None


def _stacks_of_operation(platform: Platform, operation: Operation, plan: Plan | None) -> list[dict[str, Any]]:
    """The stacks of the plan as this operation left them; those it has not reached yet are waiting."""
    if plan is None:
        return []
    if not operation.kind.changes_resources:
        found: Mapping[str, Mapping[str, Any]] = _told_of_stacks(platform, operation)
    else:
        found = {
            record.stack: stack_view(record)
            for record in platform.stores.stacks.list(operation.deployment_id, operation.environment)
            if record.operation_id == operation.id
        }
    waiting = StackStatus.PENDING if operation.started_at == "" else StackStatus.WAITING
    stacks = [
        dict(found.get(name) or {"stack": name, "environment": operation.environment, "status": waiting.value})
        for name in sorted(plan.stacks)
    ]
    if operation.kind is OperationKind.PREVIEW:
        for stack in stacks:
            stack["preview"] = _record_of(platform, operation, f"preview-{stack['stack']}.json")
    return stacks


def _told_of_stacks(platform: Platform, operation: Operation) -> dict[str, dict[str, Any]]:
    """The stacks of an operation that changes none. It leaves their status to what does: what it found stands in its events."""
    found: dict[str, dict[str, Any]] = {}
    drift: dict[str, list[dict[str, Any]]] = {}
    for event in told_events(platform, operation):
        if event.type is EventType.STACK_RESOURCE and event.data.get("state") == "done":
            if event.data.get("op") in _DIFFERS:
                told = {key: event.data.get(key, "") for key in ("urn", "type", "name", "op")}
                drift.setdefault(str(event.data["stack"]), []).append(told)
        elif "stack" in event.data and "status" in event.data:
            result = StackResult.from_dict(event.data)
            found[result.stack] = {
                "environment": operation.environment,
                "operation_id": operation.id,
                **result.to_dict(),
                "seconds": result.seconds or None,
                "updated_at": event.timestamp,
            }
            if not operation.kind.runs_programs:
                found[result.stack]["drift"] = drift.get(result.stack, [])
    return found


def stack_status(platform: Platform, deployment_id: str, environment: str, stack: str) -> dict[str, Any]:
    """One stack. Raises NotFound."""
    _environments(platform, deployment_id, environment)
    record = platform.stores.stacks.get(deployment_id, stack, environment)
    if record is None:
        raise NotFound(f"{deployment_id} has no stack {stack!r} in {environment}.", stack=stack)
    return stack_view(record)
