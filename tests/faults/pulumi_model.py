"""A model of Pulumi and of AWS in which everything may break off half-way: states with pending operations, resources, locks.

It keeps the promises that the real runner and engine keep, and only those: an operation is noted before AWS is asked and the
resource after; a killed engine leaves its lock and what was pending; the next run settles that by looking at AWS first. That
the real ones keep them is proved elsewhere (tests/contract/test_interrupted_updates.py and test_engine_faults.py here).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cloud.adapters.pulumi import supervision
from cloud.domain.errors import ProgramFailed, PulumiError, RunInterrupted, RunTimedOut, StackBusy
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import Emit, RunRequest, RunResult, SecretsProvider, ShouldStop, Stop
from tests.faults.points import Points
from tests.faults.tasks import Killed, Task, Tasks

GRACE_SECONDS, SILENCE_SECONDS, DEAD_SILENCE_SECONDS = (
    30.0,
    supervision.SILENCE_SECONDS,
    supervision.DEAD_SILENCE_SECONDS,
)
SHORT, LONG = (0.1, 4.0), (20.0, 150.0)
"""How long AWS takes for one resource, mostly and seldom, in seconds."""


@dataclass(frozen=True)
class Program:
    """What a stack's program wants: ``resources`` of this ``revision``; it fails at the resource number ``broken``."""

    resources: int = 2
    revision: int = 1
    broken: int = 0

    def zipped(self) -> bytes:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(zipfile.ZipInfo("Pulumi.yaml"), "name: shop\nruntime: python\n")
            file.writestr(zipfile.ZipInfo("program.json"), json.dumps(asdict(self)))
        return archive.getvalue()

    @classmethod
    def unzipped(cls, data: bytes) -> Program:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return cls(**json.loads(file.read("program.json")))

    def wants(self, stack: str) -> dict[str, int]:
        """The revision of each resource, by name."""
        return {f"{stack}-{number}": self.revision for number in range(1, self.resources + 1)}

    def outputs(self, stack: str, config: Mapping[str, Any]) -> dict[str, str]:
        """What it exports depends on what it was given, so that a stale input shows."""
        given = ",".join(
            str(value) for key, value in sorted(config.items()) if key.rpartition(":")[2].startswith("from_")
        )
        return {"id": f"{stack}@{self.revision}({given})"}


@dataclass
class Resource:
    """In AWS. ``stack`` is the Pulumi stack that its tags name."""

    id: str
    stack: str
    name: str
    revision: int


class Aws:
    """What exists. Nothing forbids two resources of one name: that is what the checker looks for."""

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}
        self._made = 0

    def create(self, stack: str, name: str, revision: int) -> str:
        self._made += 1
        made = Resource(f"r-{self._made}", stack, name, revision)
        self.resources[made.id] = made
        return made.id

    def find(self, stack: str, name: str) -> list[Resource]:
        return [each for each in self.resources.values() if (each.stack, each.name) == (stack, name)]

    def of(self, stack: str) -> list[Resource]:
        return [each for each in self.resources.values() if each.stack == stack]


@dataclass
class Known:
    """A resource as Pulumi's state has it."""

    id: str
    revision: int


@dataclass
class Checkpoint:
    """The state of one stack. ``pending`` maps a resource to what was about to be done with it; ``lock`` is who holds it."""

    resources: dict[str, Known] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    lock: str = ""
    etag: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.resources or self.pending)


@dataclass(frozen=True)
class Finished:
    """A run that came to its end, as Pulumi saw it."""

    operation_id: str
    stack: str
    kind: OperationKind


class PulumiModel:
    """The ports ``StackRunner`` and ``PulumiState``. ``live`` are the engines at work, ``violations`` what must never be."""

    def __init__(self, tasks: Tasks, points: Points) -> None:
        self.tasks, self.points = tasks, points
        self.aws = Aws()
        self.checkpoints: dict[str, Checkpoint] = {}
        self.live: dict[Task, RunRequest] = {}
        self.begun: list[RunRequest] = []
        self.finished: list[Finished] = []
        self.violations: list[str] = []
        self.on_begin: Callable[[RunRequest], None] = lambda _: None

    # -- the ports

    def etag(self, project: str, pulumi_stack: str) -> str:
        found = self.checkpoints.get(pulumi_stack)
        return f"etag-{found.etag}" if found and found.etag else ""

    def free_lock(self, project: str, pulumi_stack: str) -> None:
        self.points.reach("before pulumi cancel")
        at_work = [
            request for task, request in self.live.items() if request.pulumi_stack == pulumi_stack and _lives(task)
        ]
        if at_work:
            self.violations.append(f"Pulumi's lock on {pulumi_stack} was deleted while its owner was at work")
        self.checkpoint(pulumi_stack).lock = ""

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        """See ``StackRunner.run``: the engine is a task of its own, this one keeps watch over it."""
        caller = self.tasks.current
        assert caller is not None
        self._look_for_another(request)
        self.on_begin(request)
        self.begun.append(request)
        engine = _Engine(self, request)
        task = self.tasks.spawn(f"pulumi {request.stack}", engine.perform, caller.group, dies_at=caller.dies_at)
        self.live[task] = request
        self.tasks.spawn("watchdog", lambda: self._watch(engine, task), caller.group, dies_at=caller.dies_at)
        try:
            ended_because = self._supervise(engine, task, emit, should_stop)
        except Exception:
            self._kill(engine, task)
            raise
        finally:
            if task.ended:
                self.live.pop(task, None)
        if task.killed:
            self._free(request)
        if task.error is not None and not isinstance(task.error, _Interrupted):
            raise task.error
        if isinstance(task.result, RunResult):
            return task.result
        if ended_because == "time":
            raise RunTimedOut("The run took too long and was ended.", stack=request.stack)
        if ended_because:
            raise RunInterrupted("The run was cancelled before it ended.", stack=request.stack)
        raise PulumiError("Pulumi was killed (SIGKILL).", stack=request.stack)

    # -- inside

    def checkpoint(self, pulumi_stack: str) -> Checkpoint:
        return self.checkpoints.setdefault(pulumi_stack, Checkpoint())

    def kill_engines(self) -> None:
        """SIGKILL to every pulumi process, and to nothing else."""
        for task in self.live:
            self.tasks.kill(task)

    def _look_for_another(self, request: RunRequest) -> None:
        if request.kind.only_looks:
            return
        for task, other in self.live.items():
            if other.pulumi_stack == request.pulumi_stack and not other.kind.only_looks and _lives(task):
                self.violations.append(
                    f"two runs of {request.stack} at once: of {other.operation_id} and {request.operation_id}"
                )

    def _supervise(self, engine: _Engine, task: Task, emit: Emit, should_stop: ShouldStop) -> str:
        """Until the engine has ended. Gives why it was ended from outside, or nothing."""
        began, reason, kill_at = self.tasks.now, "", float("inf")
        while not task.ended:
            engine.heard_at = self.tasks.now
            self.tasks.wait(lambda: task.ended, 1.0)
            engine.flush(emit)
            if task.ended:
                break
            wish = Stop(should_stop())
            if self.tasks.now - began >= engine.request.timeout_seconds:
                reason, wish = reason or "time", max(wish, Stop.INTERRUPT)
            if wish is not Stop.NO and not engine.interrupted:
                reason, engine.interrupted = reason or "asked", True
                kill_at = self.tasks.now + GRACE_SECONDS
            if wish is Stop.KILL or self.tasks.now >= kill_at:
                self._kill(engine, task)
        return reason

    def _watch(self, engine: _Engine, task: Task) -> None:
        """End an engine whose supervisor hangs in a call: nobody else would."""
        while not self.tasks.wait(lambda: task.ended, SILENCE_SECONDS / 4):
            silence = self.tasks.now - engine.heard_at
            engine.interrupted = engine.interrupted or silence >= SILENCE_SECONDS
            if silence >= DEAD_SILENCE_SECONDS:
                self.tasks.kill(task)

    def _kill(self, engine: _Engine, task: Task) -> None:
        self.tasks.kill(task)
        self.tasks.wait(lambda: task.ended)
        self._free(engine.request)
        self.live.pop(task, None)

    def _free(self, request: RunRequest) -> None:
        """The runner deletes the lock of an engine that it owned and has seen die."""
        if self.checkpoint(request.pulumi_stack).lock == request.operation_id:
            self.checkpoint(request.pulumi_stack).lock = ""


def _lives(task: Task) -> bool:
    return not (task.ended or task.killed)


class _Interrupted(Exception):
    """SIGINT: what was begun is finished, nothing new begins."""


class _Engine:
    def __init__(self, model: PulumiModel, request: RunRequest) -> None:
        self.model, self.request, self.interrupted = model, request, False
        self.heard_at = model.tasks.now
        self._stack = request.pulumi_stack
        self._state = model.checkpoint(request.pulumi_stack)
        self._events: list[NewEvent] = []
        self._changes: dict[str, int] = {}
        self._reach = model.points.reach

    def flush(self, emit: Emit) -> None:
        if self._events:
            events, self._events = self._events, []
            emit(events)

    def perform(self) -> RunResult:
        kind, began = self.request.kind, self.model.tasks.now
        program = Program.unzipped(self.request.program) if kind.runs_programs else Program()
        outputs = program.outputs(self.request.stack, self.request.config)
        if kind.only_looks:
            return self._result(outputs if kind is OperationKind.PREVIEW else self._state.outputs, began)
        self._reach("before the lock of pulumi")
        if self._state.lock:
            raise StackBusy("Another update holds Pulumi's lock on the stack.", stack=self.request.stack)
        self._state.lock = self.request.operation_id
        try:
            self._reach("after the lock of pulumi")
            self._settle()
            if kind is OperationKind.DESTROY:
                self._apply({}, program)
                outputs = {}
            elif kind.runs_programs:
                self._apply(program.wants(self.request.stack), program)
            else:
                outputs = dict(self._state.outputs)
            self._reach("before outputs")
            self._state.outputs = outputs
            self._write()
            self._reach("after outputs")
        except Exception:
            self._state.lock = ""
            raise
        self._state.lock = ""
        self.model.finished.append(Finished(self.request.operation_id, self.request.stack, kind))
        return self._result(outputs, began)

    def _settle(self) -> None:
        """What an earlier engine left pending is looked up in AWS, never repeated blindly."""
        for name, what in list(self._state.pending.items()):
            self._reach(f"before settling {name}")
            found = self.model.aws.find(self._stack, name)
            if found:
                self._state.resources[name] = Known(found[0].id, found[0].revision)
            elif what != "create":
                self._state.resources.pop(name, None)
            del self._state.pending[name]
            self._write()
            self._reach(f"after settling {name}")

    def _apply(self, wants: Mapping[str, int], program: Program) -> None:
        gone = [name for name in reversed(self._state.resources) if name not in wants]
        for number, (name, revision) in enumerate(wants.items(), start=1):
            if number == program.broken:
                raise ProgramFailed("The program raised.", stack=self.request.stack)
            known = self._state.resources.get(name)
            if known is None:
                self._step("create", name, revision)
            elif known.revision != revision:
                self._step("update", name, revision)
            else:
                self._count("same")
        for name in gone:
            self._step("delete", name, 0)

    def _step(self, what: str, name: str, revision: int) -> None:
        if self.interrupted:
            raise _Interrupted
        self._state.pending[name] = what
        self._write()
        self._reach(f"before {what} {name}")
        chance = self.model.tasks.chance
        try:
            self.model.tasks.wait(seconds=chance.uniform(*(LONG if chance.random() < 0.1 else SHORT)))
        except Killed:
            if chance.random() < 0.5:  # the request was on its way: AWS does what it was asked to
                self._ask(what, name, revision)
            raise
        made = self._ask(what, name, revision)
        self._reach(f"after {what} {name}")
        if what == "delete":
            self._state.resources.pop(name, None)
        else:
            self._state.resources[name] = Known(made, revision)
        self._state.pending.pop(name, None)
        self._write()
        self._count(what)
        self._reach(f"after recording {name}")

    def _ask(self, what: str, name: str, revision: int) -> str:
        aws, known = self.model.aws, self._state.resources.get(name)
        if what == "create":
            return aws.create(self._stack, name, revision)
        assert known is not None
        if what == "delete":
            aws.resources.pop(known.id, None)
        else:
            aws.resources[known.id].revision = revision
        return known.id

    def _write(self) -> None:
        others = [
            request.operation_id
            for task, request in self.model.live.items()
            if task is not self.model.tasks.current and request.pulumi_stack == self._stack and _lives(task)
            if not request.kind.only_looks
        ]
        if others:
            self.model.violations.append(f"two wrote the state of {self._stack} at once")
        self._state.etag += 1

    def _count(self, what: str) -> None:
        self._changes[what] = self._changes.get(what, 0) + 1
        data = {"stack": self.request.stack, "op": what, "state": "done", "urn": "", "type": "", "name": what}
        self._events.append(NewEvent(EventType.STACK_RESOURCE, data))

    def _result(self, outputs: Mapping[str, str], began: float) -> RunResult:
        return RunResult(
            changes=dict(self._changes),
            outputs=dict(outputs),
            resource_count=len(self._state.resources),
            seconds=self.model.tasks.now - began,
            secrets_provider=self.request.secrets_provider or SecretsProvider(encryption_salt="model"),
            has_pending=bool(self._state.pending),
        )
