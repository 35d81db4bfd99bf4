"""How an operation begins and ends otherwise: started twice, by others, queued, cancelled, stopped, approved, rejected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud.domain.errors import AuthError, StateError
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine-starts-and-ends")

CHAIN = {"network": [], "app": ["network"]}
APPROVAL = {"approval": "required"}


def operations_of(cloud: Control, deployment: str) -> list[str]:
    return [row["operation_id"] for row in cloud.rows("deployments", deployment, "OPERATION#")]


def start_directly(cloud: Control, name: str, **payload: str) -> dict[str, Any]:
    """StartExecution, as a person in the console does it; gives the execution's output."""
    cloud.local.aws.client("stepfunctions").start_execution(
        stateMachineArn=cloud.local.state_machine_arn, name=name, input=json.dumps(payload)
    )
    assert cloud.wait(name) == "SUCCEEDED"
    output: dict[str, Any] = json.loads(cloud.describe(name)["output"])
    return output


def test_an_execution_started_in_the_console_is_an_operation(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    output = start_directly(cloud, f"by-hand-{deployment}", deployment_id=deployment, environment="dev")
    assert operations_of(cloud, deployment) == [output["operation_id"]]
    operation = cloud.client.operation(deployment, output["operation_id"])
    assert (operation["state"], operation["requester"]) == ("succeeded", "console")
    cloud.assert_ended(deployment, operation, "succeeded")
    output = start_directly(
        cloud, f"away-{deployment}", deployment_id=deployment, environment="dev", operation="destroy"
    )
    assert cloud.stacks(deployment) == dict.fromkeys(CHAIN, "destroyed")


def test_a_second_execution_for_an_operation_ends_at_once_with_its_id(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    operation = cloud.run(deployment)
    output = start_directly(cloud, f"again-{operation['id']}", deployment_id=deployment, operation_id=operation["id"])
    assert (output["duplicate"], output["operation_id"]) == (True, operation["id"])
    assert operations_of(cloud, deployment) == [operation["id"]]


def test_an_event_that_is_delivered_twice_makes_one_run(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    payload = {"event_id": f"event-{deployment}", "deployment_id": deployment, "environment": "dev"}
    first = start_directly(cloud, f"first-{deployment}", **payload, operation="deploy")
    second = start_directly(cloud, f"second-{deployment}", **payload, operation="deploy")
    assert operations_of(cloud, deployment) == [first["operation_id"]]
    assert second == {
        "deployment_id": deployment,
        "environment": "dev",
        "operation_id": first["operation_id"],
        "duplicate": True,
    }


def test_an_event_on_the_bus_starts_a_deploy(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    detail = {"deployment_id": deployment, "environment": "dev", "operation": "deploy"}
    entry = {
        "EventBusName": "cloud-events",
        "Source": "test",
        "DetailType": "cloud.deploy.requested",
        "Detail": json.dumps(detail),
    }
    answer = cloud.local.aws.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0
    cloud.poll(lambda: cloud.stacks(deployment) == dict.fromkeys(CHAIN, "deployed"))
    (operation_id,) = operations_of(cloud, deployment)
    assert cloud.client.operation(deployment, operation_id)["requester"] == "eventbridge"
    cloud.poll(lambda: cloud.is_free(deployment))


@pytest.mark.parametrize(
    "payload",
    [{}, {"deployment_id": "D000000", "environment": "dev"}, {"deployment_id": "", "operation": "deploy"}],
)
def test_a_bad_start_fails_and_writes_nothing(cloud: Control, payload: dict[str, str]) -> None:
    client = cloud.local.aws.client("stepfunctions")
    name = f"bad-{abs(hash(json.dumps(payload)))}"
    client.start_execution(stateMachineArn=cloud.local.state_machine_arn, name=name, input=json.dumps(payload))
    assert cloud.wait(name) == "FAILED"
    assert cloud.describe(name)["error"] in ("ConfigurationError", "NotFound")
    assert cloud.rows("deployments", payload.get("deployment_id") or "D000000", "") == []


def test_the_same_idempotency_key_is_the_same_operation(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    first = cloud.client.deploy(deployment, {"environment": "dev"}, idempotency_key="k1")
    again = cloud.client.deploy(deployment, {"environment": "dev"}, idempotency_key="k1")
    assert again["id"] == first["id"]
    cloud.wait(first["id"])  # before its end there may be nothing to destroy yet, which is refused first
    with pytest.raises(StateError, match="another request"):
        cloud.client.destroy(deployment, {"environment": "dev"}, idempotency_key="k1")
    assert operations_of(cloud, deployment) == [first["id"]]


def test_a_second_operation_queues_and_runs_after_the_first(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = cloud.start(deployment, "destroy")
        queued = cloud.poll(
            lambda: [e for e in cloud.events(deployment, second["id"]) if e.get("waiting_for") == first["id"]]
        )
        assert queued[0]["held_by"] == "ann@example.com"
        assert queued[0]["position"] == 1
        status = cloud.client.status(deployment)["environments"][0]
        assert (status["held_by"], status["queue"]) == (first["id"], [second["id"]])
    cloud.wait(first["id"])
    cloud.wait(second["id"])
    cloud.assert_ended(deployment, first, "succeeded")
    cloud.assert_ended(deployment, second, "succeeded")
    assert cloud.stacks(deployment) == dict.fromkeys(CHAIN, "destroyed")


def test_cancelling_a_running_operation_interrupts_the_run_and_starts_nothing_new(cloud: Control) -> None:
    graph = {"network": [], "app": ["network"], "other": []}
    deployment = cloud.deployment(graph, scripts={"network": {"seconds": 600}})
    operation = cloud.start(deployment, max_parallel=1)
    cloud.poll(lambda: cloud.stacks(deployment).get("network") == "deploying")
    cloud.client.cancel(deployment, environment="dev")
    cloud.wait(operation["id"])
    cloud.assert_ended(deployment, operation, "cancelled")
    assert {status for name, status in cloud.stacks(deployment).items() if name != "other"} == {"cancelled"}
    assert cloud.environment(deployment) == "cancelled"
    assert cloud.client.cancel(deployment, operation_id=operation["id"])["state"] == "cancelled"


def test_cancelling_a_queued_operation_gives_up_its_place(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = cloud.start(deployment)
        cloud.poll(lambda: [e for e in cloud.events(deployment, second["id"]) if e.get("waiting_for")])
        cloud.client.cancel(deployment, operation_id=second["id"])
        cloud.wait(second["id"])
        assert cloud.client.operation(deployment, second["id"])["state"] == "cancelled"
        assert cloud.environment(deployment) == "deploying"
    cloud.wait(first["id"])
    cloud.assert_ended(deployment, first, "succeeded")
    cloud.assert_ended(deployment, second, "cancelled")


def test_an_operation_that_is_refused_leaves_the_environment_to_who_holds_it(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        refused = cloud.run(deployment, only=["nowhere"])
        assert refused["state"] == "failed"
        assert cloud.environment(deployment) == "deploying"
        status = cloud.client.status(deployment)["environments"][0]
        assert (status["held_by"], status["operation"]["id"]) == (first["id"], first["id"])
    cloud.wait(first["id"])
    cloud.assert_ended(deployment, first, "succeeded")


def test_an_execution_that_is_stopped_by_hand_does_not_lock_the_environment(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        stopped = cloud.start(deployment)
        hold.wait()
        cloud.local.aws.client("stepfunctions").stop_execution(executionArn=cloud.arn(stopped["id"]))
        assert cloud.wait(stopped["id"]) == "ABORTED"
        # Whoever comes first ends it: this cancel, or the reconciler, whom Step Functions told.
        cloud.client.cancel(deployment, operation_id=stopped["id"])
        cloud.poll(lambda: cloud.operation_row(deployment, stopped["id"])["settled"])
        cloud.assert_ended(deployment, stopped, "error")
        assert cloud.stacks(deployment) == {"network": "failed", "app": "cancelled"}
    assert cloud.run(deployment)["state"] == "succeeded"


def test_the_next_operation_takes_over_from_one_that_was_stopped(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        stopped = cloud.start(deployment)
        hold.wait()
        cloud.local.aws.client("stepfunctions").stop_execution(executionArn=cloud.arn(stopped["id"]))
        cloud.wait(stopped["id"])
    operation = cloud.run(deployment)
    cloud.assert_ended(deployment, operation, "succeeded")
    cloud.poll(lambda: cloud.operation_row(deployment, stopped["id"])["settled"])
    cloud.assert_ended(deployment, stopped, "error")


def test_an_approved_operation_runs_and_its_requester_is_not_who_approves(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN, environment=APPROVAL)
    operation = cloud.start(deployment)
    cloud.poll(lambda: cloud.environment(deployment) == "awaiting_approval")
    asked = cloud.poll(
        lambda: [e for e in cloud.events(deployment, operation["id"]) if e["type"] == "approval.requested"]
    )
    assert asked[0]["requester"] == "ann@example.com"
    with pytest.raises(AuthError):
        cloud.client.approve(deployment, operation["id"])
    with cloud.client_of("bob@example.com") as bob:
        bob.approve(deployment, operation["id"])
        cloud.wait(operation["id"])
        cloud.assert_ended(deployment, operation, "succeeded")
        with pytest.raises(StateError):
            bob.reject(deployment, operation["id"])
    told = [e.get("approved_by") for e in cloud.events(deployment, operation["id"]) if "approved_by" in e]
    assert told == ["bob@example.com"]


def test_a_rejected_operation_is_cancelled_and_changes_nothing(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN, environment=APPROVAL)
    operation = cloud.start(deployment)
    cloud.poll(lambda: cloud.environment(deployment) == "awaiting_approval")
    cloud.poll(lambda: [e for e in cloud.events(deployment, operation["id"]) if e["type"] == "approval.requested"])
    with cloud.client_of("bob@example.com") as bob:
        bob.reject(deployment, operation["id"])
    cloud.wait(operation["id"])
    cloud.assert_ended(deployment, operation, "cancelled")
    assert cloud.client.operation(deployment, operation["id"])["error"]["message"] == "Rejected by bob@example.com."
    assert cloud.stacks(deployment) == {}
    assert cloud.environment(deployment) == "cancelled"


def test_an_operation_that_waits_for_approval_can_be_cancelled(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN, environment=APPROVAL)
    operation = cloud.start(deployment)
    cloud.poll(lambda: cloud.environment(deployment) == "awaiting_approval")
    cloud.poll(lambda: [e for e in cloud.events(deployment, operation["id"]) if e["type"] == "approval.requested"])
    cloud.client.cancel(deployment, operation_id=operation["id"])
    cloud.wait(operation["id"])
    cloud.assert_ended(deployment, operation, "cancelled")
