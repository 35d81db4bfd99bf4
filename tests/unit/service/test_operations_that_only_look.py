"""Previews and drift scans take no lock, move no status, and yield; a refresh waits for its turn."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.domain import schedule as scheduler
from cloud.domain.errors import ConfigurationError
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import OperationKind, Selection, StackResult
from cloud.domain.states import StackStatus, TaskState
from cloud.service import queries
from cloud.service.acquire_environment import acquire_environment
from cloud.service.announcing import announce, stack_result, stack_status
from cloud.service.confirm_plan import confirm_plan
from cloud.service.evaluate_outcome import evaluate_outcome
from cloud.service.open_operation import open_operation
from cloud.service.plan_deployment import plan_deployment
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import APPROVAL, CHAIN, confirmed

LOOKS = [OperationKind.PREVIEW, OperationKind.DRIFT]


def deployed(scene: Scene, **manifest: Any) -> None:
    scene.manifest(CHAIN, **manifest)
    run(scene, scene.start().id)


def looking(scene: Scene, kind: OperationKind, **asked: Any) -> tuple[str, dict[str, Any]]:
    """An operation without the lock that runs; gives its id, and what the state machine gets of its plan."""
    operation = scene.opened(kind, **asked)
    payload = plan_deployment(scene.platform, scene.deployment_id, operation.id)
    confirm_plan(scene.platform, scene.deployment_id, operation.id)
    return operation.id, payload


def end(scene: Scene, operation_id: str, *outcomes: tuple[str, scheduler.Outcome]) -> None:
    for stack, outcome in outcomes:
        schedule, version = scene.stores.operations.get_schedule(scene.deployment_id, operation_id)
        after = scheduler.advance(schedule, scheduler.Finished(stack, outcome)).schedule
        scene.stores.operations.put_schedule(scene.deployment_id, operation_id, after, version)


@pytest.mark.parametrize("kind", LOOKS)
def test_a_look_takes_no_lock_asks_nobody_and_moves_no_status(scene: Scene, kind: OperationKind) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    scene.manifest(CHAIN, environment=APPROVAL)
    before = scene.stores.deployments.get_environment(scene.deployment_id, "dev")
    operation_id, payload = looking(scene, kind)
    assert (payload["lock"], payload["approval"]) == (False, False)
    assert not scene.lock_held()
    assert scene.stores.deployments.get_environment(scene.deployment_id, "dev") == before
    assert scene.operation(operation_id).state is TaskState.RUNNING
    assert ("running", None) in scene.told(operation_id, "state", "status")
    confirm_plan(scene.platform, scene.deployment_id, operation_id)  # delivered again
    assert scene.told(operation_id, "state").count(("running",)) == 1


def test_two_previews_and_a_deploy_run_at_once(scene: Scene) -> None:
    deploy = confirmed(scene)
    previews = [looking(scene, OperationKind.PREVIEW)[0] for _ in range(2)]
    assert {scene.operation(name).state for name in (deploy, *previews)} == {TaskState.RUNNING}
    assert scene.status() == "deploying"


def test_a_refresh_waits_for_its_turn_and_leaves_the_environments_status(scene: Scene) -> None:
    deployed(scene, environment={})
    operation = scene.opened(OperationKind.REFRESH)
    payload = plan_deployment(scene.platform, scene.deployment_id, operation.id)
    assert (payload["lock"], payload["approval"]) == (True, False)
    acquire_environment(scene.platform, scene.deployment_id, operation.id, "t")
    confirm_plan(scene.platform, scene.deployment_id, operation.id)
    assert scene.status() == "deployed"
    (dev,) = queries.deployment_status(scene.platform, scene.deployment_id)["environments"]
    assert dev["operation"]["id"] == dev["held_by"] == operation.id  # what runs, though the status is another's
    end(scene, operation.id, *[(name, scheduler.Outcome.SUCCESS) for name in CHAIN])
    assert evaluate_outcome(scene.platform, scene.deployment_id, operation.id) is TaskState.SUCCEEDED


def test_a_preview_goes_in_the_order_of_a_deploy_and_a_scan_looks_at_what_is_deployed(scene: Scene) -> None:
    scene.manifest(CHAIN)
    _, payload = looking(scene, OperationKind.PREVIEW)
    assert payload["layers"] == [{"stacks": [{"stack": "network"}]}, {"stacks": [{"stack": "app"}]}]
    run(scene, scene.start(selection=Selection(only=("network",))).id)
    operation_id, payload = looking(scene, OperationKind.DRIFT)
    assert payload["layers"] == [{"stacks": [{"stack": "network"}]}]
    assert queries.get_operation(scene.platform, scene.deployment_id, operation_id)["plan"]["left_out"] == {
        "app": "not deployed in dev"
    }


def test_a_scan_stands_aside_where_somebody_holds_the_environment(scene: Scene) -> None:
    deployed(scene)
    deploy = confirmed(scene)
    operation_id, _ = looking(scene, OperationKind.DRIFT)
    assert evaluate_outcome(scene.platform, scene.deployment_id, operation_id) is TaskState.COMPLETED
    found = queries.get_operation(scene.platform, scene.deployment_id, operation_id)
    assert found["stacks"] == []
    why = f"dev is held by {deploy}, started by ann@example.com"
    assert found["plan"]["left_out"] == dict.fromkeys(CHAIN, why)
    assert found["plan"]["warnings"] == [f"Nothing is done: {why}."]


@pytest.mark.parametrize("kind", [OperationKind.REFRESH, OperationKind.DRIFT])
def test_where_nothing_was_ever_deployed_there_is_nothing_to_compare(scene: Scene, kind: OperationKind) -> None:
    scene.manifest(CHAIN)
    with pytest.raises(ConfigurationError, match="Nothing was ever deployed"):
        scene.start(kind)


def test_a_preview_needs_an_environment_that_could_be_deployed_to(scene: Scene) -> None:
    scene.manifest(CHAIN, environment={"enabled": False})
    with pytest.raises(ConfigurationError, match="not enabled"):
        scene.start(OperationKind.PREVIEW)


@pytest.mark.parametrize("kind", ["preview", "refresh", "drift"])
def test_the_console_starts_the_same_kinds(scene: Scene, kind: str) -> None:
    deployed(scene)
    start = {"deployment_id": scene.deployment_id, "environment": "dev", "operation": kind}
    opened = open_operation(scene.platform, start, "arn:1")
    assert scene.operation(opened["operation_id"]).kind == kind


def test_how_a_preview_ended_is_told_by_its_schedule_alone(scene: Scene) -> None:
    scene.manifest(CHAIN)
    good, _ = looking(scene, OperationKind.PREVIEW)
    end(scene, good, ("network", scheduler.Outcome.SUCCESS), ("app", scheduler.Outcome.SUCCESS))
    assert evaluate_outcome(scene.platform, scene.deployment_id, good) is TaskState.COMPLETED
    bad, _ = looking(scene, OperationKind.PREVIEW)
    end(scene, bad, ("network", scheduler.Outcome.FAILURE))
    assert evaluate_outcome(scene.platform, scene.deployment_id, bad) is TaskState.FAILED


def test_the_stacks_of_a_look_are_read_from_its_events_with_what_was_kept_of_them(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation_id, _ = looking(scene, OperationKind.PREVIEW)
    operation = scene.operation(operation_id)
    result = StackResult("network", StackStatus.PENDING, changes={"create": 2}, seconds=1.5)
    announce(scene.platform, operation, stack_result(result, kind=operation.kind))
    kept = {"previewable": True, "outputs": {}, "unknown": ["vpcId"], "steps": []}
    scene.stores.artifacts.put_record(scene.deployment_id, operation_id, "preview-network.json", kept)
    app, network = queries.get_operation(scene.platform, scene.deployment_id, operation_id)["stacks"]
    assert (network["status"], network["changes"], network["seconds"]) == ("pending", {"create": 2}, 1.5)
    assert network["preview"] == kept
    assert app == {"stack": "app", "environment": "dev", "status": "waiting", "preview": None}
    assert scene.stores.stacks.list(scene.deployment_id, "dev") == ()


def test_a_scan_names_the_resources_that_differ(scene: Scene) -> None:
    deployed(scene)
    operation_id, _ = looking(scene, OperationKind.DRIFT)
    operation = scene.operation(operation_id)
    for name, op, state in (("a", "same", "done"), ("b", "update", "started"), ("b", "update", "done")):
        data = {"stack": "network", "urn": f"urn::{name}", "type": "t", "name": name, "op": op, "state": state}
        announce(scene.platform, operation, NewEvent(EventType.STACK_RESOURCE, data))
    for stack, status in (("network", StackStatus.DRIFTED), ("app", StackStatus.UNCHANGED)):
        announce(scene.platform, operation, stack_result(StackResult(stack, status), kind=operation.kind))
    app, network = queries.get_operation(scene.platform, scene.deployment_id, operation_id)["stacks"]
    assert network["drift"] == [{"urn": "urn::b", "type": "t", "name": "b", "op": "update"}]
    assert app["drift"] == []


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        (OperationKind.DEPLOY, StackStatus.DEPLOYED, "stack.deployed"),
        (OperationKind.DEPLOY, StackStatus.UNCHANGED, "stack.deployed"),
        (OperationKind.PREVIEW, StackStatus.UNCHANGED, "stack.status"),
        (OperationKind.PREVIEW, StackStatus.FAILED, "stack.failed"),
        (OperationKind.REFRESH, StackStatus.DEPLOYED, "stack.status"),
        (OperationKind.DRIFT, StackStatus.DRIFTED, "drift.detected"),
        (OperationKind.DESTROY, StackStatus.DESTROYED, "stack.status"),
    ],
)
def test_only_what_changes_resources_tells_that_a_stack_is_deployed(
    kind: OperationKind, status: StackStatus, told: str
) -> None:
    event = stack_result(StackResult("app", status), kind=kind)
    assert (event.type, event.data["status"]) == (told, status)
    assert event.data.get("operation") == (None if kind.changes_resources else kind.value)
    assert stack_status("app", StackStatus.DEPLOYING, why="x").data["why"] == "x"
