"""Deploys and destroys, run by the real interpreter to their end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud.domain import quotas
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine-operations")

CHAIN = {"network": [], "database": ["network"], "app": ["database"]}
DIAMOND = {"network": [], "left": ["network"], "right": ["network"], "app": ["left", "right"]}


def test_a_deploy_runs_every_stack_after_what_it_needs(cloud: Control) -> None:
    deployment = cloud.deployment(DIAMOND)
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "succeeded")
    assert cloud.stacks(deployment) == dict.fromkeys(DIAMOND, "deployed")
    assert cloud.environment(deployment) == "deployed"
    order = cloud.ran(deployment, operation["id"])
    for stack, needs in DIAMOND.items():
        for other in needs:
            assert order.index((other, "deployed")) < order.index((stack, "deploying"))


def test_the_outputs_of_a_stack_reach_the_configuration_of_the_next(cloud: Control) -> None:
    graph: dict[str, list[str]] = {"network": [], "app": []}
    scripts = {"network": {"outputs": {"vpc": {"id": "vpc-7", "zones": ["a", "b"]}}}}
    config = {"app": {"script": {"outputs": {"seen": "{{stack.network.vpc.id}} of {{env.name}}"}}}}
    deployment = cloud.deployment(graph, scripts=scripts, config=config)
    operation = cloud.run(deployment)
    assert operation["state"] == "succeeded"
    assert cloud.client.stack_outputs(deployment, "dev", "app") == {"seen": "vpc-7 of dev"}


def test_a_second_deploy_without_changes_is_completed_and_says_so(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    cloud.run(deployment)
    again = cloud.run(deployment)
    cloud.assert_ended(deployment, again, "completed")
    assert cloud.stacks(deployment) == dict.fromkeys(CHAIN, "unchanged")
    assert cloud.stack(deployment, "app")["reason"] == "nothing that it depends on has changed"


def test_a_destroy_goes_in_reverse_and_leaves_nothing(cloud: Control) -> None:
    deployment = cloud.deployment(DIAMOND)
    cloud.run(deployment)
    operation = cloud.run(deployment, "destroy")
    cloud.assert_ended(deployment, operation, "succeeded")
    assert cloud.stacks(deployment) == dict.fromkeys(DIAMOND, "destroyed")
    assert cloud.environment(deployment) == "destroyed"
    order = cloud.ran(deployment, operation["id"])
    for stack, needs in DIAMOND.items():
        for other in needs:
            assert order.index((stack, "destroyed")) < order.index((other, "destroying"))
    assert json.loads(cloud.stack(deployment, "app")["outputs"]) == {}


def test_a_destroy_with_nothing_left_ends_well(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    cloud.run(deployment)
    cloud.run(deployment, "destroy")
    again = cloud.run(deployment, "destroy")
    cloud.assert_ended(deployment, again, "completed")


def test_a_stack_that_the_manifest_lost_is_destroyed_before_what_it_needed(cloud: Control) -> None:
    deployment = cloud.deployment({"network": [], "lost": ["network"], "app": ["lost"]})
    cloud.run(deployment)
    cloud.put(deployment, {"network": [], "app": ["network"]})
    operation = cloud.run(deployment, "destroy")
    cloud.assert_ended(deployment, operation, "succeeded")
    ended = [stack for stack, status in cloud.ran(deployment, operation["id"]) if status == "destroyed"]
    assert ended == ["app", "lost", "network"]


def test_on_failure_stop_skips_what_has_not_started_and_names_the_blocker(cloud: Control) -> None:
    graph = {"bad": [], "after": ["bad"], "zz": [], "zz-next": ["zz"]}
    scripts = {"bad": {"error": "program-failed", "message": "no such image"}}
    deployment = cloud.deployment(graph, scripts=scripts, policy={"on_failure": "stop", "max_parallel": 1})
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {"bad": "failed", "after": "skipped", "zz": "skipped", "zz-next": "skipped"}
    for name in ("after", "zz", "zz-next"):
        assert cloud.stack(deployment, name)["blocked_by"] == "bad"
    error = json.loads(cloud.stack(deployment, "bad")["error"])
    assert (error["code"], error["message"]) == ("program-failed", "no such image")
    assert cloud.environment(deployment) == "failed"
    assert cloud.describe(operation["id"])["status"] == "FAILED"
    assert cloud.events(deployment, operation["id"])[-1]["failed"] == "bad"


def test_on_failure_continue_finishes_the_independent_stacks(cloud: Control) -> None:
    graph = {"bad": [], "after": ["bad"], "later": ["after"], "free": [], "free-next": ["free"]}
    scripts = {"bad": {"error": "program-failed", "fail_after": 1, "resources": 2}}
    deployment = cloud.deployment(graph, scripts=scripts, policy={"on_failure": "continue"})
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {
        "bad": "failed",
        "after": "skipped",
        "later": "skipped",
        "free": "deployed",
        "free-next": "deployed",
    }
    assert {cloud.stack(deployment, name)["blocked_by"] for name in ("after", "later")} == {"bad"}


def test_what_a_failed_run_has_left_is_destroyed_too(cloud: Control) -> None:
    scripts = {"bad": {"error": "program-failed", "fail_after": 1, "resources": 2}}
    deployment = cloud.deployment({"bad": []}, scripts=scripts)
    assert cloud.run(deployment)["state"] == "failed"
    operation = cloud.run(deployment, "destroy")
    # The script fails again as long as it says so: what counts is that the stack was in the plan.
    assert [stack["stack"] for layer in operation["plan"]["layers"] for stack in layer] == ["bad"]


def test_strict_layers_waits_for_the_whole_layer(cloud: Control) -> None:
    graph = {"aa": [], "zz": [], "next": ["aa"]}
    deployment = cloud.deployment(graph, policy={"strict_layers": True})
    with cloud.held("run_stack", "zz") as hold:
        operation = cloud.start(deployment)
        hold.wait()
        cloud.poll(lambda: cloud.stacks(deployment).get("aa") == "deployed")
        assert "next" not in cloud.stacks(deployment)
    cloud.wait(operation["id"])
    order = cloud.ran(deployment, operation["id"])
    assert order.index(("zz", "deployed")) < order.index(("next", "deploying"))
    cloud.assert_ended(deployment, operation, "succeeded")


def test_without_strict_layers_a_stack_starts_when_its_own_dependencies_are_done(cloud: Control) -> None:
    deployment = cloud.deployment({"aa": [], "zz": [], "next": ["aa"]})
    with cloud.held("run_stack", "zz") as hold:
        operation = cloud.start(deployment)
        hold.wait()
        cloud.poll(lambda: cloud.stacks(deployment).get("next") == "deployed")
        assert cloud.stacks(deployment)["zz"] == "deploying"
    cloud.wait(operation["id"])
    cloud.assert_ended(deployment, operation, "succeeded")


def test_never_more_than_max_parallel_run_at_once(cloud: Control) -> None:
    graph: dict[str, list[str]] = {f"s{number}": [] for number in range(6)}
    deployment = cloud.deployment(graph)
    operation = cloud.run(deployment, max_parallel=2)
    cloud.assert_ended(deployment, operation, "succeeded")
    running = peak = 0
    for _, status in cloud.ran(deployment, operation["id"]):
        running += 1 if status == "deploying" else -1
        peak = max(peak, running)
    assert peak == 2


def test_a_selection_takes_what_it_needs_and_leaves_the_rest(cloud: Control) -> None:
    deployment = cloud.deployment(DIAMOND)
    operation = cloud.run(deployment, stacks=["left"])
    cloud.assert_ended(deployment, operation, "completed")
    assert cloud.stacks(deployment) == {"network": "deployed", "left": "deployed"}


def test_a_selection_of_an_unknown_stack_fails_before_anything_runs(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    operation = cloud.run(deployment, stacks=["netwrk"])
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {}
    assert "netwrk" in operation["error"]["message"]
    assert cloud.environment(deployment) == "initialized"


def test_an_unresolved_placeholder_fails_its_stack_with_the_reason(cloud: Control) -> None:
    config = {"app": {"vpc": "{{stack.network.vpcId}}", "zone": "{{ssm./nowhere}}"}}
    deployment = cloud.deployment({"network": [], "app": []}, config=config)
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {"network": "deployed", "app": "failed"}
    error = json.loads(cloud.stack(deployment, "app")["error"])
    assert [problem["path"] for problem in error["problems"]] == ["vpc", "zone"]
    assert "it has: id" in error["problems"][0]["message"]


def test_outputs_larger_than_a_payload_of_the_state_machine_pass(cloud: Control) -> None:
    many = {f"output{number}": "x" * 1000 for number in range(200)}
    deployment = cloud.deployment({"big": []}, scripts={"big": {"outputs": many}})
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "succeeded")
    assert cloud.client.stack_outputs(deployment, "dev", "big") == many


def test_outputs_that_no_row_holds_fail_their_stack_and_not_the_platform(cloud: Control) -> None:
    many = {f"output{number}": "x" * 1000 for number in range(300)}
    deployment = cloud.deployment({"huge": [], "next": ["huge"]}, scripts={"huge": {"outputs": many}})
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {"huge": "failed", "next": "skipped"}
    assert "outputs of huge" in cloud.stack(deployment, "huge")["reason"]


def test_secrets_are_in_no_row_record_event_or_log(cloud: Control) -> None:
    hidden, set_by_option = "correct horse", "battery staple"
    config = {"app": {"password": {"secret": hidden}}}
    scripts = {"app": {"log": [f"the password is {hidden}, the other {set_by_option}"]}}
    deployment = cloud.deployment({"app": []}, scripts=scripts, config=config)
    # The script itself holds the texts; what is looked at is all that the platform makes of them.
    operation = cloud.run(deployment, settings={"script": {"resources": 1}, "token": {"secret": set_by_option}})
    cloud.assert_ended(deployment, operation, "succeeded")
    assert operation["options"]["settings"]["token"] == "[secret]"
    stored = [
        *cloud.rows("deployments", deployment, ""),
        *cloud.rows("stacks", deployment, ""),
        *cloud.rows("logs", deployment, ""),
    ]
    s3 = cloud.local.aws.client("s3")
    for item in s3.list_objects_v2(Bucket="cloud-artifacts", Prefix=f"history/{deployment}/")["Contents"]:
        body = s3.get_object(Bucket="cloud-artifacts", Key=item["Key"])["Body"].read().decode()
        if item["Key"].endswith("/config.json"):
            given = json.loads(body)["app"]
            assert given.pop("script"), "a value in plain text stays as it was written"
            assert given == {"password": "[secret]", "token": "[secret]"}
            body = json.dumps(given)
        stored.append({"body": body})
    text = json.dumps(stored)
    assert set_by_option not in text
    assert hidden not in text


def test_the_map_ends_with_empty_objects_and_the_names_are_the_operations(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    operation = cloud.run(deployment)
    execution = cloud.describe(operation["id"])
    assert execution["name"] == operation["id"]
    assert operation["execution_arn"] == execution["executionArn"]
    assert json.loads(execution["output"]) == {
        "operation_id": operation["id"],
        "state": "succeeded",
        "message": "The deploy succeeded.",
    }
    history = history_of(cloud, operation["id"])
    ended = [event["stateExitedEventDetails"] for event in history if event["type"] == "TaskStateExited"]
    assert {event["output"] for event in ended if event["name"] == "RecordStack"} == {"{}"}


@pytest.mark.parametrize("graph", [{"one": []}, CHAIN, DIAMOND], ids=["one", "chain", "diamond"])
def test_an_execution_has_no_more_events_than_the_planner_counts(cloud: Control, graph: dict[str, list[str]]) -> None:
    deployment = cloud.deployment(graph)
    operation = cloud.run(deployment)
    layers = len(operation["plan"]["layers"])
    counted = quotas.history_events(stacks=len(graph), layers=layers)
    found = len(history_of(cloud, operation["id"]))
    # The planner counts the longest way: an approval, and CodeBuild instead of Lambda.
    longer = quotas.TOKEN_TASK_EVENTS + (quotas.TOKEN_TASK_EVENTS - quotas.TASK_EVENTS) * len(graph)
    assert found <= counted
    assert found >= counted - longer


def history_of(cloud: Control, execution: str) -> list[dict[str, Any]]:
    pages = cloud.local.aws.client("stepfunctions").get_paginator("get_execution_history")
    return [event for page in pages.paginate(executionArn=cloud.arn(execution)) for event in page["events"]]
