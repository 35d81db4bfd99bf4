"""The port ``Workflow`` on Step Functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloud.adapters.aws_errors import error_code, translated
from cloud.adapters.boto import LazyClient
from cloud.domain.errors import AlreadyExists, CloudError, ConfigurationError, NotFound
from cloud.settings import Settings

_TOKEN_IS_GONE = ("InvalidToken", "TaskDoesNotExist", "TaskTimedOut")
_RUNNING = ("RUNNING", "PENDING_REDRIVE")
# Step Functions' bounds of SendTaskFailure, in characters.
MAX_ERROR = 256
MAX_CAUSE = 32_768


class StepFunctionsWorkflow:
    def __init__(self, settings: Settings) -> None:
        self._machine = settings.state_machine_arn
        self._client = LazyClient("stepfunctions", settings)

    def start(self, name: str, payload: Mapping[str, Any]) -> str:
        if not self._machine:
            raise ConfigurationError("No state machine is configured.", hint="Set CLOUD_STATE_MACHINE_ARN.")
        client, document = self._client(), json.dumps(dict(payload), separators=(",", ":"), sort_keys=True)
        with translated(f"start the execution {name}"):
            try:
                answer = client.start_execution(stateMachineArn=self._machine, name=name, input=document)
            except client.exceptions.ClientError as error:
                if error_code(error) != "ExecutionAlreadyExists":
                    raise
            else:
                return str(answer["executionArn"])
        return self._require_same_input(name, payload)

    def _require_same_input(self, name: str, payload: Mapping[str, Any]) -> str:
        """The execution that has the name. AWS is idempotent only while it runs, and refuses the name when it has ended."""
        arn = f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"
        if json.loads(str(self._describe(arn)["input"])) != json.loads(json.dumps(dict(payload))):
            raise AlreadyExists(f"The execution {name} exists already, with another input.", execution_arn=arn)
        return arn

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        document = json.dumps(dict(output), separators=(",", ":"))
        self._send("complete a task", "send_task_success", taskToken=token, output=document)

    def fail(self, token: str, error: str, cause: str) -> None:
        self._send(
            "fail a task", "send_task_failure", taskToken=token, error=error[:MAX_ERROR], cause=cause[:MAX_CAUSE]
        )

    def is_running(self, execution_arn: str) -> bool:
        return self._describe(execution_arn)["status"] in _RUNNING

    def _send(self, action: str, operation: str, **arguments: str) -> None:
        client = self._client()
        with translated(action):
            try:
                getattr(client, operation)(**arguments)
            except client.exceptions.ClientError as error:
                if error_code(error) not in _TOKEN_IS_GONE:
                    raise

    def _describe(self, execution_arn: str) -> Mapping[str, Any]:
        def missing() -> CloudError:
            return NotFound(f"There is no execution {execution_arn}.", execution_arn=execution_arn)

        codes = {"ExecutionDoesNotExist": missing, "InvalidArn": missing}
        with translated("describe an execution", codes):
            answer: dict[str, Any] = self._client().describe_execution(executionArn=execution_arn)
        return answer
