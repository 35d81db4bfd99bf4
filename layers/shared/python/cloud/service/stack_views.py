"""The stacks of an operation, in the shape that REST and ``--json`` give: as it left them, or as it found them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloud.domain.errors import NotFound
from cloud.domain.events import EventType
from cloud.domain.operations import Operation, OperationKind, StackResult
from cloud.domain.plan import Plan
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus
from cloud.service.announcing import told_events
from cloud.service.platform import Platform
from cloud.service.previewing import preview_name

_DIFFERS = frozenset({"create", "update", "delete", "replace"})
"""What a comparison finds of a resource that is no longer as it was recorded."""


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


def plan_of(platform: Platform, operation: Operation) -> Plan | None:
    """The operation's plan; None before it is planned."""
    record = _record_of(platform, operation, "plan.json")
    return Plan.from_dict(record) if record is not None else None


def _record_of(platform: Platform, operation: Operation, name: str) -> Mapping[str, Any] | None:
    """A record of the operation; None when it was not written."""
    try:
        return platform.stores.artifacts.get_record(operation.deployment_id, operation.id, name)
    except NotFound:
        return None


def stacks_of(platform: Platform, operation: Operation, plan: Plan | None) -> list[dict[str, Any]]:
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
            stack["preview"] = _record_of(platform, operation, preview_name(str(stack["stack"])))
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
