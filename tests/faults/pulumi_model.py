"""A model of Pulumi and of AWS in which everything may break off half-way: states with pending operations, resources, locks.

It keeps the promises that the real runner and engine keep, and only those: an operation is noted before AWS is asked and the
resource after; a killed engine leaves its lock and what was pending; the next run settles that by looking at AWS first. That
the real ones keep them is proved elsewhere (tests/contract/test_interrupted_updates.py and test_engine_faults.py here).
"""

from __future__ import annotations

from collections.abc import Callable

from cloud.adapters.pulumi.supervision import DEAD_SILENCE_SECONDS, SILENCE_SECONDS
from cloud.domain.errors import PulumiError, RunInterrupted, RunTimedOut
from cloud.ports.runner import Emit, RunRequest, RunResult, ShouldStop, Stop
from tests.faults.cloud_model import Aws, Checkpoint, Finished
from tests.faults.engine_model import Engine, Interrupted
from tests.faults.points import Points
from tests.faults.tasks import Task, Tasks

GRACE_SECONDS, WATCH_SECONDS = 30.0, 2.5


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
        if self.others_at_work(pulumi_stack):
            self.violations.append(f"Pulumi's lock on {pulumi_stack} was deleted while its owner was at work")
        self.checkpoint(pulumi_stack).lock = ""

    def run(self, request: RunRequest, emit: Emit, should_stop: ShouldStop) -> RunResult:
        """See ``StackRunner.run``: the engine is a task of its own, this one keeps watch over it."""
        caller = self.tasks.current
        assert caller is not None
        if not request.kind.only_looks:
            for other in self.others_at_work(request.pulumi_stack):
                both = f"{other.operation_id} and {request.operation_id}"
                self.violations.append(f"two runs of {request.stack} at once: of {both}")
        self.on_begin(request)
        self.begun.append(request)
        engine = Engine(self, request)
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
        if task.error is not None and not isinstance(task.error, Interrupted):
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

    def others_at_work(self, pulumi_stack: str) -> list[RunRequest]:
        """The runs, but for the one that asks, whose engines live and may write the stack's state."""
        return [
            request
            for task, request in self.live.items()
            if task is not self.tasks.current and not (task.ended or task.killed)
            if request.pulumi_stack == pulumi_stack and not request.kind.only_looks
        ]

    def kill_engines(self) -> None:
        """SIGKILL to every pulumi process, and to nothing else."""
        for task in self.live:
            self.tasks.kill(task)

    def _supervise(self, engine: Engine, task: Task, emit: Emit, should_stop: ShouldStop) -> str:
        """Until the engine has ended. Gives why it was ended from outside, or nothing."""
        began, reason = self.tasks.now, ""
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
                engine.kill_at = self.tasks.now + GRACE_SECONDS
            if wish is Stop.KILL or self.tasks.now >= engine.kill_at:
                self._kill(engine, task)
        return reason

    def _watch(self, engine: Engine, task: Task) -> None:
        """End an engine whose supervisor hangs in a call: nobody else would."""
        while not self.tasks.wait(lambda: task.ended, WATCH_SECONDS):
            silence = self.tasks.now - engine.heard_at
            engine.interrupted = engine.interrupted or silence >= SILENCE_SECONDS
            if silence >= DEAD_SILENCE_SECONDS or self.tasks.now >= engine.kill_at + WATCH_SECONDS:
                self.tasks.kill(task)

    def _kill(self, engine: Engine, task: Task) -> None:
        self.tasks.kill(task)
        self.tasks.wait(lambda: task.ended)
        self._free(engine.request)
        self.live.pop(task, None)

    def _free(self, request: RunRequest) -> None:
        """The runner deletes the lock of an engine that it owned and has seen die."""
        if self.checkpoint(request.pulumi_stack).lock == request.operation_id:
            self.checkpoint(request.pulumi_stack).lock = ""
