"""How an operation comes to be, and to be one: our own doors, the console, EventBridge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.errors import AlreadyExists, CloudError, ConfigurationError, NetworkError, NotFound, QuotaExceeded
from cloud.domain.operations import OperationKind, OperationOptions, Selection
from cloud.domain.secret import Secret
from cloud.domain.states import TaskState
from cloud.service.open_operation import open_operation
from cloud.service.operation_settings import MAX_DEPTH, MAX_SETTINGS_BYTES, check_settings
from cloud.service.preview_plan import preview_plan
from cloud.service.queries import operation_view
from cloud.service.start_operation import new_operation, start_operation
from tests.unit.service.machine import Crash, Fuse, fused, run
from tests.unit.service.scene import Scene

CHAIN = {"network": [], "app": ["network"]}


class Refusing:
    """A workflow that starts nothing."""

    def __init__(self, error: CloudError) -> None:
        self.error = error

    def start(self, name: str, payload: Mapping[str, Any]) -> str:
        raise self.error


def test_an_execution_is_named_by_the_operation(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    (execution,) = scene.workflow.executions.values()
    assert execution.name == operation.id
    assert execution.input == {"operation_id": operation.id, "deployment_id": scene.deployment_id}
    assert scene.told(operation.id, "state") == [("queued",)]


def test_the_same_key_gives_the_same_operation_and_another_request_is_refused(scene: Scene) -> None:
    scene.manifest(CHAIN)
    options = OperationOptions(settings={"token": {"secret": "s"}})
    first = scene.start(key="k", options=options)
    assert scene.start(key="k", options=options).id == first.id
    with pytest.raises(AlreadyExists, match="another request") as caught:
        scene.start(key="k", options=OperationOptions(settings={"token": {"secret": "t"}}))
    assert caught.value.ids == {"operation_id": first.id}
    with pytest.raises(AlreadyExists):
        scene.start(OperationKind.DEPLOY, key="k", options=options, selection=Selection(("app",)))
    run(scene, first.id)
    assert scene.start(key="k", options=options).state is TaskState.SUCCEEDED


def test_a_crash_before_the_start_is_healed_by_the_same_key(scene: Scene) -> None:
    scene.manifest(CHAIN)
    with pytest.raises(Crash):
        start_operation(
            fused(scene.platform, Fuse(2)),
            scene.deployment_id,
            "dev",
            OperationKind.DEPLOY,
            requester="ann",
            idempotency_key="k",
        )
    assert not scene.workflow.executions
    operation = scene.start(requester="ann", key="k")
    assert list(scene.workflow.executions) == [scene.arn_of(operation.id)]


def test_an_execution_that_opens_faster_than_its_start_is_answered_is_left_alone(scene: Scene) -> None:
    scene.manifest(CHAIN)

    class Fast:
        def start(self, name: str, payload: Mapping[str, Any]) -> str:
            arn = scene.workflow.start(name, payload)
            open_operation(scene.platform, payload, arn)
            return arn

    fast = replace(scene.platform, workflow=Fast)  # type: ignore[arg-type]
    operation = start_operation(fast, scene.deployment_id, "dev", OperationKind.DEPLOY, requester="ann")
    assert operation == scene.operation(operation.id)
    assert operation.execution_arn == scene.arn_of(operation.id)


def test_what_step_functions_refuses_ends_the_operation(scene: Scene) -> None:
    scene.manifest(CHAIN)
    refusing = replace(scene.platform, workflow=lambda: Refusing(QuotaExceeded("too many executions")))  # type: ignore[arg-type, return-value]
    with pytest.raises(QuotaExceeded):
        start_operation(refusing, scene.deployment_id, "dev", OperationKind.DEPLOY, requester="ann")
    (operation,) = scene.stores.operations.list(scene.deployment_id).items
    assert operation.state is TaskState.ERROR
    assert operation.error is not None
    assert operation.error["message"] == "too many executions"
    assert scene.told(operation.id, "state", "terminal")[-1] == ("error", True)


def test_a_lost_answer_leaves_the_operation_to_the_next_try_with_its_key(scene: Scene) -> None:
    scene.manifest(CHAIN)
    lost = replace(scene.platform, workflow=lambda: Refusing(NetworkError("lost")))  # type: ignore[arg-type, return-value]
    with pytest.raises(NetworkError):
        start_operation(
            lost, scene.deployment_id, "dev", OperationKind.DEPLOY, requester="ann@example.com", idempotency_key="k"
        )
    (operation,) = scene.stores.operations.list(scene.deployment_id).items
    assert operation.state is TaskState.QUEUED
    assert scene.start(key="k").id == operation.id
    run(scene, operation.id)
    assert scene.operation(operation.id).state is TaskState.SUCCEEDED


def test_what_cannot_be_planned_is_not_started(scene: Scene) -> None:
    scene.deployment()
    with pytest.raises(ConfigurationError, match="no manifest"):
        scene.start()
    scene.manifest(CHAIN)
    with pytest.raises(ConfigurationError, match="not available"):
        scene.start(OperationKind.ROLLBACK)
    with pytest.raises(NotFound, match="no environment 'prod'"):
        new_operation(scene.platform, scene.deployment_id, "prod", OperationKind.DEPLOY, requester="")
    with pytest.raises(ConfigurationError, match="Nothing was ever deployed"):
        scene.start(OperationKind.DESTROY)
    scene.manifest(CHAIN, environment={"enabled": False})
    with pytest.raises(ConfigurationError, match="not enabled"):
        scene.start()
    assert not scene.workflow.executions


def test_a_preview_shows_the_plan_and_starts_nothing(scene: Scene) -> None:
    scene.manifest(CHAIN)
    plan = preview_plan(
        scene.platform,
        scene.deployment_id,
        "dev",
        OperationKind.DEPLOY,
        selection=Selection(),
        options=OperationOptions(max_parallel=3),
    )
    assert [[stack["stack"] for stack in layer] for layer in plan["layers"]] == [["network"], ["app"]]
    assert plan["max_parallel"] == 3
    assert not scene.workflow.executions


def test_secrets_of_set_are_sealed_on_the_row_hidden_in_views_and_open_in_the_run(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start(options=OperationOptions(settings={"token": {"secret": "hunter2"}, "size": 3}))
    assert "hunter2" not in repr(scene.operation(operation.id))
    assert operation_view(scene.operation(operation.id))["options"]["settings"] == {"token": "[secret]", "size": 3}
    run(scene, operation.id)
    assert scene.runner.requests[0].config["shop:token"] == Secret("hunter2")
    assert scene.runner.requests[0].config["shop:size"] == 3


def test_a_seal_that_somebody_made_up_is_not_opened(scene: Scene) -> None:
    scene.manifest(CHAIN)
    with pytest.raises(CloudError, match="not sealed for this deployment"):
        scene.start(options=OperationOptions(settings={"token": {"secret": {"sealed": "memory:7"}}}))


@pytest.mark.parametrize(
    "settings",
    [
        {"a b": 1},
        {"deploymentId": "D1"},
        {"a": "{{nope.x}}"},
        {"a": "x" * MAX_SETTINGS_BYTES},
        {"a": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]},
    ],
    ids=["key", "reserved", "placeholder", "size", "depth"],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_settings(settings)
    assert len(caught.value.problems) == 1


def test_settings_may_be_as_deep_as_the_bound() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH - 1):
        value = {"a": value}
    check_settings({"a": value})
    with pytest.raises(ConfigurationError, match="deeper"):
        check_settings({"a": {"a": value}})


# -- OpenOperation


def direct(scene: Scene, **start: str) -> dict[str, Any]:
    return {"deployment_id": scene.deployment_id, "environment": "dev", **start}


def test_a_direct_start_makes_an_operation_of_the_execution(scene: Scene) -> None:
    scene.manifest(CHAIN)
    opened = open_operation(scene.platform, direct(scene, requester="eve"), "arn:1")
    operation = scene.operation(opened["operation_id"])
    assert (operation.execution_arn, operation.requester, opened["duplicate"]) == ("arn:1", "console", False)
    assert open_operation(scene.platform, direct(scene), "arn:1") == opened  # the task is retried
    assert open_operation(scene.platform, direct(scene), "arn:2")["operation_id"] != opened["operation_id"]


def test_an_event_is_one_operation_however_many_executions_it_starts(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first = open_operation(scene.platform, direct(scene, event_id="e1", requester="eve"), "arn:1")
    second = open_operation(scene.platform, direct(scene, event_id="e1"), "arn:2")
    assert second == {**first, "duplicate": True}
    assert scene.operation(first["operation_id"]).requester == "eventbridge"
    assert open_operation(scene.platform, direct(scene, event_id="e2"), "arn:3")["duplicate"] is False


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_crash_anywhere_in_a_direct_start_still_makes_one_operation(scene: Scene, after: int) -> None:
    scene.manifest(CHAIN)
    with pytest.raises(Crash):
        open_operation(fused(scene.platform, Fuse(after)), direct(scene, event_id="e1"), "arn:1")
    opened = open_operation(scene.platform, direct(scene, event_id="e1"), "arn:1")
    assert opened["duplicate"] is False
    assert [item.id for item in scene.stores.operations.list(scene.deployment_id).items] == [opened["operation_id"]]


def test_an_operation_that_has_ended_is_not_opened_again(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation = scene.start()
    run(scene, operation.id)
    opened = open_operation(
        scene.platform, {"operation_id": operation.id, "deployment_id": scene.deployment_id}, "arn:other"
    )
    assert opened["duplicate"] is True


def test_an_operation_is_found_by_its_id_alone_until_it_has_ended(scene: Scene) -> None:
    scene.manifest({"network": []})
    scene.start(OperationKind.PREVIEW)
    operation = scene.start()
    opened = open_operation(scene.platform, {"operation_id": operation.id}, scene.arn_of(operation.id))
    assert (opened["deployment_id"], opened["duplicate"]) == (scene.deployment_id, False)
    run(scene, operation.id)
    for operation_id in (operation.id, "01NEVERWAS"):
        with pytest.raises(NotFound, match="is to be run"):
            open_operation(scene.platform, {"operation_id": operation_id}, "arn:other")


@pytest.mark.parametrize("start", [{}, {"deployment_id": None}, "text", {"environment": "dev"}])
def test_a_start_that_names_no_deployment_is_refused(scene: Scene, start: Any) -> None:
    with pytest.raises(ConfigurationError, match="names no deployment_id"):
        open_operation(scene.platform, start, "arn:1")


def test_a_kind_that_cannot_be_started_here_is_refused(scene: Scene) -> None:
    scene.manifest(CHAIN)
    with pytest.raises(ConfigurationError, match="can't be started here"):
        open_operation(scene.platform, direct(scene, operation="rollback"), "arn:1")


def test_two_that_create_the_same_operation_at_once_agree(scene: Scene) -> None:
    """The second creates between the first one's look and its write."""
    scene.manifest(CHAIN)
    operations = scene.stores.operations

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def create(self, operation: Any) -> Any:
            operations.create(operation)
            return operations.create(operation)

    racing = replace(scene.platform, stores=replace(scene.stores, operations=Racing()))
    opened = open_operation(racing, direct(scene, event_id="e1"), "arn:1")
    assert opened["duplicate"] is False
