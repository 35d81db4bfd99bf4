from __future__ import annotations

import json
from typing import Any

import pytest

from cloud_local.aws.events import EventRouter, EventRule, FunctionTarget, StateMachineTarget
from cloud_local.aws.lambda_runtime import FunctionRegistry, LambdaFunction
from cloud_local.aws.server import EmulatedAws
from tests.unit.local.aws.conftest import Machines
from tests.unit.local.aws.definitions import poll

EVENT = {
    "version": "0",
    "id": "6f9e",
    "detail-type": "cloud.deploy.requested",
    "source": "cloud",
    "detail": {"deployment_id": "D1BRV40", "count": 3},
}


class Started:
    """Records what would be started."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []

    def __call__(self, arn: str, name: str, execution_input: str) -> None:
        self.calls.append((arn, name, json.loads(execution_input)))


def router(started: Started, *rules: EventRule) -> EventRouter:
    functions = FunctionRegistry("123456789012", "us-east-1", async_retry_delays=())
    routing = EventRouter(functions, started, account_id="123456789012", region="us-east-1")
    routing.add(rules)
    return routing


def rule(**more: Any) -> EventRule:
    return EventRule("deploy", {"detail-type": ["cloud.deploy.requested"]}, StateMachineTarget("arn:machine"), **more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, EVENT),
        ({"input": {"a": 1}}, {"a": 1}),
        ({"input_path": "$.detail"}, EVENT["detail"]),
        (
            {"input_paths": {"id": "$.id", "deployment_id": "$.detail.deployment_id", "none": "$.detail.x.y"}},
            {"id": "6f9e", "deployment_id": "D1BRV40", "none": None},
        ),
        (
            {
                "input_paths": {"d": "$.detail.deployment_id", "n": "$.detail.count"},
                "input_template": '{"x": <d>, "n": <n>}',
            },
            {"x": "D1BRV40", "n": 3},
        ),
        (
            {"input_paths": {"d": "$.detail.deployment_id"}, "input_template": '{"text": "deploy <d> now"}'},
            {"text": "deploy D1BRV40 now"},
        ),
        ({"input_paths": {"d": "$.id"}, "input_template": "plain <d>"}, 'plain "6f9e"'),
    ],
)
def test_the_target_gets_what_the_rule_makes_of_the_event(given: dict[str, Any], expected: Any) -> None:
    started = Started()

    assert router(started, rule(**given)).publish("default", EVENT) == 1
    assert started.calls == [("arn:machine", "6f9e_deploy", expected)]


def test_an_event_reaches_only_the_rules_of_its_bus_that_match() -> None:
    started = Started()
    other = EventRule("other", {"source": ["elsewhere"]}, StateMachineTarget("arn:other"))
    routing = router(started, rule(bus="custom"), other)

    assert routing.publish("default", EVENT) == 0
    assert routing.publish("custom", EVENT) == 1
    assert routing.delivered == {"deploy": 1}


@pytest.mark.parametrize("path", ["detail", "$.detail[0]", "$..x"])
def test_a_path_that_is_not_supported_is_an_error_that_names_the_rule(path: str) -> None:
    with pytest.raises(ValueError, match="Rule deploy: the path"):
        router(Started(), rule(input_path=path))


def test_a_pattern_that_is_not_supported_is_an_error_that_names_the_rule() -> None:
    broken = EventRule("broken", {"source": [{"wildcard": "*"}]}, FunctionTarget("f"))

    with pytest.raises(ValueError, match=r"Rule broken: .*wildcard"):
        router(Started(), broken)


def test_a_target_that_does_not_exist_is_logged_and_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    routing = router(Started(), EventRule("lost", {"source": ["cloud"]}, FunctionTarget("nobody")))
    routing.publish("default", EVENT)

    assert "Rule lost could not deliver event 6f9e" in caplog.text
    assert routing.delivered == {}


def put(aws: EmulatedAws, **entry: Any) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client("events").put_events(Entries=[{"Source": "cloud", **entry}])
    return answer


def test_an_event_that_was_put_reaches_the_function_in_eventbridges_envelope(aws: EmulatedAws) -> None:
    seen: list[dict[str, Any]] = []
    aws.functions.register([LambdaFunction("listen", lambda event, _: seen.append(event))])
    aws.add_rules([EventRule("listen", {"detail-type": ["heard"]}, FunctionTarget("listen"))])
    answer = put(aws, DetailType="heard", Detail='{"a": 1}', Resources=["arn:x"])
    put(aws, DetailType="not heard", Detail="{}")
    put(aws, DetailType="heard", Detail="{malformed")

    assert aws.wait_until_delivered()
    assert [event.pop("time")[-1] for event in seen] == ["Z"]
    assert seen == [
        {
            "version": "0",
            "id": answer["Entries"][0]["EventId"],
            "detail-type": "heard",
            "source": "cloud",
            "account": "123456789012",
            "region": "us-east-1",
            "resources": ["arn:x"],
            "detail": {"a": 1},
        }
    ]


def test_a_rule_on_a_custom_bus_starts_a_state_machine_once_per_event(aws: EmulatedAws, machines: Machines) -> None:
    states = aws.client("stepfunctions")
    first = machines.start("from-event", {"Done": {"Type": "Pass", "End": True}})
    machine = states.describe_execution(executionArn=first)["stateMachineArn"]
    aws.client("events").create_event_bus(Name="cloud-events")
    starting = EventRule(
        "start",
        {"detail-type": ["cloud.deploy.requested"]},
        StateMachineTarget(machine),
        bus="cloud-events",
        input_paths={"event_id": "$.id", "deployment_id": "$.detail.deployment_id"},
    )
    aws.add_rules([starting])
    detail = json.dumps(EVENT["detail"])
    answer = put(aws, DetailType="cloud.deploy.requested", Detail=detail, EventBusName="cloud-events")
    event_id = answer["Entries"][0]["EventId"]
    started = next(
        each
        for each in states.list_executions(stateMachineArn=machine)["executions"]
        if each["name"] == f"{event_id}_start"
    )

    assert machines.end_of(started["executionArn"])["output"] == {"event_id": event_id, "deployment_id": "D1BRV40"}
    # The same event again, as EventBridge may deliver it: the name is taken, nothing starts.
    assert aws.events.publish("cloud-events", {**EVENT, "id": event_id}) == 1
    assert len(states.list_executions(stateMachineArn=machine)["executions"]) == 2


def test_the_end_of_an_execution_is_an_event_of_the_default_bus(aws: EmulatedAws, machines: Machines) -> None:
    seen: list[dict[str, Any]] = []
    aws.functions.register([LambdaFunction("on-end", lambda event, _: seen.append(event))])
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED", "ABORTED", "SUCCEEDED"]}}
    aws.add_rules([EventRule("on-end", pattern, FunctionTarget("on-end"))])
    good = machines.start("tells-good", {"Done": {"Type": "Pass", "End": True}}, {"a": 1})
    bad = machines.start("tells-bad", {"Bad": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}})
    long = machines.start("tells-long", {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}})
    for execution in (good, bad):
        machines.end_of(execution)
    for _ in range(2):  # stopping again is no change
        aws.client("stepfunctions").stop_execution(executionArn=long, error="Stopped", cause="by a test")
    poll(lambda: len(seen) == 3 or None)

    assert aws.wait_until_delivered()
    told = {event["detail"]["name"]: event for event in seen}
    assert len(seen) == len(told) == 3
    event = told["tells-good"]
    assert (event["detail-type"], event["source"]) == ("Step Functions Execution Status Change", "aws.states")
    assert event["resources"] == [event["detail"]["executionArn"]] == [good]
    detail = event["detail"]
    assert (detail["status"], json.loads(detail["input"]), json.loads(detail["output"])) == (
        "SUCCEEDED",
        {"a": 1},
        {"a": 1},
    )
    assert detail["stateMachineArn"].endswith(":stateMachine:tells-good")
    assert detail["stopDate"] >= detail["startDate"] > 1_600_000_000_000
    assert (told["tells-bad"]["detail"]["status"], told["tells-bad"]["detail"]["output"]) == ("FAILED", None)
    stopped = told["tells-long"]["detail"]
    assert (stopped["status"], stopped["error"], stopped["cause"]) == ("ABORTED", "Stopped", "by a test")
