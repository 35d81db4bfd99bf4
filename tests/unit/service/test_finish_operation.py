"""What the stacks make of the operation, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import (
    NotFound,
    StateError,
    Throttled,
)
from cloud.domain.operations import OperationKind, Selection
from cloud.domain.states import DeploymentStatus, StackStatus, TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.cancel_operation import running_operation
from cloud.service.confirm_plan import confirm_plan
from cloud.service.environments import end_status, propose_status, set_status
from cloud.service.evaluate_outcome import evaluate_outcome
from cloud.service.finish_operation import finish_operation
from cloud.service.plan_deployment import plan_deployment
from cloud.service.settle_stacks import settle_stacks
from tests.unit.service.machine import Crash, Fuse, fused, run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import CHAIN, begun, confirmed


def outcome(scene: Scene, **manifest: Any) -> TaskState:
    scene.manifest(CHAIN, **manifest)
    operation = scene.start()
    run(scene, operation.id)
    return evaluate_outcome(scene.platform, scene.deployment_id, operation.id)


def test_the_outcome_follows_from_the_stacks(scene: Scene) -> None:
    assert outcome(scene) is TaskState.SUCCEEDED
    assert outcome(scene) is TaskState.COMPLETED  # nothing had changed
    scene.runner.scripts = {"app": Script(error="program-failed")}
    assert outcome(scene) is TaskState.FAILED
    scene.runner.scripts = {"app": Script(error="run-interrupted")}
    assert outcome(scene) is TaskState.CANCELLED


def test_what_never_ended_is_the_platforms_error(scene: Scene) -> None:
    operation_id = confirmed(scene)
    assert evaluate_outcome(scene.platform, scene.deployment_id, operation_id) is TaskState.ERROR


def test_an_end_without_reason_is_the_platforms_error(scene: Scene) -> None:
    operation_id = confirmed(scene)
    ended = finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=None)
    assert ended == {
        "operation_id": operation_id,
        "state": "error",
        "message": "The deploy ended with an error of the platform.",
    }
    assert scene.status() == "failed"


def test_a_map_that_broke_off_leaves_no_stack_under_way(scene: Scene) -> None:
    operation_id = begun(scene)
    caught = {"Error": "States.TaskFailed", "Cause": "RecordStack died"}
    finish_operation(scene.platform, scene.deployment_id, operation_id, state=TaskState.ERROR, caught=caught)
    assert {name: scene.row(name).status for name in CHAIN} == {
        "network": StackStatus.FAILED,
        "app": StackStatus.CANCELLED,
    }
    assert scene.status() == "failed"
    assert not scene.lock_held()
    assert scene.told(operation_id, "terminal")[-1] == (True,)


def test_an_operation_that_broke_off_before_it_ran_leaves_the_stacks_alone(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    operation = scene.opened()
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    acquire_environment(scene.platform, scene.deployment_id, operation.id, "t")
    platform = fused(scene.platform, Fuse(1))
    with pytest.raises(Crash):
        confirm_plan(platform, scene.deployment_id, operation.id)  # dies with the schedule written
    caught = {"Error": "Lambda.Unknown", "Cause": ""}
    finish_operation(scene.platform, scene.deployment_id, operation.id, state=None, caught=caught)
    assert {name: scene.row(name).status for name in CHAIN} == dict.fromkeys(CHAIN, StackStatus.DEPLOYED)
    assert scene.status() == "failed"  # as its plan had left it to this operation


@pytest.mark.parametrize("error", [NotFound("gone"), Throttled("slow down")])
def test_a_stack_that_cannot_be_settled_does_not_lock_the_environment(scene: Scene, error: Exception) -> None:
    operation_id = begun(scene)
    stacks = scene.stores.stacks

    class Broken:
        def __getattr__(self, name: str) -> Any:
            return getattr(stacks, name)

        def get(self, deployment_id: str, stack: str, environment: str) -> Any:
            if stack == "network":
                raise StateError("broken") if isinstance(error, NotFound) else error
            return stacks.get(deployment_id, stack, environment)

    platform = replace(scene.platform, stores=replace(scene.stores, stacks=Broken()))
    operation = scene.operation(operation_id)
    if isinstance(error, Throttled):
        with pytest.raises(Throttled):  # the task is tried again
            settle_stacks(platform, operation)
    else:
        settle_stacks(platform, operation)
        assert scene.row("app").status is StackStatus.CANCELLED


def test_a_partial_destroy_leaves_the_environment_deployed(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    run(scene, scene.start(OperationKind.DESTROY, selection=Selection(only=("app",))).id)
    assert scene.status() == "deployed"
    run(scene, scene.start(OperationKind.DESTROY).id)
    assert scene.status() == "destroyed"


def test_an_operation_that_never_held_the_environment_leaves_its_status(scene: Scene) -> None:
    scene.manifest(CHAIN)
    refused = scene.opened(selection=Selection(only=("nowhere",)))
    running = confirmed(scene)
    caught = {"Error": "NotFound", "Cause": "nowhere"}
    finish_operation(scene.platform, scene.deployment_id, refused.id, state=None, caught=caught)
    assert scene.status() == "deploying"
    assert running_operation(scene.platform, scene.deployment_id, "dev") == running


def test_an_owner_that_is_refused_before_it_began_leaves_what_stands(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    waiting = scene.opened()
    scene.workflow.open_task("w")
    acquire_environment(scene.platform, scene.deployment_id, waiting.id, "w")
    caught = {"Error": "ConfigurationError", "Cause": "it can't be confirmed"}
    finish_operation(scene.platform, scene.deployment_id, waiting.id, state=None, caught=caught)
    assert scene.status() == "deployed"
    assert not scene.lock_held()


def test_the_status_of_an_environment_moves_along_its_table(scene: Scene) -> None:
    operation = scene.operation(confirmed(scene))
    propose_status(scene.platform, operation, DeploymentStatus.PLANNED)  # refused, and no error
    assert scene.status() == "deploying"
    set_status(scene.platform, operation, DeploymentStatus.DEPLOYED)
    end_status(scene.platform, operation, DeploymentStatus.FAILED)  # not from there
    assert scene.status() == "deployed"
    with pytest.raises(StateError):
        set_status(scene.platform, operation, DeploymentStatus.FAILED)
