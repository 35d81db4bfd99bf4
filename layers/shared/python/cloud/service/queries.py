"""What the doors show: reads only, each in the shape that REST and ``--json`` give."""

from __future__ import annotations

from typing import Any

from cloud.domain.errors import NotFound
from cloud.domain.operations import Operation
from cloud.domain.records import Deployment, EnvironmentRecord
from cloud.domain.secret import redact
from cloud.service.platform import Platform
from cloud.service.stack_views import plan_of, stack_view, stacks_of


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
    plan = plan_of(platform, operation)
    return {
        **operation_view(operation),
        "plan": plan.to_dict() if plan else None,
        "stacks": stacks_of(platform, operation, plan),
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
            plan = plan_of(platform, latest)
            by_name.update({item["stack"]: item for item in stacks_of(platform, latest, plan)})
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


def stack_status(platform: Platform, deployment_id: str, environment: str, stack: str) -> dict[str, Any]:
    """One stack. Raises NotFound."""
    _environments(platform, deployment_id, environment)
    record = platform.stores.stacks.get(deployment_id, stack, environment)
    if record is None:
        raise NotFound(f"{deployment_id} has no stack {stack!r} in {environment}.", stack=stack)
    return stack_view(record)
