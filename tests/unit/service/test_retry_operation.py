"""A retry: which operation it continues, what it runs, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import AlreadyExists, CloudError, NotFound, StateError
from cloud.domain.operations import Operation, OperationKind, OperationOptions, Selection
from cloud.domain.states import TaskState
from cloud.service.open_operation import open_operation
from cloud.service.plan_deployment import plan_deployment
from cloud.service.planning import plan_operation
from cloud.service.queries import operation_view
from cloud.service.retry_operation import retry_operation
from tests.unit.service.machine import run
from tests.unit.service.scene import ME, Scene

GRAPH = {"network": [], "app": ["network"], "edge": ["app"], "dns": []}
BROKEN = Script(error="program-failed", message="boom")


def failed(scene: Scene, *, broken: str = "app", **asked: Any) -> Operation:
    """A deploy in which one stack fails; the stacks that don't need it are deployed."""
    scene.manifest(GRAPH, policy={"on_failure": "continue"})
    scene.runner.scripts = {broken: BROKEN}
    operation = scene.start(**asked)
    run(scene, operation.id)
    assert scene.operation(operation.id).state is TaskState.FAILED
    scene.runner.scripts = {broken: Script()}
    return scene.operation(operation.id)


def retried(scene: Scene, operation_id: str = "", **asked: Any) -> Operation:
    return retry_operation(scene.platform, scene.deployment_id, requester=ME, operation_id=operation_id, **asked)


def reasons(scene: Scene, operation: Operation) -> tuple[dict[str, str], dict[str, str]]:
    plan = plan_operation(scene.platform, operation)
    return {name: stack.reason for name, stack in plan.stacks.items()}, dict(plan.left_out)


def test_a_retry_runs_exactly_what_did_not_succeed_and_says_why(scene: Scene) -> None:
    earlier = failed(scene)
    operation = retried(scene)
    assert (operation.kind, operation.retry_of, operation.requester) == (OperationKind.DEPLOY, earlier.id, ME)
    assert operation_view(operation)["retry_of"] == earlier.id
    assert reasons(scene, operation) == (
        dict.fromkeys(("app", "edge"), f"did not succeed in operation {earlier.id}"),
        dict.fromkeys(("dns", "network"), f"deployed by operation {earlier.id}"),
    )
    scene.runner.ran.clear()
    run(scene, operation.id)
    assert scene.runner.ran == ["app", "edge"]
    assert scene.operation(operation.id).state is TaskState.SUCCEEDED


def test_what_runs_is_the_manifest_of_now_with_the_options_of_then(scene: Scene) -> None:
    earlier = failed(scene, options=OperationOptions(max_parallel=2, settings={"size": 3, "key": {"secret": "s"}}))
    scene.manifest({**GRAPH, "edge": ["app", "dns"]})
    operation = retried(scene, earlier.id)
    assert operation.manifest_version == earlier.manifest_version + 1
    assert operation.options == earlier.options
    run(scene, operation.id)
    assert scene.runner.requests[-1].config["shop:size"] == 3
    assert "'s'" not in repr(operation)


def test_a_retry_that_failed_is_retried_with_what_it_left(scene: Scene) -> None:
    first = failed(scene)
    scene.runner.scripts = {"app": Script(), "edge": BROKEN}
    second = retried(scene)
    run(scene, second.id)
    third = retried(scene)
    assert third.retry_of == second.id
    chosen, left_out = reasons(scene, third)
    assert chosen == {"edge": f"did not succeed in operation {second.id}"}
    assert left_out["app"] == f"deployed by operation {second.id}"
    assert left_out["network"] == f"deployed by operation {first.id}"


def test_an_operation_that_never_ran_is_retried_whole_and_a_retry_that_never_ran_as_the_one_before(
    scene: Scene,
) -> None:
    scene.manifest(GRAPH, stacks={"dns": {"executor": "codebuild"}})
    refused = scene.start(selection=Selection(("edge", "dns")))
    run(scene, refused.id)
    assert scene.operation(refused.id).state is TaskState.FAILED
    scene.manifest(GRAPH)
    operation = retried(scene)
    assert (operation.retry_of, operation.selection) == (refused.id, Selection(("edge", "dns")))
    assert reasons(scene, operation)[0].keys() == GRAPH.keys()
    scene.runner.scripts = {"edge": BROKEN}
    run(scene, operation.id)
    scene.manifest(GRAPH, stacks={"edge": {"executor": "codebuild"}})
    in_vain = retried(scene)
    run(scene, in_vain.id)
    scene.manifest(GRAPH)
    again = retried(scene)
    assert again.retry_of == in_vain.id
    assert reasons(scene, again)[0] == {"edge": f"did not succeed in operation {operation.id}"}


def test_what_succeeded_or_still_runs_is_not_retried(scene: Scene) -> None:
    scene.manifest(GRAPH)
    operation = scene.start()
    with pytest.raises(StateError, match="has not ended yet: it is queued") as caught:
        retried(scene)
    assert caught.value.ids == {"deployment_id": scene.deployment_id, "operation_id": operation.id}
    run(scene, operation.id)
    with pytest.raises(StateError, match="left nothing undone: it succeeded"):
        retried(scene)


def test_an_operation_that_failed_after_its_last_stack_has_nothing_to_retry(scene: Scene) -> None:
    scene.manifest(GRAPH)
    operation = scene.start()
    run(scene, operation.id)
    scene.stores.operations.put(replace(scene.operation(operation.id), state=TaskState.ERROR))
    with pytest.raises(StateError, match="succeeded: there is nothing to retry"):
        retried(scene)


def test_the_default_is_the_latest_of_the_environment_that_did_more_than_look(scene: Scene) -> None:
    scene.manifest(GRAPH)
    with pytest.raises(NotFound, match="no operation that could be retried"):
        retried(scene)
    earlier = failed(scene)
    scene.start(OperationKind.PREVIEW)
    with pytest.raises(NotFound, match="no operation in prod"):
        retried(scene, environment="prod")
    assert retried(scene, environment="dev").retry_of == earlier.id
    with pytest.raises(NotFound):
        retried(scene, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    with pytest.raises(NotFound):
        retry_operation(scene.platform, "D999999", requester=ME)


def test_the_latest_is_found_behind_however_many_looks(scene: Scene) -> None:
    earlier = failed(scene)
    for _ in range(60):
        scene.start(OperationKind.PREVIEW)
    assert retried(scene).retry_of == earlier.id


def test_a_preview_is_retried_when_it_is_named(scene: Scene) -> None:
    scene.manifest(GRAPH)
    preview = scene.start(OperationKind.PREVIEW, selection=Selection(only=("nowhere",)))
    run(scene, preview.id)
    assert retried(scene, preview.id).kind is OperationKind.PREVIEW


def test_what_was_overtaken_is_not_retried(scene: Scene) -> None:
    """A deploy came after a destroy that failed: to go on destroying would undo it."""
    scene.manifest(GRAPH)
    run(scene, scene.start().id)
    scene.runner.scripts = {"app": Script(error="program-failed", fails_on=("destroy",))}
    destroy = scene.start(OperationKind.DESTROY)
    run(scene, destroy.id)
    scene.runner.scripts = {"app": Script()}
    deploy = scene.start()
    with pytest.raises(StateError, match=f"After the destroy {destroy.id} came the deploy {deploy.id}"):
        retried(scene, destroy.id)  # it waits for its turn
    run(scene, deploy.id)
    with pytest.raises(StateError, match="came the deploy"):
        retried(scene, destroy.id)


def test_a_retried_destroy_takes_what_is_left(scene: Scene) -> None:
    scene.manifest(GRAPH)
    run(scene, scene.start().id)
    scene.runner.scripts = {"app": Script(error="program-failed", fails_on=("destroy",))}
    destroy = scene.start(OperationKind.DESTROY)
    run(scene, destroy.id)
    scene.runner.scripts = {"app": Script()}
    operation = retried(scene)
    chosen, left_out = reasons(scene, operation)
    assert set(chosen) == {"app", "network"} | (set(chosen) & {"dns"})
    assert left_out["edge"] == f"destroyed by operation {destroy.id}"
    run(scene, operation.id)
    assert scene.status() == "destroyed"


def test_the_same_key_gives_the_same_retry_and_is_not_taken_for_another(scene: Scene) -> None:
    first = failed(scene)
    operation = retried(scene, idempotency_key="k")
    assert retried(scene, idempotency_key="k") == operation
    assert retried(scene, first.id, idempotency_key="k") == operation
    run(scene, operation.id)
    assert retried(scene, idempotency_key="k").id == operation.id
    with pytest.raises(StateError):
        retried(scene, operation.id, idempotency_key="k")


def test_a_key_of_another_request_is_refused(scene: Scene) -> None:
    failed(scene, key="deploy")
    with pytest.raises(AlreadyExists, match="another request"):
        retried(scene, idempotency_key="deploy")


# -- OpenOperation


def direct(scene: Scene, **start: str) -> dict[str, Any]:
    return {"deployment_id": scene.deployment_id, "environment": "dev", "operation": "retry", **start}


def test_a_rule_retries_once_however_often_it_is_delivered(scene: Scene) -> None:
    earlier = failed(scene)
    first = open_operation(scene.platform, direct(scene, event_id="e1"), "arn:1")
    operation = scene.operation(first["operation_id"])
    assert (operation.retry_of, operation.requester) == (earlier.id, "eventbridge")
    assert open_operation(scene.platform, direct(scene, event_id="e1"), "arn:2") == {**first, "duplicate": True}
    plan_deployment(scene.platform, scene.deployment_id, operation.id)


def test_a_person_in_the_console_names_what_is_retried(scene: Scene) -> None:
    earlier = failed(scene)
    opened = open_operation(scene.platform, direct(scene, retry_of=earlier.id), "arn:1")
    assert scene.operation(opened["operation_id"]).retry_of == earlier.id
    with pytest.raises(CloudError):
        open_operation(scene.platform, direct(scene, retry_of="01ARZ3NDEKTSV4RRFFQ69G5FAV"), "arn:2")
