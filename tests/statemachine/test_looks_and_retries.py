"""Previews, refreshes, drift scans and retries, run by the real interpreter to their end."""

from __future__ import annotations

import json

import pytest

from cloud.domain.errors import StateError
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine-looks-and-retries")

CHAIN: dict[str, list[str]] = {"network": [], "app": ["network"]}
BROKEN = {"network": {"error": "program-failed", "message": "boom"}}


def test_two_previews_run_beside_a_deploy_and_leave_everything_alone(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        deploy = cloud.start(deployment)
        hold.wait()
        first, second = cloud.start(deployment, "preview"), cloud.start(deployment, "preview")
        waiting = cloud.start(deployment, "refresh")
        hold.released.set()
        for operation in (first, second, deploy, waiting):
            cloud.wait(operation["id"])
    for operation in (first, second):
        found = cloud.client.operation(deployment, operation["id"])
        cloud.assert_ended(deployment, found, "completed")
        assert {stack["stack"] for stack in found["stacks"]} == CHAIN.keys()
    cloud.assert_ended(deployment, deploy, "succeeded")
    cloud.assert_ended(deployment, waiting, "succeeded")
    assert cloud.environment(deployment) == "deployed"


def test_the_preview_of_a_first_deploy_shows_its_steps_and_makes_nothing(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    operation = cloud.run(deployment, "preview")
    cloud.assert_ended(deployment, operation, "completed")
    assert cloud.stacks(deployment) == {}
    assert cloud.environment(deployment) == "initialized"
    app, network = operation["stacks"]
    assert (network["status"], app["status"]) == ("pending", "pending")
    assert network["changes"] == {"create": 1}
    assert network["preview"]["previewable"]
    types = {event["type"] for event in cloud.events(deployment, operation["id"])}
    assert "stack.deployed" not in types


def test_a_preview_that_fails_blocks_what_depends_on_it(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN, scripts=BROKEN)
    operation = cloud.run(deployment, "preview")
    cloud.assert_ended(deployment, operation, "failed")
    app, network = operation["stacks"]
    assert (network["status"], network["error"]["message"]) == ("failed", "boom")
    assert (app["status"], app["blocked_by"]) == ("skipped", "network")
    assert cloud.environment(deployment) == "initialized"


def test_a_preview_is_cancelled_like_everything_else_and_retried_when_it_is_named(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        preview = cloud.start(deployment, "preview")
        hold.wait()
        cloud.client.cancel(deployment, operation_id=preview["id"])
        hold.released.set()
        cloud.wait(preview["id"])
    ended = cloud.client.operation(deployment, preview["id"])
    cloud.assert_ended(deployment, ended, "cancelled")
    assert {stack["status"] for stack in ended["stacks"]} == {"cancelled"}
    assert cloud.stacks(deployment) == {}
    again = cloud.client.retry(deployment, {"operation_id": preview["id"]})
    cloud.wait(again["id"])
    again = cloud.client.operation(deployment, again["id"])
    assert (again["kind"], again["state"], len(again["stacks"])) == ("preview", "completed", 2)


def test_a_drift_scan_yields_to_whoever_holds_the_environment(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    cloud.run(deployment)
    scan = cloud.run(deployment, "drift")
    cloud.assert_ended(deployment, scan, "completed")
    assert {stack["status"] for stack in scan["stacks"]} == {"unchanged"}
    assert cloud.stacks(deployment) == dict.fromkeys(CHAIN, "deployed")
    with cloud.held("run_stack") as hold:
        deploy = cloud.start(deployment, force=True)
        hold.wait()
        scan = cloud.run(deployment, "drift")
        assert (scan["state"], scan["stacks"]) == ("completed", [])
        assert deploy["id"] in scan["plan"]["warnings"][0]
        hold.released.set()
        cloud.wait(deploy["id"])


def test_a_retry_runs_what_failed_with_the_corrected_manifest(cloud: Control) -> None:
    graph: dict[str, list[str]] = {**CHAIN, "dns": []}
    deployment = cloud.deployment(graph, scripts=BROKEN, policy={"on_failure": "continue"})
    failed = cloud.run(deployment)
    assert failed["state"] == "failed"
    cloud.put(deployment, graph, policy={"on_failure": "continue"})
    operation = cloud.client.retry(deployment, {"environment": "dev"}, idempotency_key="again")
    assert cloud.client.retry(deployment, {"environment": "dev"}, idempotency_key="again")["id"] == operation["id"]
    cloud.wait(operation["id"])
    operation = cloud.client.operation(deployment, operation["id"])
    cloud.assert_ended(deployment, operation, "succeeded")
    assert operation["retry_of"] == failed["id"]
    assert {stack for stack, _ in cloud.ran(deployment, operation["id"])} == {"network", "app"}
    assert operation["plan"]["left_out"] == {"dns": f"deployed by operation {failed['id']}"}
    assert cloud.stacks(deployment) == dict.fromkeys(graph, "deployed")
    with pytest.raises(StateError, match="left nothing undone"):
        cloud.client.retry(deployment, {"operation_id": operation["id"]})


def test_a_person_in_the_console_starts_the_same_kinds(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    cloud.run(deployment)
    for kind in ("preview", "refresh", "drift"):
        name = f"by-hand-{kind}-{deployment}"
        cloud.local.aws.client("stepfunctions").start_execution(
            stateMachineArn=cloud.local.state_machine_arn,
            name=name,
            input=json.dumps({"deployment_id": deployment, "environment": "dev", "operation": kind}),
        )
        assert cloud.wait(name) == "SUCCEEDED"
        latest = next(iter(cloud.client.operations(deployment)))
        assert (latest["kind"], latest["requester"]) == (kind, "console")
