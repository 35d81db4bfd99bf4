"""The state machine as it is rendered, interpreted on tasks: Task, Choice, Map, Succeed, Fail, with Retry, Catch and time-outs.

Only what ``statemachine/deployment.asl.json`` uses is understood; anything else fails loudly. The real interpreter of local
mode runs the same file in tests/statemachine; here a seed decides what comes first, and no time passes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.tasks import Task, Tasks

Json = Any
Invoke = Callable[[str, Json], Task]
"""Delivers an event to a function; the task's result is an Answer."""


class Failure(Exception):
    """What a Catch can catch."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


@dataclass(frozen=True)
class Answer:
    """What a function gave, or with ``error`` what it, or Lambda, failed with."""

    payload: Json = None
    error: str = ""
    cause: str = ""


@dataclass
class Tokens:
    """The task tokens of all executions: those that are open, and what came."""

    open: Callable[[str], None]
    answer: Callable[[str], Answer | None]
    revoke: Callable[[str], None]
    issued: int = 0

    def issue(self) -> str:
        self.issued += 1
        token = f"token-{self.issued:06}"
        self.open(token)
        return token


@dataclass
class Execution:
    """One execution. ``status`` is Step Functions'. ``tasks_of`` are the tasks that interpret it: they die with it."""

    arn: str
    input: Json
    tasks: Tasks
    invoke: Invoke
    tokens: Tokens
    now: Callable[[], str]
    status: str = "RUNNING"
    output: Json = None
    group: object = field(default_factory=object)

    def run(self, definition: Json) -> None:
        """To the end; ``status`` tells how it went."""
        try:
            self.output = self._machine(definition, self.input, {})
            self.status = "SUCCEEDED"
        except Failure as failure:
            self.output = {"Error": failure.error, "Cause": failure.cause}
            self.status = "FAILED"

    def _machine(self, machine: Json, data: Json, item: Json) -> Json:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            match state["Type"]:
                case "Succeed":
                    return data
                case "Fail":
                    raise Failure(str(_path(state["ErrorPath"], data, {})), str(_path(state["CausePath"], data, {})))
                case "Choice":
                    name = next((c["Next"] for c in state["Choices"] if _holds(c, data)), state["Default"])
                    continue
            try:
                result = self._retried(state, data, item)
            except Failure as failure:
                catcher = next((c for c in state.get("Catch", ()) if _matches(failure, c["ErrorEquals"])), None)
                if catcher is None:
                    raise
                caught = {"Error": failure.error, "Cause": failure.cause}
                data, name = _placed(catcher.get("ResultPath", "$"), data, caught), catcher["Next"]
                continue
            if "ResultSelector" in state:
                result = _filled(state["ResultSelector"], result, {})
            data = _path(state.get("OutputPath", "$"), _placed(state.get("ResultPath", "$"), data, result), {})
            if state.get("End"):
                return data
            name = state["Next"]

    def _retried(self, state: Json, data: Json, item: Json) -> Json:
        entered = {"EnteredTime": self.now()}
        context: dict[str, Json] = {"Execution": {"Id": self.arn}, "Map": {"Item": {"Value": item}}}
        retriers, retries = state.get("Retry", ()), 0
        used: dict[int, int] = {}
        while True:
            try:
                if state["Type"] == "Map":
                    return self._map(state, data, context)
                return self._task(state, data, {**context, "State": {**entered, "RetryCount": retries}})
            except Failure as failure:
                index = next((i for i, r in enumerate(retriers) if _matches(failure, r["ErrorEquals"])), None)
                if index is None or used.get(index, 0) >= retriers[index]["MaxAttempts"]:
                    raise
                retrier, again = retriers[index], used.get(index, 0)
                used[index], retries = again + 1, retries + 1
                self.tasks.wait(seconds=self._pause(retrier, again))

    def _pause(self, retrier: Json, again: int) -> float:
        longest = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** again
        longest = float(min(longest, retrier.get("MaxDelaySeconds", longest)))
        return self.tasks.chance.uniform(0.0, longest) if retrier.get("JitterStrategy") == "FULL" else longest

    def _task(self, state: Json, data: Json, context: Json) -> Json:
        kind = state["Resource"].removeprefix("arn:aws:states:::")
        if kind not in ("lambda:invoke", "lambda:invoke.waitForTaskToken"):
            raise Failure("States.Runtime", f"{kind} is not emulated here")
        waits = kind.endswith("waitForTaskToken")
        token = self.tokens.issue() if waits else ""
        parameters = _filled(state["Parameters"], data, {**context, "Task": {"Token": token}})
        called = self.invoke(parameters["FunctionName"], parameters["Payload"])
        try:
            ends = self.tasks.now + float(state["TimeoutSeconds"])
            if not self.tasks.wait(lambda: called.ended or self._told(token), ends - self.tasks.now):
                raise Failure("States.Timeout")
            if called.ended and not self._told(token):
                answer = answer_of(called, self.tasks.now)
                if answer.error:
                    raise Failure(answer.error, answer.cause)
                if not waits:
                    return {"Payload": answer.payload}
                if not self.tasks.wait(lambda: self._told(token), ends - self.tasks.now):
                    raise Failure("States.Timeout")
            told = self.tokens.answer(token)
            assert told is not None
            if told.error:
                raise Failure(told.error, told.cause)
            return told.payload
        finally:
            if token:
                self.tokens.revoke(token)

    def _told(self, token: str) -> bool:
        return bool(token) and self.tokens.answer(token) is not None

    def _map(self, state: Json, data: Json, context: Json) -> Json:
        items, width = _path(state["ItemsPath"], data, context), _path(state["MaxConcurrencyPath"], data, context)
        waiting = list(items)
        begun: list[Task] = []

        def begin(item: Json) -> Task:
            inner = {**context, "Map": {"Item": {"Value": item}}}
            selected = _filled(state["ItemSelector"], data, inner)
            return self.tasks.spawn(
                "Step Functions", lambda: self._machine(state["ItemProcessor"], selected, item), self.group
            )

        while waiting or not all(task.ended for task in begun):
            while waiting and (not width or sum(not task.ended for task in begun) < width):
                begun.append(begin(waiting.pop(0)))
            ended = sum(task.ended for task in begun)
            self.tasks.wait(lambda before=ended: sum(task.ended for task in begun) > before)  # type: ignore[misc]
            failed = next((task for task in begun if task.error is not None), None)
            if failed is not None:
                for task in begun:  # a Map that failed aborts its other iterations; what they had called goes on
                    self.tasks.kill(task)
                assert failed.error is not None
                raise failed.error
        return [task.result for task in begun]


def answer_of(called: Task, now: float) -> Answer:
    """What a delivery gave; one that was killed gave what Lambda says then."""
    if called.error is not None:
        raise called.error
    if called.killed:
        late = now >= called.dies_at
        return Answer(error="Sandbox.Timedout" if late else "Runtime.ExitError", cause="The sandbox is gone.")
    answer: Answer = called.result
    return answer


def _matches(failure: Failure, names: list[str]) -> bool:
    return failure.error in names or "States.ALL" in names


def _path(path: str, data: Json, context: Json) -> Json:
    source, rest = (context, path[2:]) if path.startswith("$$") else (data, path[1:])
    for part in filter(None, rest.split(".")):
        source = source[part]
    return source


def _filled(template: Json, data: Json, context: Json) -> Json:
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): copy.deepcopy(_path(value, data, context))
        if key.endswith(".$")
        else _filled(value, data, context)
        for key, value in template.items()
    }


def _placed(path: str | None, data: Json, result: Json) -> Json:
    if path is None:
        return data
    if path == "$":
        return result
    name = path.removeprefix("$.")
    assert "." not in name, path
    return {**data, name: result}


def _holds(choice: Json, data: Json) -> bool:
    if "Or" in choice:
        return any(_holds(each, data) for each in choice["Or"])
    value = _path(choice["Variable"], data, {})
    wanted = choice["BooleanEquals"] if "BooleanEquals" in choice else choice["StringEquals"]
    return bool(value == wanted)


def failed_with(error: BaseException, text: str) -> Answer:
    """What a function that raised answers, as Lambda writes it."""
    name = type(error).__name__
    return Answer(error=name, cause=json.dumps({"errorMessage": text, "errorType": name, "stackTrace": []}))
