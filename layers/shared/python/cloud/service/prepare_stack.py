"""PrepareStack: the stack's turn has come. Resolve its configuration, look whether it would change, and choose the route."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cloud.domain.errors import NotFound, RunInterrupted, StackBusy
from cloud.domain.events import Event
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, require_transition
from cloud.service.announcing import announce, stack_status, was_told
from cloud.service.fingerprinting import is_unchanged
from cloud.service.operation_facts import facts_of
from cloud.service.optimistic import until_fresh
from cloud.service.planning import load_manifest, timeout_of
from cloud.service.platform import Platform, Stored
from cloud.service.resolving import resolve_stack
from cloud.service.results import unchanged_report
from cloud.service.run_claims import require_free
from cloud.service.stack_rows import require_under_way, stored_row, waiting_status

SKIPPED = "skipped"
UNCHANGED = "unchanged"
LAMBDA = "lambda"
_BEGINS_AS = {OperationKind.DEPLOY: StackStatus.DEPLOYING, OperationKind.DESTROY: StackStatus.DESTROYING}
"""A refresh leaves the status as it is until it knows better."""


def prepare_stack(platform: Platform, deployment_id: str, operation_id: str, stack: str, *, go: bool) -> dict[str, Any]:
    """Give ``{route, timeout_seconds}``; route is ``unchanged``, ``lambda``, ``codebuild`` or ``skipped``.

    ``go`` is what the scheduler decided.

    Raises ConfigurationError with every placeholder that can't be resolved, NotFound without a registered program, StackBusy
    while another operation's run may be alive, RunInterrupted for a cancelled operation, and StateError for one that has
    ended.
    """
    if not go:
        return {"route": SKIPPED, "timeout_seconds": 0}
    facts = facts_of(platform, deployment_id, operation_id)
    stored = load_manifest(platform, facts)
    if stack not in stored.programs and facts.kind.runs_programs:
        raise NotFound(f"{stack} has no registered program.", hint="`cloud deploy` uploads it.", stack=stack)
    route = LAMBDA if facts.kind.only_looks else until_fresh(lambda: _prepare(platform, facts, stack, stored))
    return {"route": route, "timeout_seconds": timeout_of(stored.manifest, stack, facts.environment)}


def _prepare(platform: Platform, facts: Operation, stack: str, stored: Stored) -> str:
    """Make the row this operation's, unless it is already; gives the route.

    The operation is read after the row, so that what somebody writes in between makes this write stale.
    """
    row = stored_row(platform, facts, stack)
    operation = platform.stores.operations.get(facts.deployment_id, facts.id)
    if operation.cancel_requested:
        raise RunInterrupted("The operation was cancelled before this stack began.", stack=stack)
    require_under_way(operation, stack)
    _require_free(platform, operation, row)
    if row.operation_id == operation.id:
        return _again(platform, operation, stack, row)
    config = resolve_stack(platform, operation, stack)
    decision = is_unchanged(platform, operation, stack, stored, config, row)
    mine = replace(
        row,
        operation_id=operation.id,
        attempt=0,
        blocked_by="",
        reason=decision.reason,
        error=None,
        changes={},
        claim=None,
        report=unchanged_report(operation, decision.reason) if decision.unchanged else None,
        is_recorded=False,
        updated_at=platform.timestamp(),
    )
    if decision.unchanged:
        platform.stores.stacks.put(mine)
        return UNCHANGED
    begun = _BEGINS_AS.get(operation.kind)
    if begun is None:
        platform.stores.stacks.put(mine)
    else:
        status = require_transition(waiting_status(row), begun, deployment_id=operation.deployment_id, stack=stack)
        platform.stores.stacks.put(replace(mine, status=status))
        announce(platform, operation, stack_status(stack, begun, why=decision.reason))
    return LAMBDA


def _require_free(platform: Platform, operation: Operation, row: StackRecord) -> None:
    """Raises StackBusy while the row's run may be alive, and tells those who watch, once, what is waited for."""
    try:
        require_free(row, platform.clock.now())
    except StackBusy as busy:
        if not was_told(platform, operation, lambda event: _waits(event, row.stack)):
            announce(platform, operation, stack_status(row.stack, StackStatus.WAITING, reason=busy.message))
        raise


def _begins(event: Event, stack: str, begun: StackStatus) -> bool:
    return event.data.get("stack") == stack and event.data.get("status") == begun


def _waits(event: Event, stack: str) -> bool:
    return event.data.get("stack") == stack and event.data.get("status") == StackStatus.WAITING


def _again(platform: Platform, operation: Operation, stack: str, row: StackRecord) -> str:
    """A repeated delivery: the same route, and the event if the first delivery died before it."""
    if row.report is not None and "unchanged" in row.report:
        return UNCHANGED
    begun = _BEGINS_AS.get(operation.kind)
    if begun and not was_told(platform, operation, lambda event: _begins(event, stack, begun)):
        announce(platform, operation, stack_status(stack, begun, why=row.reason))
    return LAMBDA
