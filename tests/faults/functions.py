"""The control plane's functions as Lambda runs them: sandboxes with a time limit, deliveries that go wrong, answers as JSON.

``CALLS`` says what each handler does with its event; that the handlers do so is proved with the handlers themselves in
tests/statemachine. A function keeps one Platform between invocations, as a warm sandbox does, until one of them is killed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cloud.domain.errors import CloudError
from cloud.domain.states import TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.await_dependencies import await_dependencies
from cloud.service.confirm_plan import confirm_plan
from cloud.service.evaluate_outcome import evaluate_outcome
from cloud.service.failures import to_wire
from cloud.service.finish_operation import finish_operation
from cloud.service.open_operation import open_operation
from cloud.service.plan_deployment import plan_deployment
from cloud.service.platform import Platform
from cloud.service.prepare_stack import prepare_stack
from cloud.service.reconcile_operation import reconcile_execution, sweep_operations
from cloud.service.record_stack import record_stack
from cloud.service.request_approval import request_approval
from cloud.service.run_claims import MARGIN_SECONDS
from cloud.service.run_stack import run_stack
from infra import topology
from tests.faults.interpreter import Answer, failed_with
from tests.faults.points import Kind, Points
from tests.faults.tasks import Task, Tasks

Json = Any
Left = Callable[[], float]
Call = Callable[[Platform, Json, Left, Callable[[], float]], Json]


def _ids(event: Json) -> tuple[str, str]:
    return event["deployment_id"], event["operation_id"]


def _finish(platform: Platform, event: Json, left: Left, now: Left) -> Json:
    given = event["input"]
    outcome = given.get("outcome")
    state = TaskState(outcome["state"]) if outcome else None
    return finish_operation(platform, *_ids(given), state=state, caught=given.get("error"))


def _run(platform: Platform, event: Json, left: Left, now: Left) -> Json:
    remaining: Left = lambda: left() - MARGIN_SECONDS  # noqa: E731 - as the handler has it
    return run_stack(platform, *_ids(event), event["stack"], remaining_seconds=remaining, monotonic=now)


def _reconcile(platform: Platform, event: Json, left: Left, now: Left) -> Json:
    if "detail" in event:
        verdict = reconcile_execution(platform, event["detail"])
        return verdict.value if verdict else None
    failures: list[str] = []
    return [
        sweep_operations(platform, remaining_seconds=left, failed=lambda _, error: failures.append(error.message)),
        failures,
    ]


def _attempt(event: Json) -> str:
    return f"{event['entered_at']}#{event['retries']:03}"


CALLS: Mapping[str, Call] = {
    "open_operation": lambda p, e, *_: open_operation(p, e["input"], e["execution_arn"]),
    "plan_deployment": lambda p, e, *_: plan_deployment(p, *_ids(e)),
    "request_approval": lambda p, e, *_: request_approval(p, *_ids(e), e["token"], _attempt(e)),
    "acquire_environment": lambda p, e, *_: acquire_environment(p, *_ids(e), e["token"], _attempt(e)),
    "confirm_plan": lambda p, e, *_: confirm_plan(p, *_ids(e)),
    "await_dependencies": lambda p, e, *_: await_dependencies(p, *_ids(e), e["stack"], e["token"], _attempt(e)),
    "prepare_stack": lambda p, e, *_: prepare_stack(p, *_ids(e), e["stack"], go=e["decision"]["go"]),
    "run_stack": _run,
    "record_stack": lambda p, e, *_: record_stack(p, *_ids(e["input"]), e["input"]["stack"], e["input"].get("error")),
    "evaluate_outcome": lambda p, e, *_: {"state": evaluate_outcome(p, *_ids(e)).value},
    "finish_operation": _finish,
    "reconcile_operation": _reconcile,
    "serve_api": lambda p, e, *_: e(p),
}


class Functions:
    """``platform_of`` makes the platform of a fresh sandbox."""

    def __init__(self, tasks: Tasks, points: Points, platform_of: Callable[[], Platform]) -> None:
        self._tasks, self._points, self._platform_of = tasks, points, platform_of
        self._warm: dict[str, Platform] = {}

    def invoke(self, function: str, event: Json, *, late: float = 0.0, name: str = "") -> Task:
        """A delivery; the result of its task is an Answer."""
        sandbox = object()
        limit = self._tasks.now + late + topology.function(function).timeout

        def body() -> Answer:
            return self._deliver(function, event, limit, name)

        full = f"{function} {name or _stack_of(event)}".strip()
        return self._tasks.spawn(full, body, sandbox, dies_at=limit, late=late)

    def _deliver(self, function: str, event: Json, limit: float, name: str) -> Answer:
        fault = self._points.reach("invoke")
        if fault is not None and fault.kind is Kind.REFUSE:
            return Answer(error="Lambda.TooManyRequestsException", cause="Rate Exceeded.")
        if fault is not None and fault.kind is Kind.BREAK:
            return Answer(error="Lambda.ServiceException", cause="The service is not well.")
        if fault is not None and fault.kind in (Kind.TWICE, Kind.LATE):
            self.invoke(function, event, late=fault.seconds, name=name)
        if fault is not None and fault.kind is Kind.UNHEARD:
            self.invoke(function, event, name=name)
            return Answer(error="Lambda.ServiceException", cause="The connection was lost.")
        platform = self._warm.pop(function, None) or self._platform_of()
        try:
            left: Left = lambda: limit - self._tasks.now  # noqa: E731
            payload = CALLS[function](platform, event, left, lambda: self._tasks.now)
        except CloudError as error:
            self._warm[function] = platform
            answer = failed_with(error, str(to_wire(error)))
        except Exception as error:  # noqa: BLE001 - Lambda answers for it
            self._points.note(f"{function} raised {type(error).__name__}: {error}")
            answer = failed_with(error, str(error))
        else:
            self._warm[function] = platform
            answer = Answer(payload if function == "serve_api" else json.loads(json.dumps(payload)))
        fault = self._points.reach("answer")
        if fault is not None and fault.kind is Kind.LOSE:
            return Answer(error="Lambda.ServiceException", cause="The answer was lost.")
        return answer


def _stack_of(event: Json) -> str:
    if not isinstance(event, dict):
        return ""
    inner = event.get("input", event)
    return str(inner.get("stack", "")) if isinstance(inner, dict) else ""
