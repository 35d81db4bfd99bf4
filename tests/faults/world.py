"""The platform, and a person who asks it for things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloud.domain.events import EventType
from cloud.domain.operations import OperationKind
from cloud.service.cancel_operation import cancel_operation
from cloud.service.platform import Platform
from cloud.service.release_lock import release_lock
from cloud.service.request_approval import decide
from cloud.service.retry_operation import retry_operation
from cloud.service.start_operation import start_operation
from tests.faults.interpreter import Answer, answer_of
from tests.faults.points import Kind
from tests.faults.stage import LONGEST, Stage
from tests.faults.start_laws import look_at_a_start

ANN, BOB = "ann@example.com", "bob@example.com"
TRIES = 8
_UNANSWERED = {"Throttled", "NetworkError", "Runtime.ExitError", "Sandbox.Timedout", "Broke", "StaleWrite"}


class World(Stage):
    """``asked`` maps each start to the operation that it was answered with (empty: none), ``cancelled`` those operations whose
    cancel was answered to the time of it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As ``Stage``."""
        super().__init__(*arguments, **named)
        self.asked: dict[str, str] = {}
        self.cancelled: dict[str, float] = {}
        self.model.on_begin = lambda request: look_at_a_start(self, request)
        self.points.actions = {
            Kind.STOP: self.stop_all,
            Kind.CANCEL: lambda: self._cancel_all(force=False),
            Kind.FORCE: lambda: self._cancel_all(force=True),
            Kind.RELEASE: self._release,
            Kind.KILL_ENGINE: self.model.kill_engines,
        }

    def start(self, kind: str = "deploy") -> str:
        """Ask for an operation, with one key for all tries. Gives its id, or nothing when no try was answered."""
        key = f"key-{len(self.asked) + 1}"
        self.asked[key] = ""

        def ask(platform: Platform) -> str:
            if kind == "retry":
                found = retry_operation(
                    platform, self.deployment_id, requester=ANN, environment="dev", idempotency_key=key
                )
            else:
                found = start_operation(
                    platform, self.deployment_id, "dev", OperationKind(kind), requester=ANN, idempotency_key=key
                )
            return found.id

        answer = self._ask(ask, f"start {kind}")
        self.asked[key] = str(answer.payload or "")
        if self.needs_approval and self.asked[key]:
            self.tasks.spawn("a colleague", lambda: self._approve(self.asked[key]))
        return self.asked[key]

    def _approve(self, operation_id: str) -> None:
        """When it is asked for, once: whoever was told that it is approved doesn't come back."""

        def asked_or_over() -> bool:
            return self.operation(operation_id).state.is_terminal or any(
                event.type is EventType.APPROVAL_REQUESTED
                for event in self.stores.events.read(self.deployment_id, operation_id, limit=100)
            )

        def approve(platform: Platform) -> str:
            return decide(platform, self.deployment_id, operation_id, approve=True, caller=BOB).id

        self.tasks.wait(asked_or_over)
        if not self.operation(operation_id).state.is_terminal:
            self._ask(approve, "approve")

    def cancel(self, operation_id: str, *, force: bool = False) -> bool:
        """Ask for the operation's end; whether that was answered."""

        def ask(platform: Platform) -> str:
            cancel_operation(platform, self.deployment_id, operation_id, caller=ANN, force=force)
            return operation_id

        answer = self._ask(ask, "cancel")
        if not answer.error:
            self.cancelled.setdefault(operation_id, self.tasks.now)
        return not answer.error

    def start_from_outside(self, event_id: str) -> None:
        """A rule of EventBridge starts the machine, and delivers its event twice; waits for the end of both executions."""
        self.asked[event_id] = ""
        given = {"deployment_id": self.deployment_id, "environment": "dev", "operation": "deploy", "event_id": event_id}
        arns = [self.workflow.start(f"{event_id}-{delivery}", given) for delivery in (1, 2)]
        self.tasks.wait(lambda: all(self.executions[arn].status != "RUNNING" for arn in arns), LONGEST)

    def _release(self) -> None:
        def ask() -> None:
            self._ask(lambda platform: str(release_lock(platform, self.deployment_id, "dev")), "release lock")

        self.tasks.spawn("a person", ask)

    def await_end(self, operation_id: str) -> None:
        """Until the operation has ended; one that was never acknowledged isn't waited for."""
        if operation_id:
            self.tasks.wait(lambda: self.operation(operation_id).state.is_terminal, LONGEST)

    def _ask(self, call: Callable[[Platform], str], name: str) -> Answer:
        answer = Answer(error="never asked")
        for _ in range(TRIES):
            delivery = self.functions.invoke("serve_api", call, name=name)
            self.tasks.wait(lambda task=delivery: task.ended)  # type: ignore[misc]
            answer = answer_of(delivery, self.tasks.now)
            if not answer.error.startswith("Lambda.") and answer.error not in _UNANSWERED:
                break
            self.tasks.wait(seconds=1.0)
        if answer.error:
            self.points.note(f"{name} was refused: {answer.error} {answer.cause}")
        return answer

    def _cancel_all(self, *, force: bool) -> None:
        for operation in self.operations():
            if not operation.state.is_terminal:
                self.tasks.spawn("a person", lambda id_=operation.id: self.cancel(id_, force=force))  # type: ignore[misc]
