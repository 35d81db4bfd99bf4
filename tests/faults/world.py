"""The whole platform on tasks: its functions, its state machine, EventBridge, and a person who asks for things."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cloud import asl
from cloud.adapters.memory.clock import ManualClock
from cloud.adapters.memory.gateway import MemoryGateway
from cloud.adapters.memory.lookups import MemoryLookups
from cloud.adapters.memory.stores import memory_stores
from cloud.adapters.memory.vault import MemoryVault
from cloud.adapters.memory.workflow import MemoryWorkflow
from cloud.domain.events import EventType
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunRequest
from cloud.service.cancel_operation import cancel_operation
from cloud.service.init_deployment import init_deployment
from cloud.service.platform import Platform
from cloud.service.put_manifest import put_manifest
from cloud.service.request_approval import decide
from cloud.service.retry_operation import retry_operation
from cloud.service.start_operation import start_operation
from infra import topology
from tests.faults.functions import Functions
from tests.faults.interpreter import Answer, Execution, Tokens, answer_of
from tests.faults.points import Fault, Kind, Points, tapped
from tests.faults.pulumi_model import Program, PulumiModel
from tests.faults.tasks import Killed, Task, Tasks
from tests.faults.watched import Ledger, WatchedOperations, WatchedStacks

ROOT = Path(__file__).parents[2]
LONGEST = 4 * 3600.0
"""By then, in seconds, everything has been settled: the longest that anybody waits for anybody is a part of it."""
MINUTE = 60.0
ANN = "ann@example.com"
TRIES = 8
_UNANSWERED = {"Throttled", "NetworkError", "Runtime.ExitError", "Sandbox.Timedout", "Broke", "StaleWrite"}


@lru_cache(maxsize=1)
def definition() -> Any:
    machine = topology.STATE_MACHINES[0]
    text = (ROOT / "statemachine" / f"{machine.name}.asl.json").read_text(encoding="utf-8")
    return asl.render(text, machine.substitutions)


class World:
    """``graph`` maps each stack to its dependencies, ``programs`` to its program. The same seed and faults: the same run."""

    def __init__(
        self,
        seed: int,
        graph: Mapping[str, Sequence[str]],
        faults: Sequence[Fault] = (),
        *,
        programs: Mapping[str, Program] | None = None,
        policy: Mapping[str, Any] | None = None,
        operations: type[WatchedOperations] = WatchedOperations,
        stacks: type[WatchedStacks] = WatchedStacks,
    ) -> None:
        self.clock = ManualClock()
        self.tasks = Tasks(random.Random(seed), self.clock)
        self.points = Points(self.tasks, tuple(faults))
        self.ledger = Ledger()
        self.model = PulumiModel(self.tasks, self.points)
        self.model.violations = self.ledger.violations
        self.model.on_begin = self._run_begins
        self.executions: dict[str, Execution] = {}
        self.asked: dict[str, str] = {}
        self.cancelled: dict[str, float] = {}
        self.graph = {name: tuple(needs) for name, needs in graph.items()}
        self.programs = {name: Program() for name in graph} | dict(programs or {})
        self._workflow = _Workflow(self)
        watched = operations(self.ledger)
        self.stores = replace(memory_stores(self.clock), operations=watched, stacks=stacks(self.ledger, watched))
        vault, gateway, lookups = MemoryVault(), MemoryGateway(), MemoryLookups()
        self.platform = Platform(
            self.stores,
            self.clock,
            lambda: self._workflow,
            lambda: self.model,
            lambda region, role: lookups,
            lambda: gateway,
            lambda: vault,
            lambda: self.model,
            engine="model",
        )
        self.functions = Functions(self.tasks, self.points, lambda: tapped(self.platform, self.points))
        self.needs_approval = False
        self.points.actions = {
            Kind.STOP: self._stop_all,
            Kind.CANCEL: lambda: self._cancel_all(force=False),
            Kind.FORCE: lambda: self._cancel_all(force=True),
            Kind.KILL_ENGINE: self.model.kill_engines,
        }
        self.deployment_id = init_deployment(self.platform, org="acme", project="shop").id
        self._policy = dict(policy or {})
        self.put()

    # -- what the person does

    def put(self, **programs: Program) -> None:
        """Put the manifest with these programs, and all others as they are."""
        self.programs |= programs
        digests = {name: self.stores.artifacts.put_program(each.zipped()) for name, each in self.programs.items()}
        stacks = {
            name: {
                "dependencies": list(needs),
                "config": {f"from_{need}": f"{{{{stack.{need}.id}}}}" for need in needs},
            }
            for name, needs in self.graph.items()
        }
        document = {
            "version": 1,
            "deployment": {"id": self.deployment_id, "org": "acme", "project": "shop"},
            "environments": {
                "dev": {
                    "account": "111111111111",
                    "region": "us-east-1",
                    "approval": "required" if self.needs_approval else "none",
                }
            },
            "policy": self._policy,
            "stacks": stacks,
        }
        put_manifest(self.platform, self.deployment_id, text=json.dumps(document), configs={}, programs=digests)

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
            return decide(platform, self.deployment_id, operation_id, approve=True, caller="bob@example.com").id

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

    # -- what happens by itself

    def play(self, story: Callable[[], None]) -> None:
        """Let the person do that, and run until everything is over and settled; the schedule sweeps every minute."""
        person = self.tasks.spawn("a person", story)
        minute = self.tasks.spawn("the schedule", self._every_minute)

        def over() -> bool:
            if not person.ended or any(not task.ended for task in self.tasks.all if task is not minute):
                return False
            return not self.stores.operations.list_unsettled(limit=1).items

        self.tasks.run(over, latest=self.tasks.now + LONGEST)
        if person.error is not None:
            raise person.error
        self.tasks.kill(minute)

    def _every_minute(self) -> None:
        while True:
            self.tasks.wait(seconds=MINUTE)
            self._tell_reconciler({}, "sweep", tries=1)

    def _tell_reconciler(self, event: Mapping[str, Any], name: str, tries: int = 3) -> None:
        """An asynchronous invocation: Lambda delivers it again when it fails, but not for ever."""

        def body() -> None:
            for attempt in range(1, tries + 1):
                delivery = self.functions.invoke("reconcile_operation", dict(event), name=name)
                self.tasks.wait(lambda task=delivery: task.ended)  # type: ignore[misc]
                if not answer_of(delivery, self.tasks.now).error:
                    return
                if attempt < tries:
                    self.tasks.wait(seconds=60.0 * attempt)

        self.tasks.spawn("EventBridge", body)

    def begin_execution(self, arn: str, payload: Mapping[str, Any]) -> None:
        """StartExecution, of a name that is new."""
        execution = Execution(
            arn,
            dict(payload),
            self.tasks,
            lambda function, event: self.functions.invoke(function, event),
            self._workflow.tokens,
            self.platform.timestamp,
        )
        self.executions[arn] = execution

        def body() -> None:
            try:
                execution.run(definition())
            except Exception as error:  # noqa: BLE001 - a defect of the harness, which must not look like a hang
                self.ledger.violations.append(f"the interpreter broke: {type(error).__name__}: {error}")
            self._ended(execution)

        self.tasks.spawn("Step Functions", body, execution.group)

    def _ended(self, execution: Execution) -> None:
        self._workflow.inner.finish(execution.arn)
        self.points.note(f"execution {execution.arn.rpartition(':')[2]} {execution.status}")
        if execution.status != "SUCCEEDED":
            detail = {"executionArn": execution.arn, "input": json.dumps(execution.input), "status": execution.status}
            self._tell_reconciler({"detail": detail}, "status event")

    def stop(self, execution: Execution) -> None:
        """StopExecution: what interprets it is gone at once; what it had called goes on."""
        if execution.status == "RUNNING":
            execution.status = "ABORTED"
            self.tasks.kill_group(execution.group)
            self._ended(execution)

    def _stop_all(self) -> None:
        for execution in list(self.executions.values()):
            self.stop(execution)
        task = self.tasks.current
        if task is not None and task.killed:
            raise Killed

    def _cancel_all(self, *, force: bool) -> None:
        for operation in self.operations():
            if not operation.state.is_terminal:
                self.tasks.spawn("a person", lambda id_=operation.id: self.cancel(id_, force=force))  # type: ignore[misc]

    def _run_begins(self, request: RunRequest) -> None:
        """What must hold when Pulumi starts: the environment is the operation's, and what the stack needs is done."""
        if request.kind.only_looks:
            return
        owner = self.stores.operations.get_lock(self.deployment_id, "dev").owner
        holds = owner is not None and owner.operation_id == request.operation_id
        self.ledger.must(
            holds, f"a run of {request.stack} began for {request.operation_id}, which holds no environment"
        )
        cancelled = self.cancelled.get(request.operation_id)
        self.ledger.must(
            cancelled is None or self.tasks.now - cancelled < 60.0,
            f"a run of {request.stack} began a minute after {request.operation_id} was cancelled",
        )
        rows = {row.stack: row for row in self.rows()}
        standing = (StackStatus.DEPLOYED, StackStatus.UNCHANGED, StackStatus.DRIFTED)
        if request.kind is OperationKind.DEPLOY:
            lacking = [n for n in self.graph[request.stack] if n not in rows or rows[n].status not in standing]
            self.ledger.must(not lacking, f"{request.stack} began before {', '.join(lacking)}")
        if request.kind is OperationKind.DESTROY:
            above = [n for n, needs in self.graph.items() if request.stack in needs and self._stands(n)]
            self.ledger.must(not above, f"{request.stack} was about to be destroyed under {', '.join(above)}")

    def _stands(self, stack: str) -> bool:
        return bool(self.model.checkpoint(self.pulumi_stack(stack)).resources)

    # -- looking

    def operation(self, operation_id: str) -> Operation:
        return self.stores.operations.get(self.deployment_id, operation_id)

    def operations(self) -> tuple[Operation, ...]:
        """Oldest first."""
        return tuple(reversed(self.stores.operations.list(self.deployment_id, limit=100).items))

    def rows(self) -> Any:
        return self.stores.stacks.list(self.deployment_id, "dev")

    def pulumi_stack(self, stack: str) -> str:
        from cloud.domain.identifiers import pulumi_stack_name

        return pulumi_stack_name(self.deployment_id, stack, "dev")


class _Workflow:
    """The port ``Workflow``: executions that really run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.inner = MemoryWorkflow()
        self.tokens = Tokens(
            self.inner.open_task, self._answer, lambda token: self.inner.fail(token, "States.Timeout", "")
        )

    def start(self, name: str, payload: Mapping[str, Any]) -> str:
        arn = self.inner.start(name, payload)
        if arn not in self._world.executions:
            self._world.begin_execution(arn, payload)
        return arn

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        self.inner.succeed(token, output)

    def fail(self, token: str, error: str, cause: str) -> None:
        self.inner.fail(token, error, cause)

    def is_running(self, execution_arn: str) -> bool:
        return self.inner.is_running(execution_arn)

    def _answer(self, token: str) -> Answer | None:
        found = self.inner.answers.get(token)
        return None if found is None else Answer(found.output, found.error, found.cause)


__all__ = ["ANN", "LONGEST", "Task", "World"]
