"""PrepareStack: the stack's turn has come. Resolve its configuration and choose the route."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cloud.domain.errors import NotFound, RunInterrupted
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.states import StackStatus, require_transition
from cloud.service.announcing import announce, stack_status, was_told
from cloud.service.optimistic import until_fresh
from cloud.service.planning import load_manifest, timeout_of
from cloud.service.platform import Platform
from cloud.service.resolving import resolve_stack
from cloud.service.stack_rows import row_of, waiting_status

SKIPPED: dict[str, Any] = {"route": "skipped", "timeout_seconds": 0}


def prepare_stack(platform: Platform, deployment_id: str, operation_id: str, stack: str, *, go: bool) -> dict[str, Any]:
    """Give ``{route, timeout_seconds}``; route is ``lambda``, ``codebuild`` or ``skipped``.

    ``go`` is what the scheduler decided.

    Raises ConfigurationError with every placeholder that can't be resolved, NotFound without a registered program,
    RunInterrupted for a cancelled operation, and StateError for one that has ended.
    """
    if not go:
        return SKIPPED
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled before this stack began.", stack=stack)
    stored = load_manifest(platform, operation)
    if stack not in stored.programs and operation.kind is OperationKind.DEPLOY:
        raise NotFound(f"{stack} has no registered program.", hint="`cloud deploy` uploads it.", stack=stack)
    resolve_stack(platform, operation, stack)
    begun = StackStatus.DESTROYING if operation.kind is OperationKind.DESTROY else StackStatus.DEPLOYING
    first = until_fresh(lambda: _begin(platform, operation, stack, begun))
    if first or not was_told(platform, operation, lambda event: event.data.get("stack") == stack):
        announce(platform, operation, stack_status(stack, begun))
    return {"route": "lambda", "timeout_seconds": timeout_of(stored.manifest, stack, operation.environment)}


def _begin(platform: Platform, operation: Operation, stack: str, begun: StackStatus) -> bool:
    """Make the row this operation's; False when it is already."""
    row = row_of(platform, operation, stack)
    if row.operation_id == operation.id:
        return False
    platform.stores.stacks.put(
        replace(
            row,
            status=require_transition(waiting_status(row), begun, deployment_id=operation.deployment_id, stack=stack),
            operation_id=operation.id,
            attempt=0,
            blocked_by="",
            reason="",
            error=None,
            changes={},
            updated_at=platform.timestamp(),
        )
    )
    return True
