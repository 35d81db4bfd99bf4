"""The port ``Workflow`` with executions that really run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloud.adapters.memory.workflow import MemoryWorkflow
from tests.faults.interpreter import Answer, Tokens


class LiveWorkflow:
    """``begin`` is called with the ARN and the input of each execution that is new."""

    def __init__(self, begin: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._begin = begin
        self._inner = MemoryWorkflow()
        self._begun: set[str] = set()
        self.tokens = Tokens(
            self._inner.open_task, self._answer, lambda token: self._inner.fail(token, "States.Timeout", "")
        )

    def start(self, name: str, payload: Mapping[str, Any]) -> str:
        arn = self._inner.start(name, payload)
        if arn not in self._begun:
            self._begun.add(arn)
            self._begin(arn, payload)
        return arn

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        self._inner.succeed(token, output)

    def fail(self, token: str, error: str, cause: str) -> None:
        self._inner.fail(token, error, cause)

    def is_running(self, execution_arn: str) -> bool:
        return self._inner.is_running(execution_arn)

    def finish(self, execution_arn: str) -> None:
        """The execution has ended."""
        self._inner.finish(execution_arn)

    def _answer(self, token: str) -> Answer | None:
        found = self._inner.answers.get(token)
        return None if found is None else Answer(found.output, found.error, found.cause)
