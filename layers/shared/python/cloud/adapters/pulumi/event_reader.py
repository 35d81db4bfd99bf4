"""Reads the engine's events: into the platform's events, and into what the run's result and failure are told from."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud.adapters.pulumi.checkpoint import ROOT_TYPE, is_bookkeeping
from cloud.adapters.pulumi.planned_values import planned_outputs
from cloud.adapters.pulumi.program_clock import ProgramClock
from cloud.adapters.pulumi.redaction import Redactor
from cloud.domain.events import EventType, NewEvent
from cloud.ports.runner import PlannedOutputs, PlannedStep

if TYPE_CHECKING:
    from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventMetadata

MAX_MESSAGES = 1_000
"""Of one run, but for errors and warnings: a program that prints without end must not fill the log."""
MAX_PROBLEMS = 200

STACK_REFERENCE = "pulumi:pulumi:StackReference"

_LEVELS = {"info": "info", "info#err": "info", "warning": "warning", "error": "error"}
_PARTS = frozenset(
    {"create-replacement", "delete-replaced", "read-replacement", "import-replacement", "discard-replaced", "refresh"}
)
"""Of a step that is told as a whole too. Not told by ``logical``: no step of a refresh is one of the program."""
_QUIET = frozenset({"same", "read", "discard", "discard-replaced", "remove-pending-replace"})


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error that the engine reported; ``urn`` is empty when it is about no resource. Already redacted."""

    urn: str
    message: str


class EventReader:
    """Not thread-safe: events come one after the other.

    ``changes`` counts finished steps by operation, without Pulumi's bookkeeping, the halves of a replacement, and the reading
    before an update (``refresh``): what that found is told by the step that mends it.
    ``expected`` is how many resources the run is thought to touch (those in the state before it; 0: not known).
    ``planned`` is what the program registered as the stack's outputs, ``steps`` what was done or would be, and
    ``references`` are the full names of the stacks that the program read by StackReference.
    ``summary_at`` is when the engine said that all its steps were over. ``runs_program`` is False for a destroy or refresh,
    which work on the state alone.
    """

    def __init__(
        self,
        stack: str,
        redactor: Redactor,
        *,
        expected: int = 0,
        runs_program: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stack = stack
        self.redactor = redactor
        self.expected = expected
        self.changes: Counter[str] = Counter()
        self.errors: list[Diagnostic] = []
        self.warnings: list[str] = []
        self.failed_urns: list[str] = []
        self.planned = PlannedOutputs({})
        self.steps: list[PlannedStep] = []
        self.references: set[str] = set()
        self.has_started = False
        self.has_finished_program = False
        self.is_interrupted = False
        self.summary_at: float | None = None
        self.program = ProgramClock(clock)
        self._runs_program = runs_program
        self._clock = clock
        self._started: dict[str, float] = {}
        self._finished_steps: set[tuple[str, str]] = set()
        self._done = 0
        self._messages = 0
        self._left_out = 0

    def read(self, event: EngineEvent) -> list[NewEvent]:
        """What the platform is told of one engine event: none, or one, event."""
        if event.prelude_event:
            self.has_started = True
            if self._runs_program:
                self.program.start()
        elif event.diagnostic_event:
            return self._diagnostic(event.diagnostic_event)
        elif event.resource_pre_event:
            return self._begun(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            return self._finished(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            return self._failed(event.res_op_failed_event.metadata)
        elif event.summary_event:
            self.summary_at = self._clock()
            self.program.stop()
        return []

    def interrupted(self) -> None:
        """The run is being ended from outside: what its program cries out from now on is no news."""
        self.is_interrupted = True

    def last_words(self) -> list[NewEvent]:
        """What remains to be said when no more events come."""
        if not self._left_out:
            return []
        return [self._log("warning", f"{self._left_out:,} more messages of this run were left out.")]

    def _begun(self, step: StepEventMetadata) -> list[NewEvent]:
        operation = step.op.value
        if step.type == STACK_REFERENCE:
            self._reference_read(step)
        if is_bookkeeping(step.type):
            return []
        self._started[step.urn] = self._clock()
        if _is_work(step):
            self.program.resource_begun(step.urn)
        return [] if operation in _QUIET else [self._resource(step, "started")]

    def _finished(self, step: StepEventMetadata) -> list[NewEvent]:
        if step.type == ROOT_TYPE:
            self._root_finished(step)
        if is_bookkeeping(step.type):
            return []
        self.program.resource_ended(step.urn)
        if (step.urn, step.op.value) in self._finished_steps:
            return []  # a component's step is reported again when it registers its outputs
        self._finished_steps.add((step.urn, step.op.value))
        self._done += 1
        if step.op.value not in _PARTS:
            self.changes[step.op.value] += 1
            if step.op.value not in _QUIET:
                self.steps.append(_planned_step(step))
        return [self._resource(step, "done")]

    def _failed(self, step: StepEventMetadata) -> list[NewEvent]:
        self.failed_urns.append(step.urn)
        self.program.resource_ended(step.urn)
        return [] if is_bookkeeping(step.type) else [self._resource(step, "failed")]

    def _root_finished(self, step: StepEventMetadata) -> None:
        """The program registered the stack's outputs, which is the last thing that it does."""
        self.has_finished_program = True
        self.program.stop()
        self.planned = planned_outputs((step.new.outputs if step.new else None) or {})

    def _reference_read(self, step: StepEventMetadata) -> None:
        """Reading is the step of a StackReference that the program made; one that it no longer makes is discarded."""
        name = ((step.new.inputs if step.new else None) or {}).get("name")
        if step.op.value == "read" and isinstance(name, str):
            self.references.add(name)

    def _resource(self, step: StepEventMetadata, state: str) -> NewEvent:
        data: dict[str, Any] = {
            "stack": self.stack,
            "urn": self.redactor.message(step.urn),
            "type": self.redactor.message(step.type),
            "name": self.redactor.message(resource_name(step.urn)),
            "op": step.op.value,
            "state": state,
            "done": self._done,
        }
        begun = self._started.get(step.urn)
        if state != "started" and begun is not None:
            data["seconds"] = round(self._clock() - begun, 3)
        if self.expected:
            data["expected"] = max(self.expected, self._done)
        return NewEvent(EventType.STACK_RESOURCE, data)

    def _diagnostic(self, diagnostic: DiagnosticEvent) -> list[NewEvent]:
        level = _LEVELS.get(diagnostic.severity, "")
        if not level or diagnostic.ephemeral or (self.is_interrupted and diagnostic.severity == "info#err"):
            return []  # the engine's own debugging, a progress line, or the traceback of a program that we interrupted
        if level == "info" and self._messages >= MAX_MESSAGES and diagnostic.message.strip():
            self._left_out += 1
            return []  # before the redaction, which takes longest of all this
        message = self.redactor.message(diagnostic.message)
        if not message:
            return []
        if level == "error" and len(self.errors) < MAX_PROBLEMS:
            self.errors.append(Diagnostic(diagnostic.urn or "", message))
        if level == "warning" and len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(message)
        limit = MAX_MESSAGES if level == "info" else MAX_MESSAGES + MAX_PROBLEMS
        if self._messages >= limit:
            self._left_out += 1
            return []
        self._messages += 1
        return [self._log(level, message, diagnostic.urn or "")]

    def _log(self, level: str, message: str, urn: str = "") -> NewEvent:
        data = {"stack": self.stack, "level": level, "message": message}
        if urn:
            data["urn"] = self.redactor.message(urn)
        return NewEvent(EventType.LOG_CREATED, data)


def resource_name(urn: str) -> str:
    """The logical name in ``urn:pulumi:{stack}::{project}::{types}::{name}``, which may hold ``::`` itself."""
    return urn.split("::", 3)[-1]


def _planned_step(step: StepEventMetadata) -> PlannedStep:
    name = resource_name(step.urn)
    return PlannedStep(step.urn, step.op.value, tuple(sorted(step.keys or ())), step.type, name)


def _is_work(step: StepEventMetadata) -> bool:
    """Whether a provider is at work. A component is only a name around its children, and ends when the program says so."""
    state = step.new or step.old
    return bool(state and state.custom)
