"""Reconcile: bring an operation to the truth, from the outside.

A running one is sent again what it may have missed. One whose execution has ended without it is ended: runs are waited for,
stacks are settled, the environment goes to the next in the queue. It runs when Step Functions tells of an execution's end,
and every minute for all that is not settled; beside anybody and as often as one likes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cloud.domain.errors import CloudError, InternalError, NotFound, StaleWrite
from cloud.domain.events import EventType, NewEvent
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.operations import Operation
from cloud.domain.records import StackRecord
from cloud.domain.states import TaskState
from cloud.service.announcing import announce
from cloud.service.end_operation import end_operation, state_after
from cloud.service.environment_lock import has_ended
from cloud.service.finish_abandoned import finish_abandoned, free_from_the_dead, pass_on
from cloud.service.nudge_operation import nudge_operation
from cloud.service.platform import Platform
from cloud.service.unsettled import unsettled_operations

START_SECONDS = 900.0
"""After its creation an operation without an execution will get none: whoever was to start it is dead by its time limit."""
KEPT_SECONDS = 60.0
"""What a sweep keeps of its function's life: enough to end what it has begun."""


class Verdict(StrEnum):
    """How an operation was found, or left."""

    SETTLED = "settled"
    """Nothing is left to do."""
    RUNNING = "running"
    """Its execution runs; it was sent what it may have missed."""
    WAITING = "waiting"
    """Its execution has ended, and a run may still be alive, or somebody else is at it."""
    STARTING = "starting"
    """It has no execution yet."""


def reconcile_operation(platform: Platform, deployment_id: str, operation_id: str) -> Verdict:
    """Look after one operation. Raises NotFound, and what the stores, Step Functions and Pulumi raise."""
    operation = platform.stores.operations.get(deployment_id, operation_id)
    if operation.settled:
        return Verdict.SETTLED
    if not operation.execution_arn:
        return _unstarted(platform, operation)
    if has_ended(platform, operation.execution_arn):

        def free_lock(row: StackRecord) -> None:
            _free_lock(platform, operation, row)

        ended = finish_abandoned(platform, deployment_id, operation_id, free_lock=free_lock)
        return Verdict.SETTLED if ended else Verdict.WAITING
    if operation.state is TaskState.QUEUED:
        lock = platform.stores.operations.get_lock(deployment_id, operation.environment)
        if lock.owner is not None and lock.owner.operation_id != operation_id:
            free_from_the_dead(platform, lock)
    nudge_operation(platform, operation)
    return Verdict.RUNNING


def reconcile_execution(platform: Platform, detail: Mapping[str, Any]) -> Verdict | None:
    """Look after the operation of an execution that has ended: ``detail`` of "Step Functions Execution Status Change".

    None when the execution has no operation of its own (a duplicate, or a start that was refused).
    """
    arn = str(detail["executionArn"])
    operation = _of_execution(platform, arn, _input_of(detail))
    return reconcile_operation(platform, operation.deployment_id, operation.id) if operation else None


def sweep_operations(
    platform: Platform,
    *,
    remaining_seconds: Callable[[], float],
    failed: Callable[[Operation, CloudError], None],
) -> dict[str, int]:
    """Look after all operations that are not settled, as far as the time goes. Gives how many were found or left how.

    One that can't be looked after doesn't keep the others from it: ``failed`` is told.
    """
    counts: dict[str, int] = {}
    for operation in unsettled_operations(platform):
        if remaining_seconds() < KEPT_SECONDS:
            break
        try:
            verdict = reconcile_operation(platform, operation.deployment_id, operation.id).value
        except CloudError as error:
            failed(operation, error)
            verdict = "failed"
        counts[verdict] = counts.get(verdict, 0) + 1
    return counts


def _unstarted(platform: Platform, operation: Operation) -> Verdict:
    """Whoever made the operation died before the execution was started, or it was not asked for again."""
    created = datetime.fromisoformat(operation.created_at)
    if platform.clock.now() < created + timedelta(seconds=START_SECONDS):
        return Verdict.STARTING
    error = InternalError("Its execution was never started.", hint="Start it again.", operation_id=operation.id)
    state = TaskState.CANCELLED if operation.cancel_requested else state_after(error)
    pass_on(platform, end_operation(platform, operation.deployment_id, operation.id, state, error))
    return Verdict.SETTLED


def _input_of(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the execution was started with; empty when the event doesn't tell, or it is nothing of ours."""
    try:
        given = json.loads(str(detail.get("input") or "{}"))
    except ValueError:
        return {}
    return given if isinstance(given, Mapping) else {}


def _of_execution(platform: Platform, arn: str, given: Mapping[str, Any]) -> Operation | None:
    """The operation that the execution runs: the one in its input, else one that nobody has settled."""
    deployment_id, operation_id = str(given.get("deployment_id") or ""), str(given.get("operation_id") or "")
    if not (deployment_id and operation_id):
        return next((each for each in unsettled_operations(platform) if each.execution_arn == arn), None)
    try:
        operation = platform.stores.operations.get(deployment_id, operation_id)
        if not operation.execution_arn and arn.endswith(f":{operation_id}") and not operation.state.is_terminal:
            # Our doors name an execution by its operation; this one died before anybody could note it.
            operation = platform.stores.operations.put(replace(operation, execution_arn=arn))
    except (NotFound, StaleWrite):
        return None
    return operation if operation.execution_arn == arn else None


def _free_lock(platform: Platform, operation: Operation, row: StackRecord) -> None:
    """Delete the lock that a dead run left in Pulumi's backend. One that can't be deleted is told of, and left."""
    pulumi_stack = pulumi_stack_name(operation.deployment_id, row.stack, operation.environment)
    try:
        platform.runner().free_lock(operation.project, pulumi_stack)
    except CloudError as error:
        if error.retryable:
            raise
        told = {"stack": row.stack, "level": "warning", "message": error.message}
        announce(platform, operation, NewEvent(EventType.LOG_CREATED, told))
