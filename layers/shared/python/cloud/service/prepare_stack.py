"""PrepareStack: the stack's turn has come. Resolve its configuration and choose the route."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cloud.domain.errors import NotFound, RunInterrupted
from cloud.domain.operations import OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, require_transition
from cloud.service.announcing import announce, stack_status
from cloud.service.optimistic import until_fresh
from cloud.service.planning import load_manifest, timeout_of
from cloud.service.platform import Platform
from cloud.service.resolving import resolve_stack

SKIPPED: dict[str, Any] = {"route": "skipped", "timeout_seconds": 0}


def prepare_stack(platform: Platform, deployment_id: str, operation_id: str, stack: str, *, go: bool) -> dict[str, Any]:
    """Give ``{route, timeout_seconds}``; route is ``lambda``, ``codebuild`` or ``skipped``.

    ``go`` is what the scheduler decided.

    Raises ConfigurationError with every placeholder that can't be resolved, NotFound without a registered program, and
    RunInterrupted for a cancelled operation.
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

    def begin() -> StackRecord:
        current = platform.stores.stacks.get(deployment_id, stack, operation.environment) or StackRecord(
            deployment_id, stack, operation.environment, operation.org, StackStatus.PENDING, ""
        )
        if current.operation_id == operation_id:
            return current  # a repeated delivery
        # Another operation's result is where this one begins: by way of waiting, as the table of transitions has it.
        waiting = require_transition(current.status, StackStatus.WAITING, deployment_id=deployment_id, stack=stack)
        return platform.stores.stacks.put(
            replace(
                current,
                status=require_transition(waiting, begun, deployment_id=deployment_id, stack=stack),
                operation_id=operation_id,
                attempt=0,
                blocked_by="",
                reason="",
                error=None,
                updated_at=platform.timestamp(),
            )
        )

    until_fresh(begin)
    announce(platform, operation, stack_status(stack, begun))
    return {"route": "lambda", "timeout_seconds": timeout_of(stored.manifest, stack, operation.environment)}
