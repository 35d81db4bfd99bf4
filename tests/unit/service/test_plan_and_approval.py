"""What is refused or asked for before anything runs."""

from __future__ import annotations

import pytest

from cloud.domain.errors import (
    AuthError,
    ConfigurationError,
    NotFound,
    RunInterrupted,
    StateError,
)
from cloud.domain.operations import OperationOptions, Selection
from cloud.domain.states import TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.cancel_operation import cancel_operation
from cloud.service.confirm_plan import confirm_plan
from cloud.service.finish_operation import finish_operation
from cloud.service.plan_deployment import plan_deployment
from cloud.service.request_approval import decide, request_approval
from tests.unit.service.machine import Crash, Fuse, fused
from tests.unit.service.scene import ME, Scene
from tests.unit.service.stages import APPROVAL, CHAIN, confirmed, planned


def test_a_plan_is_kept_with_its_digest_and_told(scene: Scene) -> None:
    operation_id = planned(scene)
    plan = scene.stores.artifacts.get_record(scene.deployment_id, operation_id, "plan.json")
    assert scene.operation(operation_id).plan_digest == plan["digest"]
    assert ([["network"], ["app"]],) in scene.told(operation_id, "layers")
    assert scene.status() == "planned"


def test_an_operation_that_runs_is_not_planned_again(scene: Scene) -> None:
    operation_id = confirmed(scene)
    with pytest.raises(StateError, match="running already"):
        plan_deployment(scene.platform, scene.deployment_id, operation_id)
    assert scene.status() == "deploying"


def test_a_plan_that_fails_leaves_the_environment_as_it_was(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.opened(selection=Selection(only=("nowhere",)))
    with pytest.raises(NotFound, match="nowhere"):
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
    caught = {"Error": "NotFound", "Cause": "nowhere"}
    finish_operation(scene.platform, scene.deployment_id, operation.id, state=None, caught=caught)
    assert scene.operation(operation.id).state is TaskState.FAILED
    assert scene.status() == "initialized"


def test_a_plan_that_needs_codebuild_is_refused_with_every_stack(scene: Scene) -> None:
    scene.manifest(CHAIN, stacks={name: {"executor": "codebuild"} for name in CHAIN})
    operation = scene.opened()
    with pytest.raises(ConfigurationError, match="CodeBuild") as caught:
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
    assert len(caught.value.problems) == 2


def test_the_policy_of_the_manifest_is_overridden_by_the_options(scene: Scene) -> None:
    scene.manifest(CHAIN, policy={"max_parallel": 3, "strict_layers": True})
    for options, wanted in (
        (None, (3, True)),
        (OperationOptions(max_parallel=2, strict_layers=False), (2, False)),
    ):
        operation = scene.opened(options=options)
        plan_deployment(scene.platform, scene.deployment_id, operation.id)
        plan = scene.stores.artifacts.get_record(scene.deployment_id, operation.id, "plan.json")
        assert (plan["max_parallel"], plan["strict_layers"]) == wanted


def test_a_manifest_is_read_once_and_old_ones_are_forgotten(scene: Scene) -> None:
    for number in range(40):
        scene.manifest(CHAIN, policy={"max_parallel": number + 1})
        plan_deployment(scene.platform, scene.deployment_id, scene.opened().id)
    assert len(scene.platform.manifests) <= 33


def test_what_a_setting_refers_to_is_a_dependency(scene: Scene) -> None:
    scene.manifest({"network": [], "app": []})
    operation = scene.opened(options=OperationOptions(settings={"vpc": "{{stack.network.id}}"}))
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    assert ([["network"], ["app"]],) in scene.told(operation.id, "layers")


def asked(scene: Scene) -> str:
    operation_id = planned(scene, environment=APPROVAL)
    scene.workflow.open_task("approve")
    request_approval(scene.platform, scene.deployment_id, operation_id, "approve")
    return operation_id


def test_an_approval_is_asked_for_and_given_by_another(scene: Scene) -> None:
    operation_id = asked(scene)
    assert scene.status() == "awaiting_approval"
    with pytest.raises(AuthError, match="of their own"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller=ME)
    decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller="bob")
    assert scene.workflow.answers["approve"].output == {"approved_by": "bob"}
    assert ("bob",) in scene.told(operation_id, "approved_by")
    with pytest.raises(StateError, match="does not wait for an approval"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=False, caller="bob")


def test_a_rejection_ends_the_operation_and_says_who(scene: Scene) -> None:
    operation_id = asked(scene)
    decide(scene.platform, scene.deployment_id, operation_id, approve=False, caller="bob")
    answer = scene.workflow.answers["approve"]
    assert (answer.error, answer.cause) == ("RunInterrupted", "Rejected by bob.")
    caught = {"Error": answer.error, "Cause": answer.cause}
    ended = finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=caught)
    assert (ended["state"], ended["message"], scene.status()) == ("cancelled", "Rejected by bob.", "cancelled")


@pytest.mark.parametrize("approve", [True, False], ids=["approved", "rejected"])
def test_a_decision_that_came_while_the_request_was_repeated_is_not_forgotten(scene: Scene, approve: bool) -> None:
    operation_id = asked(scene)
    decide(scene.platform, scene.deployment_id, operation_id, approve=approve, caller="bob")
    # The answer of the first delivery was lost: Step Functions took it for failed, and the token with it.
    scene.workflow.open_task("again")
    request_approval(scene.platform, scene.deployment_id, operation_id, "again", "2")
    answer = scene.workflow.answers["again"]
    assert (answer.output, answer.cause) == (({"approved_by": "bob"}, "") if approve else (None, "Rejected by bob."))
    assert len(scene.told(operation_id, "plan_digest", "requester")) == 1  # nobody is asked a second time


def test_nothing_is_decided_for_what_runs_or_never_asked(scene: Scene) -> None:
    operation_id = planned(scene)
    with pytest.raises(StateError, match="does not wait for an approval"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller="bob")
    run_on = confirmed(Scene())
    assert run_on
    other = Scene()
    running = confirmed(other)
    with pytest.raises(StateError, match="it is running"):
        decide(other.platform, other.deployment_id, running, approve=True, caller="bob")
    with pytest.raises(StateError, match="running already"):
        request_approval(other.platform, other.deployment_id, running, "late")


def test_a_cancelled_operation_asks_for_nothing(scene: Scene) -> None:
    operation_id = planned(scene, environment=APPROVAL)
    cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    with pytest.raises(RunInterrupted):
        request_approval(scene.platform, scene.deployment_id, operation_id, "t")
    with pytest.raises(RunInterrupted):
        acquire_environment(scene.platform, scene.deployment_id, operation_id, "t")
    with pytest.raises(RunInterrupted):
        confirm_plan(scene.platform, scene.deployment_id, operation_id)


def test_the_first_decision_counts_and_a_later_one_only_sends_it_again(scene: Scene) -> None:
    """Bob's approval was written, and he died before it was sent; Eve's rejection sends it, and is told so."""
    operation_id = asked(scene)
    with pytest.raises(Crash):
        decide(fused(scene.platform, Fuse(2)), scene.deployment_id, operation_id, approve=True, caller="bob")
    assert scene.workflow.answers == {}
    with pytest.raises(StateError, match="approved by bob"):
        decide(scene.platform, scene.deployment_id, operation_id, approve=False, caller="eve")
    assert scene.workflow.answers["approve"].output == {"approved_by": "bob"}
    decide(scene.platform, scene.deployment_id, operation_id, approve=True, caller="bob")  # again: as before
    assert scene.told(operation_id, "approved_by") == [("bob",)]
    assert scene.told(operation_id, "rejected_by") == []
