"""One run of the modelled engine: it may be killed, or interrupted, between any two of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cloud.domain.errors import ProgramFailed, StackBusy
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import Emit, RunRequest, RunResult, SecretsProvider
from tests.faults.cloud_model import Finished, Known, Program
from tests.faults.tasks import Killed

if TYPE_CHECKING:
    from tests.faults.pulumi_model import PulumiModel

SHORT, LONG = (0.1, 4.0), (20.0, 150.0)
"""How long AWS takes for one resource, mostly and seldom, in seconds."""


class Interrupted(Exception):
    """SIGINT: what was begun is finished, nothing new begins."""


class Engine:
    def __init__(self, model: PulumiModel, request: RunRequest) -> None:
        self.model, self.request, self.interrupted = model, request, False
        self.heard_at, self.kill_at = model.tasks.now, float("inf")
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
            raise Interrupted
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
        if self.model.others_at_work(self._stack):
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
