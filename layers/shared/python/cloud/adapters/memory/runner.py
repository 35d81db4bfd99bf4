"""ScriptedRunner: the StackRunner without Pulumi. It plays what a script says, in its own memory.

It keeps what a stack "has" between runs, refuses a second run of a stack that is being run, gives the same events, outputs
and errors as the real one, and passes the same contract suite. For tests, benchmarks and trying out manifests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.adapters.memory.state import MemoryState
from cloud.domain.errors import (
    ConfigurationError,
    RunInterrupted,
    RunTimedOut,
    StackBusy,
    from_dict,
)
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import Emit, PlannedStep, RunRequest, RunResult, Secret, SecretsProvider, ShouldStop, Stop

SCRIPT_KEY = "script"
"""Configuration ``{project}:script`` holds a stack's script where the runner was given none for it."""

RESOURCE_TYPE = "scripted:index:Resource"
_ASK_SECONDS = 1.0
_SHORTEST_SECONDS = 1e-5
"""What rounding leaves of a pause is not waited for."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a run of a stack does.

    ``seconds`` is how long it takes (``math.inf``: it hangs), spread evenly over its resources. ``resources`` is how many
    the program declares. ``outputs`` maps names to JSON values or ``Secret``. ``error`` makes it fail after ``fail_after``
    resources: the code of a CloudError (``program-failed``, ``throttled``, …), whose message is ``message``. ``log`` are
    lines that the program prints; secret configuration values in them are not shown. ``fails_on`` are the kinds of operation
    that the error is for.
    """

    seconds: float = 0.0
    resources: int = 2
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    message: str = "the script says so"
    fail_after: int = 0
    log: tuple[str, ...] = ()
    fails_on: tuple[str, ...] = ("deploy", "preview", "rollback")

    @classmethod
    def from_config(cls, value: Mapping[str, Any]) -> Script:
        """The script in JSON (``{"seconds": 2, "outputs": {…}}``). Raises ConfigurationError for what is no script."""
        unknown = sorted(set(value) - set(cls.__slots__))
        if unknown:
            raise ConfigurationError(
                f"A script has no {', '.join(unknown)}.", hint=f"It has: {', '.join(sorted(cls.__slots__))}."
            )
        lists = {name: tuple(value[name]) for name in ("log", "fails_on") if name in value}
        return cls(**{**value, **lists})


@dataclass(slots=True)
class _State:
    resources: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)


class ScriptedRunner:
    """Thread-safe. ``scripts`` maps the name of a stack to its script; ``sleep`` and ``clock`` are those of the run, so that
    a test that gives its own pair never waits. ``states`` are told of each write, as Pulumi's backend would be."""

    def __init__(
        self,
        scripts: Mapping[str, Script] | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        states: MemoryState | None = None,
    ) -> None:
        self.states = states or MemoryState()
        self._scripts = dict(scripts or {})
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._states: dict[str, _State] = {}

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        """See ``StackRunner.run``."""
        script = self._script(request)
        if request.kind.only_looks:  # Pulumi takes no lock for these, and writes nothing
            with self._lock:
                state = self._states.get(request.pulumi_stack, _State())
            return _Play(request, script, state, emit, should_stop, self._sleep, self._clock).perform()
        with self._lock:
            if request.pulumi_stack in self._running:
                raise StackBusy("Another update holds Pulumi's lock on the stack.", **_ids(request))
            self._running.add(request.pulumi_stack)
            state = self._states.get(request.pulumi_stack, _State())
        try:
            play = _Play(request, script, state, emit, should_stop, self._sleep, self._clock)
            try:
                return play.perform()
            finally:
                with self._lock:
                    self._states[request.pulumi_stack] = play.state
                self._wrote(request, play.state)
        finally:
            with self._lock:
                self._running.discard(request.pulumi_stack)

    def free_lock(self, project: str, pulumi_stack: str) -> None:  # noqa: ARG002 (the port's signature)
        """See ``StackRunner.free_lock``."""
        with self._lock:
            self._running.discard(pulumi_stack)

    def _wrote(self, request: RunRequest, state: _State) -> None:
        if request.kind is OperationKind.DESTROY and not state.resources:
            self.states.removed(request.project, request.pulumi_stack)
        else:
            self.states.written(request.project, request.pulumi_stack)

    def _script(self, request: RunRequest) -> Script:
        if not request.program and request.kind in (
            OperationKind.DEPLOY,
            OperationKind.PREVIEW,
            OperationKind.ROLLBACK,
        ):
            raise ConfigurationError("The stack has no program.", **_ids(request))
        if request.stack in self._scripts:
            return self._scripts[request.stack]
        return Script.from_config(request.config.get(f"{request.project}:{SCRIPT_KEY}") or {})


class _Play:
    """One run of a script. ``state`` is what the stack has, also after a failure."""

    def __init__(
        self,
        request: RunRequest,
        script: Script,
        state: _State,
        emit: Emit,
        should_stop: ShouldStop,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self.state = state
        self._request = request
        self._script = script
        self._emit = emit
        self._should_stop = should_stop
        self._sleep = sleep
        self._clock = clock
        self._began = clock()
        self._next_question = self._began
        self._changes: dict[str, int] = {}

    def perform(self) -> RunResult:
        self._look()
        steps = self._steps()
        pause = self._script.seconds / max(len(steps), 1)
        for line in self._script.log:
            self._tell(EventType.LOG_CREATED, {"level": "info", "message": self._hide(line)})
        for done, (operation, name) in enumerate(steps):
            if self._fails_at(done):
                raise self._failure()
            self._resource(operation, name, "started", done, len(steps))
            self._wait_until(self._began + (done + 1) * pause)
            self._apply(operation, name)
            self._resource(operation, name, "done", done + 1, len(steps))
        if self._fails_at(len(steps)):
            raise self._failure()
        if not steps:
            self._wait_until(self._began + self._script.seconds)
        return self._result()

    def _steps(self) -> list[tuple[str, str]]:
        """What is done with each resource: the operation of Pulumi, and the resource's name."""
        kind, has = self._request.kind, self.state.resources
        if kind is OperationKind.DESTROY:
            return [("delete", name) for name in reversed(has)]
        if kind in (OperationKind.REFRESH, OperationKind.DRIFT):
            return [("same", name) for name in has]
        wants = [f"{self._request.stack}-{number}" for number in range(1, self._script.resources + 1)]
        gone = [("delete", name) for name in reversed(has) if name not in wants]
        return [("same" if name in has else "create", name) for name in wants] + gone

    def _fails_at(self, done: int) -> bool:
        fails = bool(self._script.error) and self._request.kind.value in self._script.fails_on
        return fails and done == min(self._script.fail_after, self._script.resources)

    def _failure(self) -> Exception:
        error = {"code": self._script.error, "message": self._hide(self._script.message), "ids": _ids(self._request)}
        return from_dict(error)

    def _wait_until(self, moment: float) -> None:
        """Wait in parts of at most a second, looking up in between as the real runner does.

        Moments count from the begin of the run: what telling and looking takes is not added to what the script says, as it
        isn't to the time that Pulumi takes; nor is what is due put off by a look.
        """
        while (left := moment - self._clock()) >= _SHORTEST_SECONDS:
            self._look()
            self._sleep(min(left, _ASK_SECONDS, max(self._deadline - self._clock(), 0.0)))

    @property
    def _deadline(self) -> float:
        return self._began + self._request.timeout_seconds

    def _look(self) -> None:
        now = self._clock()
        if now >= self._deadline:
            seconds = self._request.timeout_seconds
            raise RunTimedOut(f"The run took longer than {seconds:g} seconds and was ended.", **_ids(self._request))
        if now >= self._next_question:
            self._next_question = now + _ASK_SECONDS
            # A script has nothing to end in good order: INTERRUPT is as quick as KILL.
            if Stop(self._should_stop()) is not Stop.NO:
                raise RunInterrupted("The run was cancelled before it ended.", **_ids(self._request))

    def _apply(self, operation: str, name: str) -> None:
        self._changes[operation] = self._changes.get(operation, 0) + 1
        if self._request.kind is OperationKind.PREVIEW:
            return
        has = tuple(other for other in self.state.resources if other != name)
        self.state = _State(has if operation == "delete" else (*has, name), self.state.outputs)

    def _result(self) -> RunResult:
        kind = self._request.kind
        if kind is OperationKind.DESTROY:
            self.state = _State()
        elif kind in (OperationKind.DEPLOY, OperationKind.ROLLBACK):
            self.state = _State(self.state.resources, self._script.outputs)
        secret = tuple(name for name, value in self._script.outputs.items() if isinstance(value, Secret))
        planned = {name: value for name, value in self._script.outputs.items() if name not in secret}
        is_preview = kind is OperationKind.PREVIEW
        return RunResult(
            changes=self._changes,
            outputs=dict(planned if is_preview else self.state.outputs),
            secret_outputs=secret if is_preview else (),
            steps=tuple(sorted(self._planned_steps())) if is_preview else (),
            resource_count=len(self.state.resources),
            seconds=self._clock() - self._began,
            secrets_provider=self._request.secrets_provider or SecretsProvider(encryption_salt="scripted"),
        )

    def _planned_steps(self) -> Iterator[PlannedStep]:
        for operation, name in self._steps():
            if operation != "same":
                yield PlannedStep(self._urn(name), operation, (), RESOURCE_TYPE, name)

    def _urn(self, name: str) -> str:
        return f"urn:pulumi:{self._request.pulumi_stack}::{self._request.project}::{RESOURCE_TYPE}::{name}"

    def _resource(self, operation: str, name: str, state: str, done: int, expected: int) -> None:
        data = {
            "urn": self._urn(name),
            "type": RESOURCE_TYPE,
            "name": name,
            "op": operation,
            "state": state,
            "done": done,
            "expected": expected,
        }
        self._tell(EventType.STACK_RESOURCE, data)

    def _tell(self, kind: EventType, data: Mapping[str, Any]) -> None:
        self._emit([NewEvent(kind, {"stack": self._request.stack, **data})])

    def _hide(self, text: str) -> str:
        for value in self._request.config.values():
            if isinstance(value, Secret) and value.value:
                text = text.replace(str(value.value), "[secret]")
        return text


def _ids(request: RunRequest) -> dict[str, Any]:
    return {
        "deployment_id": request.deployment_id,
        "environment": request.environment,
        "stack": request.stack,
        "operation_id": request.operation_id,
    }
