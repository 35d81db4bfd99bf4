"""How an operation stands, folded from its events. Pure: no clock, no terminal; any prefix of the events gives a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cloud.domain.events import Event, EventType
from cloud.domain.graph import critical_path
from cloud.domain.states import StackStatus, TaskState
from cloud_cli.terminal import clean

if TYPE_CHECKING:
    from cloud.domain.plan import Plan

IN_HAND = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "create-replacement": "creating the replacement of",
    "delete": "deleting",
    "delete-replaced": "deleting what was replaced of",
    "read": "reading",
    "refresh": "refreshing",
    "import": "importing",
    "same": "checking",
}
"""Pulumi's operations on a resource, while they last."""

UNDER_WAY = (StackStatus.DEPLOYING, StackStatus.DESTROYING)
GOOD = (StackStatus.DEPLOYED, StackStatus.UNCHANGED, StackStatus.DESTROYED, StackStatus.DRIFTED)


@dataclass(slots=True)
class StackProgress:
    """One stack. ``done`` of ``expected`` resources (0: unknown); ``resource`` is the one in hand, as people read it.

    Previews, refreshes and drift scans leave a stack's status alone while they run: ``is_running`` tells that they do.
    ``has_ended`` is set with the result, which of a preview may be ``pending``: a deploy would change the stack.
    """

    name: str
    layer: int = 0
    dependencies: tuple[str, ...] = ()
    predicted_seconds: float = 0.0
    prediction: str = ""
    status: StackStatus = StackStatus.WAITING
    is_running: bool = False
    has_ended: bool = False
    done: int = 0
    expected: int = 0
    resource: str = ""
    started: datetime | None = None
    seconds: float | None = None
    changes: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    blocked_by: str = ""

    @property
    def is_under_way(self) -> bool:
        return self.is_running or self.status in UNDER_WAY

    @property
    def is_good(self) -> bool:
        return self.status in GOOD or self.is_to_deploy

    @property
    def is_to_deploy(self) -> bool:
        """Whether a preview has found that a deploy would change the stack."""
        return self.has_ended and self.status is StackStatus.PENDING

    def elapsed(self, now: datetime) -> float | None:
        """Seconds of the run, until now or in the end; None when it never ran."""
        if self.seconds is not None:
            return self.seconds
        if self.started is None or not self.is_under_way:
            return None
        return max(0.0, (now - self.started).total_seconds())


@dataclass(slots=True)
class Progress:
    """An operation. ``note`` says what it waits for, if anything; ``message`` is its last word."""

    kind: str
    deployment_id: str
    environment: str
    operation_id: str
    created: datetime
    state: TaskState = TaskState.QUEUED
    note: str = ""
    message: str = ""
    is_cancelling: bool = False
    finished: datetime | None = None
    stacks: dict[str, StackProgress] = field(default_factory=dict)

    @classmethod
    def of(cls, operation: Mapping[str, Any]) -> Progress:
        """The progress of an operation, as REST shows it, before any of its events."""
        return cls(
            kind=str(operation["kind"]),
            deployment_id=str(operation["deployment_id"]),
            environment=str(operation["environment"]),
            operation_id=str(operation["id"]),
            created=moment(str(operation["created_at"])),
        )

    def take_plan(self, plan: Plan) -> None:
        """Arrange the stacks as the plan has them; what is known of them stays."""
        arranged: dict[str, StackProgress] = {}
        for planned in plan.stacks.values():
            stack = self.stacks.get(planned.stack) or StackProgress(planned.stack)
            stack.layer, stack.dependencies = planned.layer, planned.dependencies
            stack.predicted_seconds, stack.prediction = planned.predicted_seconds, planned.prediction
            arranged[planned.stack] = stack
        self.stacks = arranged | {name: stack for name, stack in self.stacks.items() if name not in arranged}

    def apply(self, event: Event) -> None:
        """Take one event in. Events of other operations are none of ours."""
        if event.operation_id != self.operation_id:
            return
        at = moment(event.timestamp)
        data = event.data
        if event.type is EventType.DEPLOYMENT_STATUS:
            self._apply_status(data, at)
        elif event.type is EventType.APPROVAL_REQUESTED:
            self.note = f"waits for an approval; {clean(data.get('requester', ''))} asked"
        elif "stack" in data:
            stack = self.stacks.setdefault(str(data["stack"]), StackProgress(str(data["stack"])))
            if event.type is EventType.STACK_RESOURCE:
                _apply_resource(stack, data, at)
            elif "status" in data:
                _apply_stack(stack, data, at)

    @property
    def is_finished(self) -> bool:
        return self.state.is_terminal

    @property
    def layers(self) -> dict[int, list[StackProgress]]:
        """The stacks by layer, in the order of the plan."""
        found: dict[int, list[StackProgress]] = {}
        for stack in self.stacks.values():
            found.setdefault(stack.layer, []).append(stack)
        return dict(sorted(found.items()))

    def elapsed(self, now: datetime) -> float:
        return max(0.0, ((self.finished or now) - self.created).total_seconds())

    def remaining(self, now: datetime) -> float | None:
        """Seconds that the longest path through what is left will take by earlier runs; None when one of it never ran."""
        left = {name: stack for name, stack in self.stacks.items() if not stack.has_ended}
        if not left or any(not stack.predicted_seconds for stack in left.values()):
            return None
        seconds = {
            name: max(0.0, stack.predicted_seconds - (stack.elapsed(now) or 0.0)) for name, stack in left.items()
        }
        before = {name: [other for other in stack.dependencies if other in left] for name, stack in left.items()}
        total, _ = critical_path(before, seconds, list(left))
        return total

    def _apply_status(self, data: Mapping[str, Any], at: datetime) -> None:
        self.state = TaskState(data.get("state", self.state))
        self.is_cancelling = self.is_cancelling or bool(data.get("cancelling"))
        self.note = ""
        if data.get("waiting_for"):
            holder = clean(data.get("held_by") or "somebody")
            self.note = (
                f"waits for {clean(data['waiting_for'])}, started by {holder} "
                f"(place {int(data.get('position', 1))} in the queue of {self.environment})"
            )
        if data.get("terminal"):
            self.message, self.finished = clean(data.get("message", "")), at


def moment(text: str) -> datetime:
    """An RFC 3339 time in UTC."""
    return datetime.fromisoformat(text)


def _apply_resource(stack: StackProgress, data: Mapping[str, Any], at: datetime) -> None:
    if not stack.is_under_way and not stack.has_ended:
        stack.is_running, stack.started = True, at
    stack.done = int(data.get("done", stack.done))
    stack.expected = max(int(data.get("expected") or 0), stack.expected)
    operation = str(data.get("op", ""))
    kind, name = short_type(str(data.get("type", ""))), clean(data.get("name", ""))
    # The name first: where a line is cut, the type is what can be missed.
    name = f"{IN_HAND.get(operation, clean(operation))} {name} ({kind})"
    if data.get("state") == "started":
        stack.resource = name
    elif data.get("state") == "failed":
        stack.resource = f"failed: {name}"
    elif stack.resource == name:
        stack.resource = ""


def _apply_stack(stack: StackProgress, data: Mapping[str, Any], at: datetime) -> None:
    stack.status = StackStatus(data["status"])
    if stack.status in UNDER_WAY:
        stack.started = at
        return
    stack.is_running, stack.has_ended = False, True
    stack.resource = ""
    stack.changes = {str(kind): int(count) for kind, count in (data.get("changes") or {}).items()}
    stack.reason, stack.blocked_by = clean(data.get("reason", ""), lines=True), clean(data.get("blocked_by", ""))
    if data.get("seconds"):
        stack.seconds = float(data["seconds"])
    elif stack.started is not None:
        stack.seconds = max(0.0, (at - stack.started).total_seconds())
    if stack.is_good:
        stack.done = stack.expected = max(stack.done, stack.expected)


def short_type(text: str) -> str:
    """``aws:ec2/vpc:Vpc`` as ``aws:ec2:Vpc``, the way Pulumi shows it."""
    package, _, rest = clean(text).partition(":")
    module, _, name = rest.rpartition(":")
    return ":".join(part for part in (package, module.partition("/")[0], name) if part)
