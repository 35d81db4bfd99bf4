"""Runs steps: events and checkpoint around each, no more at once than allowed, none after a failure or a cancel."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING

from .diffs import equal
from .errors import DeleteProtected, OperationFailed, PulumiError, Status
from .events import is_internal
from .refresh_steps import RefreshStep
from .steps import Step
from .values import Secret, secret

if TYPE_CHECKING:
    from .registrar import Registrar


class Stopped(Exception):
    """No further steps are taken: another one failed, or the user cancelled."""


class StepFailed(Exception):
    """A step failed; that was reported."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.urn)
        self.step = step


class StepExecutor:
    """Executes the steps of one deployment, and counts them."""

    def __init__(self, deployment: Registrar, *, refresh_only: bool = False) -> None:
        self._deployment = deployment
        self._refresh_only = refresh_only
        self._slots = threading.Semaphore(max(deployment.options.parallel, 1))
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._running = 0
        self._steps = 0
        self.stopped = threading.Event()
        self.errored: list[Step] = []
        self.failed = False
        self.corrupt = False
        self.changes: dict[str, int] = {}
        # Steps whose resource may still register outputs.
        self.awaiting_outputs: dict[str, Step] = {}

    def run_chain(self, steps: Iterable[Step]) -> None:
        """Run steps one after the other. Raises StepFailed for the first that fails, Stopped when they may not run."""
        with self._slots:
            for step in steps:
                self._run(step)

    def run_antichain(self, steps: list[Step]) -> None:
        """Run steps that don't depend on each other, at once; returns when all have ended. Failures are noted."""
        pool = ThreadPoolExecutor(max_workers=max(1, min(len(steps), self._deployment.options.parallel)))
        try:
            wait([pool.submit(self._run_quietly, step) for step in steps])
        finally:
            # Without waiting: when the user terminates, steps are left to their fate.
            pool.shutdown(wait=False)

    def wait_until_idle(self) -> None:
        """Returns when no step is running."""
        with self._idle:
            while self._running:
                # With a timeout, so that the main thread keeps hearing signals.
                self._idle.wait(0.2)

    def _run_quietly(self, step: Step) -> None:
        with suppress(StepFailed, Stopped):
            self.run_chain([step])

    def _run(self, step: Step) -> None:
        with self._lock:
            if self.stopped.is_set():
                raise Stopped
            self._running += 1
        try:
            self._execute(step)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _execute(self, step: Step) -> None:
        deployment = self._deployment
        deployment.events.before(step)
        if deployment.writer is not None:
            deployment.writer.begin(step)
        failure: OperationFailed | None = None
        try:
            step.apply()
        except OperationFailed as error:
            failure = error
        except PulumiError as error:
            failure = OperationFailed(str(error), Status.OK)
        if failure is None and step.logical and step.new is not None:
            self.awaiting_outputs[step.urn] = step
        if step.new is not None and step.op != "replace":
            _keep_secrets(step)
            deployment.remember(step)
        self._report(step, failure)
        if deployment.writer is not None:
            done = failure is None or failure.status is Status.PARTIAL_FAILURE
            deployment.writer.end(step, successful=done)
        if failure is not None:
            self._note_failure(step, failure)
            raise StepFailed(step)

    def _report(self, step: Step, failure: OperationFailed | None) -> None:
        events, internal = self._deployment.events, is_internal(step)
        if failure is not None:
            self.corrupt = self.corrupt or failure.status is Status.UNKNOWN
            prefix = "Preview failed: " if self._deployment.options.dry_run else ""
            events.diagnostic("error", f"{prefix}{failure}", "" if internal else step.urn)
            if not self._deployment.options.dry_run:
                events.failed(step, failure.status, self._steps)
            return
        op, record = step.op, step.logical
        if isinstance(step, RefreshStep) and self._refresh_only:
            op, record = step.result_op, True
        if step.op == "read":
            record = step.old is not None and not equal(step.old.outputs, step.resource.outputs)
        if record and not internal:
            with self._lock:
                self._steps += 1
                self.changes[op] = self.changes.get(op, 0) + 1
        if self._deployment.options.dry_run or step.resource.custom or step.op in ("refresh", "delete"):
            events.outputs(step, op)

    def _note_failure(self, step: Step, failure: OperationFailed) -> None:
        self.failed = True
        # Going on after a protected resource lets one run report all of them; nothing was done to it.
        if self._deployment.options.continue_on_error or isinstance(failure, DeleteProtected):
            with self._lock:
                self.errored.append(step)
        elif not self._deployment.ignore_step_errors:
            self.stopped.set()
            self._deployment.wake()


def _keep_secrets(step: Step) -> None:
    """Outputs are secret that the program says are, and those whose input of the same name is."""
    state = step.resource if step.new is None else step.new
    for key in state.additional_secret_outputs:
        if key in state.outputs:
            state.outputs = {**state.outputs, key: secret(state.outputs[key])}
    for key, value in list(state.outputs.items()):
        if isinstance(state.inputs.get(key), Secret) and not isinstance(value, Secret):
            state.outputs = {**state.outputs, key: secret(value)}
