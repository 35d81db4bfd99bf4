"""The events that the use cases tell, in one place, so that every door shows the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloud.domain.events import Event, EventType, NewEvent
from cloud.domain.operations import Operation, OperationKind, StackResult
from cloud.domain.states import DeploymentStatus, StackStatus, TaskState
from cloud.service.platform import Platform

_KIND_OF_RESULT = {
    StackStatus.DEPLOYED: EventType.STACK_DEPLOYED,
    StackStatus.UNCHANGED: EventType.STACK_DEPLOYED,
    StackStatus.FAILED: EventType.STACK_FAILED,
    StackStatus.SKIPPED: EventType.STACK_SKIPPED,
    StackStatus.DRIFTED: EventType.DRIFT_DETECTED,
}


def announce(platform: Platform, operation: Operation, *events: NewEvent) -> tuple[Event, ...]:
    """Store the events of an operation; the stream carries them to everybody who watches. Gives those that were stored: none
    when the operation's end was told already."""
    return platform.stores.events.append(operation.deployment_id, operation.environment, operation.id, events)


def told_events(platform: Platform, operation: Operation) -> Iterator[Event]:
    """The operation's whole log, page by page: for repeated deliveries only."""
    after = 0
    while page := platform.stores.events.read(operation.deployment_id, operation.id, after=after, limit=500):
        yield from page
        after = page[-1].sequence


def was_told(platform: Platform, operation: Operation, is_it: Callable[[Event], bool]) -> bool:
    """Whether such an event stands in the operation's log."""
    return any(is_it(event) for event in told_events(platform, operation))


def operation_event(
    operation: Operation, state: TaskState, status: DeploymentStatus | None = None, **data: Any
) -> NewEvent:
    """``deployment.status``: where the operation and its environment stand. ``terminal`` marks the operation's last event."""
    return NewEvent(
        EventType.DEPLOYMENT_STATUS,
        {
            "operation": operation.kind.value,
            "state": state.value,
            "status": status.value if status else None,
            "terminal": state.is_terminal,
            **{key: value for key, value in data.items() if value not in (None, "", {})},
        },
    )


def stack_status(stack: str, status: StackStatus, **data: Any) -> NewEvent:
    """``stack.status``: a stack began, or ended in a way that has no type of its own (destroyed, cancelled)."""
    return NewEvent(EventType.STACK_STATUS, {"stack": stack, "status": status.value, **data})


def stack_result(
    result: StackResult, outputs: Mapping[str, Any] | None = None, *, kind: OperationKind = OperationKind.DEPLOY
) -> NewEvent:
    """The event that tells how a stack ended: deployed, failed, skipped, drifted, else its status.

    Only what changes resources tells that a stack is deployed: of a preview or a refresh it is a ``stack.status`` that names
    the operation.
    """
    data = {key: value for key, value in result.to_dict().items() if value not in (None, "", {})}
    if outputs:
        data["outputs"] = sorted(outputs)
    type_ = _KIND_OF_RESULT.get(result.status, EventType.STACK_STATUS)
    if not kind.changes_resources:
        data["operation"] = kind.value
        type_ = EventType.STACK_STATUS if type_ is EventType.STACK_DEPLOYED else type_
    return NewEvent(type_, data)
