"""The contract of ``Workflow``, in memory and on Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest

from cloud.adapters.memory.workflow import MemoryWorkflow
from cloud.adapters.stepfunctions import StepFunctionsWorkflow
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound
from cloud.ports.workflow import Workflow
from cloud.settings import Settings
from cloud_local.aws.server import EmulatedAws

pytestmark = pytest.mark.xdist_group("workflow")

Fresh = Callable[[str], str]
ROLE = "arn:aws:iam::123456789012:role/state-machine"


class Bench(Protocol):
    """A workflow, and the state machine's side of it. The machine waits for one answer to a task token, then ends."""

    @property
    def workflow(self) -> Workflow: ...

    def token_of(self, execution: str) -> str: ...

    def answer_to(self, execution: str, token: str) -> tuple[Any, str, str]:
        """(output, error, cause) with which the execution ended."""
        ...


@dataclass
class MemoryBench:
    workflow: MemoryWorkflow

    def token_of(self, execution: str) -> str:
        token = f"token-of-{execution}"
        self.workflow.open_task(token)
        return token

    def answer_to(self, execution: str, token: str) -> tuple[Any, str, str]:
        self.workflow.finish(execution)
        answer = self.workflow.answers[token]
        return answer.output, answer.error, answer.cause


@dataclass
class AwsBench:
    workflow: StepFunctionsWorkflow
    aws: EmulatedAws
    queue: str

    def token_of(self, execution: str) -> str:
        answer = self.aws.client("sqs").receive_message(QueueUrl=self.queue, WaitTimeSeconds=10)
        return str(json.loads(answer["Messages"][0]["Body"])["token"])

    def answer_to(self, execution: str, token: str) -> tuple[Any, str, str]:
        states = self.aws.client("stepfunctions")
        while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            pass
        return json.loads(found.get("output", "null")), found.get("error", ""), found.get("cause", "")


def _aws_bench(aws: EmulatedAws, settings: Settings, name: str) -> AwsBench:
    queue = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    definition = {
        "StartAt": "Wait",
        "States": {
            "Wait": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
                "End": True,
            }
        },
    }
    machine = aws.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=ROLE
    )
    workflow = StepFunctionsWorkflow(replace(settings, state_machine_arn=machine["stateMachineArn"]))
    return AwsBench(workflow, aws, queue)


@pytest.fixture(params=["memory", "aws"])
def bench(request: pytest.FixtureRequest, fresh: Fresh) -> Bench:
    if request.param == "memory":
        return MemoryBench(MemoryWorkflow())
    return _aws_bench(request.getfixturevalue("aws"), request.getfixturevalue("settings"), fresh("machine"))


def test_the_same_name_and_input_are_one_execution_whatever_the_order_of_keys(bench: Bench, fresh: Fresh) -> None:
    name = fresh("run")
    first = bench.workflow.start(name, {"a": 1, "b": [1, 2]})
    assert bench.workflow.start(name, {"b": [1, 2], "a": 1}) == first
    assert bench.workflow.is_running(first)


def test_the_same_name_with_another_input_is_refused(bench: Bench, fresh: Fresh) -> None:
    name = fresh("run")
    bench.workflow.start(name, {"a": 1})
    with pytest.raises(AlreadyExists, match=name):
        bench.workflow.start(name, {"a": 2})


def test_an_output_completes_the_task_and_the_name_stays_taken(bench: Bench, fresh: Fresh) -> None:
    name = fresh("run")
    execution = bench.workflow.start(name, {"a": 1})
    token = bench.token_of(execution)
    bench.workflow.succeed(token, {"go": True})
    assert bench.answer_to(execution, token) == ({"go": True}, "", "")
    assert not bench.workflow.is_running(execution)
    assert bench.workflow.start(name, {"a": 1}) == execution
    with pytest.raises(AlreadyExists):
        bench.workflow.start(name, {"a": 2})


def test_an_error_fails_the_task(bench: Bench, fresh: Fresh) -> None:
    execution = bench.workflow.start(fresh("run"), {})
    token = bench.token_of(execution)
    bench.workflow.fail(token, "Cancelled", "somebody asked for it")
    assert bench.answer_to(execution, token) == (None, "Cancelled", "somebody asked for it")


def test_a_token_is_answered_once_and_later_answers_are_no_error(bench: Bench, fresh: Fresh) -> None:
    execution = bench.workflow.start(fresh("run"), {})
    token = bench.token_of(execution)
    bench.workflow.succeed(token, {"first": True})
    bench.workflow.succeed(token, {"first": False})
    bench.workflow.fail(token, "Late", "too late")
    assert bench.answer_to(execution, token)[0] == {"first": True}


def test_a_token_that_never_was_is_no_error(bench: Bench) -> None:
    bench.workflow.succeed("no such token", {})
    bench.workflow.fail("no such token", "error", "cause")


def test_an_execution_that_is_not_there_is_not_found(bench: Bench, fresh: Fresh) -> None:
    execution = bench.workflow.start(fresh("run"), {})
    with pytest.raises(NotFound):
        bench.workflow.is_running(f"{execution}-other")
    with pytest.raises(NotFound):
        bench.workflow.is_running("nonsense")


def test_without_a_state_machine_nothing_is_started() -> None:
    with pytest.raises(ConfigurationError, match="state machine"):
        StepFunctionsWorkflow(Settings()).start("name", {})
