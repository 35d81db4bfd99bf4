"""State machines on the emulated AWS, as far as the control plane's own depends on it."""

from __future__ import annotations

import json
import queue
from typing import Any

import pytest

from cloud_local.aws.faults import throttled
from cloud_local.aws.lambda_runtime import LambdaFunction
from cloud_local.aws.server import EmulatedAws
from tests.unit.local.aws.conftest import Builds, Machines
from tests.unit.local.aws.definitions import INVOKE, callback, poll, task


class LockHeld(Exception):
    pass


class Tokens:
    """Hands out the tokens that state machines gave to the function ``take_token``, by key."""

    def __init__(self) -> None:
        self._queues: dict[str, queue.Queue[str]] = {}

    def handler(self, event: dict[str, Any], _: Any) -> dict[str, Any]:
        self._queue(event["key"]).put(event["token"])
        return {}

    def take(self, key: str) -> str:
        return self._queue(key).get(timeout=15)

    def _queue(self, key: str) -> queue.Queue[str]:
        return self._queues.setdefault(key, queue.Queue())


@pytest.fixture(scope="module")
def tokens(aws: EmulatedAws) -> Tokens:
    tokens = Tokens()
    aws.functions.register(
        [LambdaFunction("take_token", tokens.handler), LambdaFunction("echo", lambda event, _: event)]
    )
    return tokens


def test_an_error_is_caught_by_the_name_of_its_class(aws: EmulatedAws, machines: Machines) -> None:
    def refuse(_: Any, __: Any) -> None:
        raise LockHeld("held by somebody")

    aws.functions.register([LambdaFunction("refuse", refuse)])
    catch = [{"ErrorEquals": ["LockHeld"], "ResultPath": "$.error", "Next": "Caught"}]
    ended = machines.run(
        "catch", {"Refuse": task("refuse", Catch=catch), "Caught": {"Type": "Pass", "End": True}}, {"kept": 1}
    )

    assert ended["output"]["kept"] == 1
    assert ended["output"]["error"]["Error"] == "LockHeld"
    assert json.loads(ended["output"]["error"]["Cause"])["errorMessage"] == "held by somebody"


def test_throttling_is_retried_as_the_definition_says(aws: EmulatedAws, machines: Machines) -> None:
    refusals = iter([throttled()])
    calls: list[Any] = []

    def throttle_once(function: str, _: Any) -> None:
        if function == "throttled" and (refusal := next(refusals, None)):
            raise refusal

    aws.functions.register([LambdaFunction("throttled", lambda event, _: calls.append(event))])
    aws.functions.interceptors.append(throttle_once)
    retry = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    ended = machines.run("throttled", {"Call": task("throttled", {"a": 1}, Retry=retry)})

    assert (ended["status"], calls) == ("SUCCEEDED", [{"a": 1}])


def test_a_function_that_does_not_exist_fails_the_task_with_lambdas_error(machines: Machines) -> None:
    ended = machines.run("unknown-function", {"Call": task("nobody")})

    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")


def test_a_function_out_of_time_is_an_error_of_the_sandbox(aws: EmulatedAws, machines: Machines) -> None:
    release = queue.Queue[None]()
    aws.functions.register([LambdaFunction("hang", lambda *_: release.get(timeout=15), timeout_seconds=0.05)])
    catch = [{"ErrorEquals": ["Sandbox.Timedout"], "Next": "Caught"}]
    ended = machines.run(
        "hang", {"Hang": task("hang", Catch=catch), "Caught": {"Type": "Pass", "Result": 1, "End": True}}
    )
    release.put(None)

    assert ended["output"] == 1


def test_a_token_resumes_its_task_and_no_other(aws: EmulatedAws, machines: Machines, tokens: Tokens) -> None:
    each = {"StartAt": "Wait", "States": {"Wait": callback("take_token", {"key.$": "$"})}}
    fan_out = {
        "Type": "Map",
        "ItemsPath": "$.keys",
        "MaxConcurrencyPath": "$.width",
        "ItemProcessor": each,
        "End": True,
    }
    execution = machines.start("tokens", {"Each": fan_out}, {"keys": ["t1", "t2"], "width": 2})
    states = aws.client("stepfunctions")
    first, second = tokens.take("t1"), tokens.take("t2")
    states.send_task_success(taskToken=second, output='{"n": 2}')
    states.send_task_success(taskToken=first, output='{"n": 1}')

    assert machines.end_of(execution)["output"] == [{"n": 1}, {"n": 2}]


def test_a_token_is_good_for_one_answer(aws: EmulatedAws, machines: Machines, tokens: Tokens) -> None:
    execution = machines.start(
        "one-answer",
        {"Wait": callback("take_token", {"key": "one"}, Next="Hold"), "Hold": callback("take_token", {"key": "hold"})},
    )
    states = aws.client("stepfunctions")
    token = tokens.take("one")
    states.send_task_success(taskToken=token, output="{}")
    hold = tokens.take("hold")

    with pytest.raises(states.exceptions.TaskTimedOut):
        states.send_task_success(taskToken=token, output="{}")
    with pytest.raises(states.exceptions.TaskTimedOut):
        states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=hold, output="{}")
    machines.end_of(execution)
    with pytest.raises(states.exceptions.TaskTimedOut):
        states.send_task_failure(taskToken=hold)
    with pytest.raises(states.exceptions.InvalidToken):
        states.send_task_success(taskToken="nonsense", output="{}")


def test_a_token_can_be_answered_before_the_function_that_got_it_has_returned(
    aws: EmulatedAws, machines: Machines
) -> None:
    states = aws.client("stepfunctions")
    aws.functions.register(
        [
            LambdaFunction(
                "answer", lambda event, _: states.send_task_success(taskToken=event["token"], output='"now"') and None
            )
        ]
    )

    assert machines.run("at-once", {"Wait": callback("answer", {})})["output"] == "now"


def test_stopping_aborts_waiting_iterations_and_starts_nothing_more(
    aws: EmulatedAws, machines: Machines, tokens: Tokens
) -> None:
    after: list[Any] = []
    aws.functions.register([LambdaFunction("after", lambda event, _: after.append(event))])
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "After"}]
    wait = callback("take_token", {"key": "stopped"}, Catch=catch, Next="After")
    each = {"StartAt": "Wait", "States": {"Wait": wait, "After": task("after")}}
    fan_out = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": each, "End": True}
    execution = machines.start("stopped", {"Each": fan_out}, {"items": [1, 2, 3]})
    waiting = [tokens.take("stopped"), tokens.take("stopped")]
    states = aws.client("stepfunctions")
    states.stop_execution(executionArn=execution, error="Cancelled", cause="by a test")
    ended = states.describe_execution(executionArn=execution)

    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Cancelled", "by a test")
    history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    assert history[-1]["type"] == "ExecutionAborted"
    with pytest.raises(states.exceptions.TaskTimedOut):
        states.send_task_success(taskToken=waiting[0], output="{}")
    states.stop_execution(executionArn=execution)  # again: nothing changes
    assert states.describe_execution(executionArn=execution)["error"] == "Cancelled"
    assert after == []


def test_starting_twice_by_name_is_one_execution(aws: EmulatedAws, machines: Machines, tokens: Tokens) -> None:
    execution = machines.start("twice", {"Wait": callback("take_token", {"key": "twice"})}, {"a": 1})
    states = aws.client("stepfunctions")
    machine = states.describe_execution(executionArn=execution)["stateMachineArn"]

    again = states.start_execution(stateMachineArn=machine, name="twice", input='{"a": 1}')
    assert again["executionArn"] == execution
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="twice", input='{"a": 2}')
    states.send_task_success(taskToken=tokens.take("twice"), output="{}")
    machines.end_of(execution)
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="twice", input='{"a": 1}')


def test_the_history_pages_through_every_event(aws: EmulatedAws, machines: Machines) -> None:
    each = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    execution = machines.start(
        "history",
        {"Each": {"Type": "Map", "ItemProcessor": each, "ItemsPath": "$.items", "End": True}},
        {"items": [0] * 40},
    )
    machines.end_of(execution)
    pages = list(aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution))
    identifiers = [event["id"] for page in pages for event in page["events"]]

    assert len(pages) > 1
    assert identifiers == list(range(1, len(identifiers) + 1))


def test_intrinsic_functions_and_selectors_work_as_the_definitions_use_them(machines: Machines, tokens: Tokens) -> None:
    payload = {"text.$": "States.Format('{}-{}', $.a, $$.Execution.Name)", "list.$": "States.Array($.a, 'x')"}
    call = task(
        "echo", payload, ResultSelector={"text.$": "$.Payload.text", "list.$": "$.Payload.list"}, ResultPath="$.result"
    )

    ended = machines.run("intrinsics", {"Call": call}, {"a": "A"})

    assert ended["output"] == {"a": "A", "result": {"text": "A-intrinsics", "list": ["A", "x"]}}


def build(name: str, project: str = "run-stack", **more: Any) -> dict[str, Any]:
    variables = [{"Name": "NAME", "Value": name, "Type": "PLAINTEXT"}]
    parameters = {"ProjectName": project, "EnvironmentVariablesOverride": variables}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::codebuild:startBuild.sync",
        "Parameters": parameters,
        "End": True,
        **more,
    }


def test_a_build_is_waited_for_and_described(machines: Machines, builds: Builds) -> None:
    execution = machines.start("build", {"Build": build("good")})
    started = builds.next("good")
    assert started.request.project_name == "run-stack"
    started.ended.set()
    ended = machines.end_of(execution)

    assert ended["output"]["Build"]["BuildStatus"] == "SUCCEEDED"
    assert ended["output"]["Build"]["Arn"].startswith("arn:aws:codebuild:us-east-1:123456789012:build/run-stack:")


def test_a_failed_build_fails_its_task_and_can_be_caught(machines: Machines, builds: Builds) -> None:
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]
    execution = machines.start(
        "bad-build", {"Build": build("bad", Catch=catch), "Caught": {"Type": "Pass", "End": True}}
    )
    started = builds.next("bad")
    started.status = "FAILED"
    started.ended.set()
    ended = machines.end_of(execution)

    assert json.loads(ended["output"]["Cause"])["Build"]["BuildStatus"] == "FAILED"


def test_a_build_of_an_unknown_project_fails_at_once(machines: Machines) -> None:
    ended = machines.run("no-project", {"Build": build("none", "unknown")})

    assert (ended["status"], ended["error"]) == ("FAILED", "CodeBuild.ResourceNotFoundException")


def test_builds_of_one_map_do_not_mix(machines: Machines, builds: Builds) -> None:
    one = build("", EnvironmentVariablesOverride=None)
    one["Parameters"] = {
        "ProjectName": "run-stack",
        "EnvironmentVariablesOverride": [{"Name": "NAME", "Value.$": "$", "Type": "PLAINTEXT"}],
    }
    del one["EnvironmentVariablesOverride"]
    one["ResultSelector"] = {"status.$": "$.Build.BuildStatus", "id.$": "$.Build.Id"}
    each = {"StartAt": "Build", "States": {"Build": one}}
    execution = machines.start(
        "many-builds",
        {"Each": {"Type": "Map", "ItemsPath": "$.names", "ItemProcessor": each, "End": True}},
        {"names": ["x", "y"]},
    )
    for name in ("y", "x"):
        builds.next(name).ended.set()
    output = machines.end_of(execution)["output"]

    assert [each["status"] for each in output] == ["SUCCEEDED", "SUCCEEDED"]
    assert len({each["id"] for each in output}) == 2


def test_stopping_an_execution_stops_its_build(aws: EmulatedAws, machines: Machines, builds: Builds) -> None:
    execution = machines.start("stop-build", {"Build": build("stopped")})
    started = builds.next("stopped")
    aws.client("stepfunctions").stop_execution(executionArn=execution)

    assert started.ended.wait(10)
    assert started.status == "STOPPED"


def test_an_iteration_that_times_out_fails_the_map_with_that_error(machines: Machines, tokens: Tokens) -> None:
    each = {"StartAt": "Wait", "States": {"Wait": callback("take_token", {"key": "late"}, TimeoutSeconds=1)}}
    ended = machines.run(
        "late", {"Each": {"Type": "Map", "ItemsPath": "$.i", "ItemProcessor": each, "End": True}}, {"i": [1]}
    )

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")


def test_a_definition_that_is_wrong_is_refused_when_it_is_created(aws: EmulatedAws) -> None:
    states = aws.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": f"{INVOKE}", "Nxt": "B"}}})

    assert states.validate_state_machine_definition(definition=definition)["result"] == "FAIL"
    with pytest.raises(states.exceptions.InvalidDefinition):
        states.create_state_machine(name="wrong", definition=definition, roleArn="arn:aws:iam::123456789012:role/r")


def test_an_execution_is_listed_with_its_dates(aws: EmulatedAws, machines: Machines) -> None:
    execution = machines.start("listed", {"P": {"Type": "Pass", "End": True}})
    machine = machines.end_of(execution)["stateMachineArn"]
    listed = poll(lambda: aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"] or None)

    assert [(each["name"], each["status"]) for each in listed] == [("listed", "SUCCEEDED")]
    assert listed[0]["stopDate"] >= listed[0]["startDate"]
