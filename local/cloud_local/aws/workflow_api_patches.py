"""What moto's Step Functions API (not its interpreter) needs; see moto_patches.py for the rules that patches keep."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

_INVALID_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
_PAGE = 100
_MAX_PAGE = 1000


def executions_have_a_name() -> None:
    """StartExecution without a name gives every execution the name None, so that the second is refused as a duplicate.

    Names that AWS refuses are accepted, too.
    """
    from moto.stepfunctions.parser.api import InvalidName
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend as Backend

    original = Backend.start_execution

    def start_execution(self: Any, state_machine_arn: str, name: str | None = None, *rest: Any, **more: Any) -> Any:
        if name is not None and (not 1 <= len(name) <= 80 or _INVALID_NAME.search(name)):
            raise InvalidName(f"Invalid Name: '{name}'")
        return original(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **more)

    Backend.start_execution = start_execution


def errors_have_their_codes() -> None:
    """The errors of moto's interpreter reach the client without a code, so that no ``except client.exceptions.TaskTimedOut``
    ever catches one."""
    from moto.stepfunctions.exceptions import AWSError
    from moto.stepfunctions.parser import api

    errors: list[Any] = [each for each in vars(api).values() if isinstance(each, type) and issubclass(each, AWSError)]
    for error in errors:
        if isinstance(vars(error).get("code"), str):
            error.TYPE = error.code


def failures_keep_their_cause() -> None:
    """moto's SendTaskFailure drops the cause."""
    from moto.core.responses import EmptyResult
    from moto.stepfunctions.responses import StepFunctionResponse

    def send_task_failure(self: Any) -> Any:
        token = self._get_param("taskToken")
        self.stepfunction_backend.send_task_failure(token, self._get_param("error"), self._get_param("cause"))
        return EmptyResult()

    StepFunctionResponse.send_task_failure = send_task_failure


def executions_are_described_whole() -> None:
    """moto leaves stopDate out for TIMED_OUT, where AWS has it for whatever has ended; and an output that is a string comes
    without its quotes, so that it isn't JSON."""
    from moto.stepfunctions.parser.api import ExecutionStatus
    from moto.stepfunctions.responses import StepFunctionResponse

    describe, list_all = StepFunctionResponse.describe_execution, StepFunctionResponse.list_executions

    def describe_execution(self: Any) -> Any:
        answer = describe(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.stop_date is not None:
            answer.result["stopDate"] = execution.stop_date
        if execution.exec_status == ExecutionStatus.SUCCEEDED:
            answer.result["output"] = json.dumps(execution.output, separators=(",", ":"))
        return answer

    def list_executions(self: Any) -> Any:
        answer = list_all(self)
        for item in answer.result["executions"]:
            execution = self.stepfunction_backend.describe_execution(item["executionArn"])
            if execution.stop_date is not None:
                item["stopDate"] = execution.stop_date
        return answer

    StepFunctionResponse.describe_execution = describe_execution
    StepFunctionResponse.list_executions = list_executions


def history_is_paged() -> None:
    """moto ignores maxResults, nextToken and reverseOrder, and copies the whole history for every call: a client that
    forgets to page would only fail in AWS."""
    from moto.core.responses import ActionResult
    from moto.stepfunctions.responses import StepFunctionResponse

    def get_execution_history(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        env = getattr(execution.exec_worker, "env", None)
        events = list(env.event_manager._history_event_list) if env is not None else []
        if self._get_param("reverseOrder"):
            events.reverse()
        start = int(self._get_param("nextToken") or 0)
        end = start + min(int(self._get_param("maxResults") or 0) or _PAGE, _MAX_PAGE)
        page = {"events": [dict(event) for event in events[start:end]]}
        return ActionResult({**page, "nextToken": str(end)} if end < len(events) else page)

    StepFunctionResponse.get_execution_history = get_execution_history


def definitions_can_be_validated() -> None:
    """moto doesn't implement ValidateStateMachineDefinition; its own parser decides here, as for CreateStateMachine."""
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser.api import InvalidDefinition
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend as Backend
    from moto.stepfunctions.responses import StepFunctionResponse

    def validate_state_machine_definition(self: Any) -> Any:
        try:
            Backend._validate_definition(self._get_param("definition"))
        except InvalidDefinition as error:
            diagnostic = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error.message)}
            return ActionResult({"result": "FAIL", "diagnostics": [diagnostic], "truncated": False})
        return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})

    StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition


WORKFLOW_API_PATCHES = (
    executions_have_a_name,
    errors_have_their_codes,
    failures_keep_their_cause,
    executions_are_described_whole,
    history_is_paged,
    definitions_can_be_validated,
)
