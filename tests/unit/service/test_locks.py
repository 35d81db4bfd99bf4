"""Everybody sees who holds an environment; it is freed from the dead alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.errors import LockHeld, NotFound, StaleWrite, StateError
from cloud.domain.records import RunClaim
from cloud.domain.states import TaskState
from cloud.service.acquire_environment import acquire_environment
from cloud.service.await_dependencies import await_dependencies
from cloud.service.finish_operation import finish_operation
from cloud.service.release_lock import release_lock
from cloud.service.request_approval import request_approval
from cloud.service.show_lock import show_lock
from tests.unit.service.scene import ME, Scene
from tests.unit.service.stages import APPROVAL, CHAIN, begun, confirmed, planned


def queue_up(scene: Scene, name: str) -> str:
    operation_id = scene.opened(requester=f"{name}@example.com").id
    scene.workflow.open_task(name)
    acquire_environment(scene.platform, scene.deployment_id, operation_id, name)
    return operation_id


def test_a_lock_shows_its_owner_and_its_queue(scene: Scene) -> None:
    first = confirmed(scene)
    scene.clock.advance(60)
    second, third = queue_up(scene, "bob"), queue_up(scene, "eve")
    scene.workflow.finish(scene.arn_of(second))
    lock = show_lock(scene.platform, scene.deployment_id, "dev")
    assert lock["owner"] == {
        "operation_id": first,
        "kind": "deploy",
        "state": "running",
        "requester": ME,
        "ticket": 1,
        "since": "2025-01-01T00:00:00.000Z",
        "execution_arn": scene.arn_of(first),
        "is_running": True,
    }
    assert [(p["position"], p["operation_id"], p["requester"], p["is_running"]) for p in lock["queue"]] == [
        (1, second, "bob@example.com", False),
        (2, third, "eve@example.com", True),
    ]
    scene.clock.advance(60)
    finish_operation(scene.platform, scene.deployment_id, first, state=TaskState.SUCCEEDED, caught=None)
    owner = show_lock(scene.platform, scene.deployment_id, "dev")["owner"]
    assert (owner["operation_id"], owner["ticket"]) == (third, 3)
    assert owner["since"] == "2025-01-01T00:02:00.000Z"  # when it became the owner, not when it queued


def test_an_environment_that_is_free_or_not_there(scene: Scene) -> None:
    scene.manifest(CHAIN)
    free: dict[str, Any] = {"deployment_id": scene.deployment_id, "environment": "dev", "owner": None, "queue": []}
    assert show_lock(scene.platform, scene.deployment_id, "dev") == free
    assert release_lock(scene.platform, scene.deployment_id, "dev") == free
    for use_case in (show_lock, release_lock):
        with pytest.raises(NotFound):
            use_case(scene.platform, scene.deployment_id, "prod")


def test_the_lock_of_a_live_owner_is_not_released(scene: Scene) -> None:
    first = confirmed(scene)
    with pytest.raises(LockHeld, match="whose execution runs") as refused:
        release_lock(scene.platform, scene.deployment_id, "dev")
    assert first in refused.value.hint
    assert refused.value.exit_code == 5
    assert scene.operation(first).state is TaskState.RUNNING


def test_the_lock_of_a_dead_owner_goes_to_the_next(scene: Scene) -> None:
    first = confirmed(scene)
    second = queue_up(scene, "bob")
    scene.workflow.finish(scene.arn_of(first))
    lock = release_lock(scene.platform, scene.deployment_id, "dev")
    assert (lock["owner"]["operation_id"], lock["queue"]) == (second, [])
    assert scene.operation(first).state is TaskState.ERROR
    assert scene.workflow.answers["bob"].output == {"acquired": True}


def test_the_lock_of_a_dead_owner_whose_run_may_live_is_not_released(scene: Scene) -> None:
    first = begun(scene)
    now = scene.platform.timestamp()
    claim = RunClaim(first, 1, "01HOLDER", now, now, "2025-01-01T00:16:30.000Z")
    scene.stores.stacks.put(replace(scene.row("network"), attempt=1, claim=claim))
    scene.workflow.finish(scene.arn_of(first))
    with pytest.raises(LockHeld, match="may still be at work"):
        release_lock(scene.platform, scene.deployment_id, "dev")
    assert scene.lock_held()


def test_a_delivery_that_comes_after_a_later_one_is_refused_before_it_does_anything(scene: Scene) -> None:
    asked = planned(scene, environment=APPROVAL)
    running = confirmed(scene)
    for attempt in ("2#000", "2#001"):
        request_approval(scene.platform, scene.deployment_id, asked, f"a{attempt}", attempt)
        await_dependencies(scene.platform, scene.deployment_id, running, "app", f"d{attempt}", attempt)
        acquire_environment(scene.platform, scene.deployment_id, asked, f"e{attempt}", attempt)
    before = scene.events(asked), scene.stores.operations.get_lock(scene.deployment_id, "dev")
    for attempt in ("1#005", "2#000"):
        with pytest.raises(StaleWrite):
            request_approval(scene.platform, scene.deployment_id, asked, "zombie", attempt)
        with pytest.raises(StaleWrite):
            await_dependencies(scene.platform, scene.deployment_id, running, "app", "zombie", attempt)
        with pytest.raises(StaleWrite):
            acquire_environment(scene.platform, scene.deployment_id, asked, "zombie", attempt)
    assert (scene.events(asked), scene.stores.operations.get_lock(scene.deployment_id, "dev")) == before
    tokens = scene.stores.operations.get_tokens(scene.deployment_id, running, ["app"])
    assert tokens == {"app": "d2#001"}


def test_an_operation_that_ends_while_it_takes_its_ticket_leaves_none(scene: Scene) -> None:
    """It ends between the first look and the ticket; the second look sees it."""
    operation_id = planned(scene)
    operations = scene.stores.operations
    caught = {"Error": "RunInterrupted", "Cause": "away"}

    class Ending:
        def __getattr__(self, name: str) -> object:
            return getattr(operations, name)

        def get_lock(self, deployment_id: str, environment: str) -> object:
            finish_operation(scene.platform, scene.deployment_id, operation_id, state=None, caught=caught)
            return operations.get_lock(deployment_id, environment)

    racing = replace(scene.platform, stores=replace(scene.stores, operations=Ending()))  # type: ignore[arg-type]
    with pytest.raises(StateError, match="has ended"):
        acquire_environment(racing, scene.deployment_id, operation_id, "t")
    assert not scene.lock_held()
