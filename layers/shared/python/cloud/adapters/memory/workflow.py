"""The port ``Workflow`` in memory: it remembers what was started and sent, and runs nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.domain.errors import AlreadyExists, NotFound


@dataclass(slots=True)
class Execution:
    """``input`` is a copy, as JSON gives it back."""

    name: str
    input: Mapping[str, Any]
    is_running: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a task token was answered with: an output, or an error and its cause."""

    output: Mapping[str, Any] | None = None
    error: str = ""
    cause: str = ""


@dataclass(slots=True)
class MemoryWorkflow:
    """``open_task`` and ``finish`` are the state machine's side; ``executions`` and ``answers`` show what happened."""

    executions: dict[str, Execution] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    _waiting: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, name: str, payload: Mapping[str, Any]) -> str:
        arn, document = f"memory:execution:{name}", json.loads(json.dumps(dict(payload)))
        with self._lock:
            execution = self.executions.setdefault(arn, Execution(name, document))
        if execution.input != document:
            raise AlreadyExists(f"The execution {name} exists already, with another input.", execution_arn=arn)
        return arn

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        self._answer(token, Answer(output=json.loads(json.dumps(dict(output)))))

    def fail(self, token: str, error: str, cause: str) -> None:
        self._answer(token, Answer(error=error, cause=cause))

    def is_running(self, execution_arn: str) -> bool:
        with self._lock:
            if execution_arn not in self.executions:
                raise NotFound(f"There is no execution {execution_arn}.", execution_arn=execution_arn)
            return self.executions[execution_arn].is_running

    def open_task(self, token: str) -> None:
        """From now on ``token`` can be answered, once."""
        with self._lock:
            self._waiting.add(token)

    def finish(self, execution_arn: str) -> None:
        """The execution has ended. Raises KeyError."""
        with self._lock:
            self.executions[execution_arn].is_running = False

    def _answer(self, token: str, answer: Answer) -> None:
        with self._lock:
            if token in self._waiting:
                self._waiting.remove(token)
                self.answers[token] = answer
