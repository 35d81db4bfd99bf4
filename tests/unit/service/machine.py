"""The state machine, small: it drives operations over the in-memory platform in the order of deployment.asl.json.

Every delivery of a task is one step, and a step may go wrong as a delivery in AWS may: it is made twice, much later, or the
function dies between two writes; then it is delivered again (Lambda's service errors are retried) or its error is caught. A
task that waits for a token gets a new one with every attempt. Which of the possible steps comes next is up to ``random``.

What is not here is proved with the real interpreter in tests/statemachine: the JSON of the states itself.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloud.domain.errors import CloudError
from cloud.domain.states import TaskState
from cloud.ports.stores import Stores
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
from cloud.service.record_stack import record_stack
from cloud.service.request_approval import request_approval
from cloud.service.run_stack import run_stack
from tests.unit.service.scene import Scene

WRITES = frozenset(
    {
        "append",
        "claim_start",
        "create",
        "create_schedule",
        "put",
        "put_environment",
        "put_lock",
        "put_manifest",
        "put_record",
        "put_text",
    }
    | {"put_schedule", "put_token", "register_stacks", "remember", "write_lines", "succeed", "fail"}
)
MAX_ATTEMPTS = 6
_TOKENS = itertools.count()
Process = Generator["Step | Wait", Any, None]


class Crash(Exception):
    """The function died."""


@dataclass
class Fuse:
    """Blows after ``left`` more writes; None never does."""

    left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = None
                raise Crash


class Fused:
    """A store or a workflow whose writers die when the fuse has burnt down, after the write was made."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in WRITES:
            return method

        def write(*arguments: Any, **named: Any) -> Any:
            result = method(*arguments, **named)
            self._fuse.burn()
            return result

        return write


def fused(platform: Platform, fuse: Fuse) -> Platform:
    """The platform with every store and the workflow behind the fuse."""
    names = Stores.__dataclass_fields__
    stores = Stores(**{name: Fused(getattr(platform.stores, name), fuse) for name in names})
    return replace(platform, stores=stores, workflow=lambda: Fused(platform.workflow(), fuse))


@dataclass(frozen=True)
class Step:
    """A delivery of a task: what is called, and with ``token`` for a task that waits."""

    name: str
    call: Callable[[Platform, str], Any]
    waits: bool = False
    retried: bool = True


@dataclass(frozen=True)
class Wait:
    """Until all these processes have ended."""

    processes: tuple[Run, ...]


@dataclass(eq=False)
class Caught(Exception):
    """What a Catch hands on."""

    error: str
    cause: str

    def as_input(self) -> dict[str, str]:
        return {"Error": self.error, "Cause": self.cause}


@dataclass(eq=False)
class Run:
    """A process of the machine, where it stands: the next step, or a token that it waits for."""

    process: Process
    step: Step | Wait | None = None
    token: str = ""
    attempts: int = 0
    ended: bool = False
    failed: Caught | None = None


@dataclass
class Machine:
    """``faults`` is the share of deliveries that go wrong. ``watch`` is called after every step."""

    scene: Scene
    random: random.Random
    faults: float = 0.0
    watch: Callable[[], None] = lambda: None
    runs: list[Run] = field(default_factory=list)
    late: list[Callable[[], Any]] = field(default_factory=list)
    holding: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.fuse = Fuse()
        self.platform = fused(self.scene.platform, self.fuse)

    # -- the machine's states

    def execute(self, payload: Mapping[str, Any], execution: str) -> Run:
        """Start an execution, as StartExecution does."""
        self.scene.workflow.start(execution, payload)
        return self._begin(self._operation(dict(payload), self.scene.arn_of(execution)))

    def _operation(self, payload: dict[str, Any], arn: str) -> Process:
        try:
            ids = yield Step("OpenOperation", lambda p, _: open_operation(p, payload, arn))
            if not ids["duplicate"]:
                yield from self._opened(ids["deployment_id"], ids["operation_id"])
        finally:
            self.scene.workflow.finish(arn)

    def _opened(self, deployment: str, operation: str) -> Process:
        state: TaskState | None = None
        caught: dict[str, str] | None = None
        try:
            plan = yield Step("PlanDeployment", lambda p, _: plan_deployment(p, deployment, operation))
            if plan["approval"]:
                yield Step("RequestApproval", lambda p, t: request_approval(p, deployment, operation, t, t), waits=True)
            if plan["lock"]:
                yield Step(
                    "AcquireEnvironment", lambda p, t: acquire_environment(p, deployment, operation, t, t), waits=True
                )
            plan = yield Step("ConfirmPlan", lambda p, _: confirm_plan(p, deployment, operation))
            try:
                yield from self._layers(deployment, operation, plan)
            except Caught as error:
                caught = error.as_input()
            state = yield Step("EvaluateOutcome", lambda p, _: evaluate_outcome(p, deployment, operation))
        except Caught as error:
            caught = error.as_input()
        yield Step(
            "FinishOperation", lambda p, _: finish_operation(p, deployment, operation, state=state, caught=caught)
        )

    def _layers(self, deployment: str, operation: str, plan: dict[str, Any]) -> Process:
        width = plan["width"]["layers"]
        layers = [[item["stack"] for item in layer["stacks"]] for layer in plan["layers"]]
        groups = [[name] for name in layers] if width == 1 else [layers]
        for group in groups:
            stacks = tuple(self._begin(self._stack(deployment, operation, name)) for layer in group for name in layer)
            yield Wait(stacks)

    def _stack(self, deployment: str, operation: str, stack: str) -> Process:
        caught: dict[str, str] | None = None
        try:
            decision = yield Step(
                f"AwaitDependencies {stack}",
                lambda p, t: await_dependencies(p, deployment, operation, stack, t, t),
                waits=True,
            )
            if decision["go"]:
                self.holding.add(stack)
            prepared = yield Step(
                f"PrepareStack {stack}",
                lambda p, _: prepare_stack(p, deployment, operation, stack, go=decision["go"]),
            )
            if prepared["route"] == "lambda":
                yield Step(
                    f"RunStack {stack}",
                    lambda p, _: run_stack(p, deployment, operation, stack, remaining_seconds=lambda: 800.0),
                    retried=False,
                )
        except Caught as error:
            caught = error.as_input()
        yield Step(f"RecordStack {stack}", lambda p, _: record_stack(p, deployment, operation, stack, caught))

    # -- how it moves

    def finish(self) -> None:
        """Step by step until every process has ended, then make the late deliveries."""
        while True:
            possible = [run for run in self.runs if self._can_move(run)]
            if not possible:
                stuck = [run.step for run in self.runs if not run.ended]
                assert not stuck, f"nothing can move any more: {stuck}"
                break
            self._move(self.random.choice(possible))
            if self.late and self.random.random() < 0.3:
                self.deliver_late()
            self.watch()
        while self.late:
            self.deliver_late()
            self.watch()

    def advance(self, until: Callable[[], bool]) -> None:
        """Step by step until ``until``, or as far as it goes."""
        while not until():
            possible = [run for run in self.runs if self._can_move(run)]
            if not possible:
                return
            self._move(self.random.choice(possible))

    def stop(self, execution: str) -> None:
        """StopExecution of the only execution: nothing of it moves any more, but what was delivered may come late."""
        for run in self.runs:
            if isinstance(run.step, Step) and not run.ended and not run.token and self.random.random() < 0.5:
                step = run.step
                self.late.append(lambda step=step: step.call(self.scene.platform, f"late-{next(_TOKENS)}"))  # type: ignore[misc]
            run.ended = True
        self.scene.workflow.finish(self.scene.arn_of(execution))

    def _begin(self, process: Process) -> Run:
        run = Run(process)
        self.runs.append(run)
        self._resume(run, lambda: next(process))
        return run

    def _can_move(self, run: Run) -> bool:
        if run.ended:
            return False
        if isinstance(run.step, Wait):
            processes = run.step.processes
            return all(each.ended for each in processes) or any(each.failed for each in processes)
        return not run.token or run.token in self.scene.workflow.answers

    def _move(self, run: Run) -> None:
        step = run.step
        if isinstance(step, Wait):
            failed = next((each.failed for each in step.processes if each.failed), None)
            for each in step.processes:  # a Map that failed aborts its other iterations
                each.ended = True
            self._resume(run, lambda: run.process.throw(failed) if failed else run.process.send(None))
        elif run.token:
            answer = self.scene.workflow.answers[run.token]
            run.token = ""
            if answer.output is None:
                self._resume(run, lambda: run.process.throw(Caught(answer.error, answer.cause)))
            else:
                self._resume(run, lambda: run.process.send(answer.output))
        else:
            assert step is not None
            self._deliver(run, step)

    def _deliver(self, run: Run, step: Step) -> None:
        token = f"token-{next(_TOKENS):09}" if step.waits else ""  # it is its attempt, too: they grow
        if step.waits:
            self.scene.workflow.open_task(token)
        run.attempts += 1
        goes_wrong = self.random.random() < self.faults
        kind = self.random.choice(["crash", "twice", "late", "lost", "caught"]) if goes_wrong else ""
        if run.attempts >= MAX_ATTEMPTS - 1:
            kind = ""
        if kind == "late":
            self.late.append(lambda: step.call(self.scene.platform, token))
        if kind == "twice":
            self._quietly(lambda: step.call(self.scene.platform, token))
        self.fuse.left = self.random.randint(1, 6) if kind in ("crash", "caught") else None
        try:
            result = step.call(self.platform, token)
        except Crash:
            self._again_or_caught(run, step, token, retried=kind == "crash")
            return
        except CloudError as error:
            self._revoke(token)
            wire = json.dumps({"errorType": type(error).__name__, "errorMessage": str(to_wire(error))})
            thrown = Caught(type(error).__name__, wire)
            self._resume(run, lambda: run.process.throw(thrown))
            return
        finally:
            self.fuse.left = None
        if kind == "lost":
            self._again_or_caught(run, step, token, retried=True)
        elif step.waits:
            run.token = token
            run.attempts = 0
        else:
            self._resume(run, lambda: run.process.send(result))

    def _again_or_caught(self, run: Run, step: Step, token: str, *, retried: bool) -> None:
        """Lambda.ServiceException is delivered again, except to RunStack; Lambda.Unknown goes to the Catch."""
        self._revoke(token)
        if not (retried and step.retried):
            name = "Lambda.ServiceException" if retried else "Lambda.Unknown"
            self._resume(run, lambda: run.process.throw(Caught(name, "The function died.")))

    def _revoke(self, token: str) -> None:
        if token:
            self.scene.workflow.fail(token, "States.Timeout", "")

    def _resume(self, run: Run, move: Callable[[], Any]) -> None:
        run.attempts = 0
        try:
            run.step = move()
            if isinstance(run.step, Step) and run.step.name.startswith("RecordStack"):
                self.holding.discard(run.step.name.partition(" ")[2])  # it has run to its end
        except StopIteration:
            run.ended = True
        except Caught as error:
            run.ended, run.failed = True, error

    def deliver_late(self) -> None:
        self._quietly(self.late.pop(self.random.randrange(len(self.late))))

    def _quietly(self, call: Callable[[], Any]) -> None:
        """A delivery whose answer nobody waits for."""
        try:
            call()
        except CloudError:
            return


def run(scene: Scene, operation_id: str, seed: int = 0) -> None:
    """Drive one operation to its end, without faults."""
    machine = Machine(scene, random.Random(seed))
    machine.execute({"operation_id": operation_id, "deployment_id": scene.deployment_id}, operation_id)
    machine.finish()
