"""Deliveries that go wrong: throttled, doubled, answered into the void, failing. The end is as if nothing had happened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud_local.aws.faults import Decision, InvokeRefused, LoseResponse, Repeat, Respond, throttled
from infra import topology
from tests.statemachine.conftest import Control, Once

pytestmark = pytest.mark.xdist_group("statemachine-faults")

TASKS = tuple(
    name for name in topology.STATE_MACHINES[0].substitutions.values() if name not in ("run-stack", "request_approval")
)
"""Every Lambda task on the way of a deploy that needs no approval."""
CHAIN = {"network": [], "app": ["network"]}


def throttle(_: str) -> Decision | None:
    raise throttled()


def lose(_: str) -> Decision:
    return LoseResponse()


def repeat(_: str) -> Decision:
    return Repeat(1)


@pytest.mark.parametrize("decide", [throttle, repeat, lose], ids=["throttled", "delivered twice", "answer lost"])
def test_the_first_delivery_of_every_task_may_go_wrong(cloud: Control, decide: Any) -> None:
    fault = Once(decide, functions=TASKS)
    with cloud.interceptor(fault):
        deployment = cloud.deployment(CHAIN)
        operation = cloud.run(deployment)
    assert fault.met == set(TASKS)
    cloud.assert_ended(deployment, operation, "succeeded")
    assert cloud.stacks(deployment) == dict.fromkeys(CHAIN, "deployed")
    assert cloud.environment(deployment) == "deployed"
    results = [stack for stack, status in cloud.ran(deployment, operation["id"]) if status == "deployed"]
    assert sorted(results) == sorted(CHAIN)  # each is told once


def test_a_run_that_never_began_fails_its_stack_and_skips_what_needs_it(cloud: Control) -> None:
    def refuse(_: str) -> Decision | None:
        raise InvokeRefused(500, "ServiceException", "The service is not well.")

    with cloud.interceptor(Once(refuse, functions=("run_stack",))):
        deployment = cloud.deployment(CHAIN)
        operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {"network": "failed", "app": "skipped"}
    assert cloud.run(deployment)["state"] == "succeeded"


def _unhandled(_: str) -> Decision:
    return Respond({"errorType": "KeyError", "errorMessage": "'a defect'"}, "Unhandled")


def _exits(_: str) -> Decision:
    return Respond({"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited"}, "Unhandled")


@pytest.mark.parametrize("task", ["plan_deployment", "acquire_environment", "confirm_plan", "evaluate_outcome"])
def test_a_defect_in_a_task_of_the_operation_ends_it_as_the_platforms_error(cloud: Control, task: str) -> None:
    with cloud.interceptor(Once(_unhandled, functions=(task,))):
        deployment = cloud.deployment(CHAIN)
        operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "error")
    assert "KeyError" in operation["error"]["message"]
    assert operation["error"]["code"] == "internal"
    assert cloud.run(deployment)["state"] in ("succeeded", "completed")


@pytest.mark.parametrize("task", ["await_dependencies", "prepare_stack"])
def test_a_defect_in_a_task_of_a_stack_fails_the_stack(cloud: Control, task: str) -> None:
    def breaks(name: str, event: Any) -> Decision | None:
        if name == f"cloud-{task.replace('_', '-')}" and event["stack"] == "network":
            return _exits(name)
        return None

    with cloud.interceptor(breaks):
        deployment = cloud.deployment(CHAIN)
        operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    assert cloud.stacks(deployment) == {"network": "failed", "app": "skipped"}
    assert json.loads(cloud.stack(deployment, "network")["error"])["code"] == "internal"


@pytest.mark.parametrize("task", ["record_stack", "finish_operation"])
def test_the_last_resort_is_tried_again_after_a_death(cloud: Control, task: str) -> None:
    with cloud.interceptor(Once(_exits, functions=(task,))):
        deployment = cloud.deployment(CHAIN)
        operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "succeeded")


def test_a_program_that_fails_is_told_with_its_own_error(cloud: Control) -> None:
    scripts = {"network": {"error": "pending-operations", "message": "a bucket may be half-made"}}
    deployment = cloud.deployment(CHAIN, scripts=scripts)
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "failed")
    failed = [event for event in cloud.events(deployment, operation["id"]) if event["type"] == "stack.failed"]
    assert [(event["stack"], event["error"]["code"]) for event in failed] == [("network", "pending-operations")]
    skipped = [event for event in cloud.events(deployment, operation["id"]) if event["type"] == "stack.skipped"]
    assert [(event["stack"], event["blocked_by"]) for event in skipped] == [("app", "network")]
