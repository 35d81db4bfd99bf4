"""Previews, drift scans and refreshes of single stacks: what they leave, and what they leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.operations import OperationKind
from cloud.domain.records import RunClaim
from cloud.domain.states import StackStatus, TaskState
from cloud.ports.runner import RunResult
from cloud.service.confirm_plan import confirm_plan
from cloud.service.plan_deployment import plan_deployment
from cloud.service.record_stack import record_stack
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import CHAIN

PREVIEW, DRIFT, REFRESH = OperationKind.PREVIEW, OperationKind.DRIFT, OperationKind.REFRESH


def deployed(scene: Scene, **manifest: Any) -> None:
    scene.manifest(CHAIN, **manifest)
    run(scene, scene.start().id)


def finding(scene: Scene, changes: Mapping[str, int]) -> None:
    """From now on every run finds these changes."""
    inner = scene.runner.run

    def run_with_changes(*arguments: Any) -> RunResult:
        return replace(inner(*arguments), changes=dict(changes))

    scene.runner.run = run_with_changes  # type: ignore[method-assign]  # the runner of this scene, not code of ours


def looked(scene: Scene, kind: OperationKind) -> str:
    operation = scene.start(kind)
    run(scene, operation.id)
    return operation.id


def results(scene: Scene, operation_id: str) -> dict[str, str]:
    """How each stack ended, by the operation's events."""
    return {stack: status for stack, status in scene.told(operation_id, "stack", "status") if stack}


def test_a_preview_of_nothing_deployed_says_what_is_pending_and_writes_no_row(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation_id = looked(scene, PREVIEW)
    assert scene.operation(operation_id).state is TaskState.COMPLETED
    assert scene.stores.stacks.list(scene.deployment_id) == ()
    assert results(scene, operation_id) == {"network": "pending", "app": "pending"}
    assert scene.runner.ran == ["network", "app"]


def test_a_preview_leaves_the_rows_of_what_is_deployed_alone(scene: Scene) -> None:
    deployed(scene)
    before = {name: scene.row(name) for name in CHAIN}
    looked(scene, PREVIEW)
    assert {name: scene.row(name) for name in CHAIN} == before


def test_a_stack_whose_preview_fails_holds_up_those_that_need_it(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"network": Script(error="program-failed", message="boom")}
    operation_id = looked(scene, PREVIEW)
    assert scene.operation(operation_id).state is TaskState.FAILED
    assert results(scene, operation_id) == {"network": "failed", "app": "skipped"}
    assert scene.told(operation_id, "stack", "blocked_by") == [("app", "network")]


def test_a_program_that_cannot_be_previewed_says_until_when_and_holds_up_nobody(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"network": Script(error="not-previewable", message="not previewable")}
    operation_id = looked(scene, PREVIEW)
    assert scene.operation(operation_id).state is TaskState.COMPLETED
    kept = scene.stores.artifacts.get_record(scene.deployment_id, operation_id, "preview-network.json")
    assert kept["previewable"] is False
    assert scene.runner.ran == ["network", "app"]


def test_a_repeated_delivery_of_a_look_is_told_once(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation_id = looked(scene, PREVIEW)
    told = len(scene.events(operation_id))
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", {"Error": "Lambda.Unknown", "Cause": ""})
    assert len(scene.events(operation_id)) == told


def test_a_look_that_is_interrupted_is_cancelled(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"network": Script(error="run-interrupted", message="stopped")}
    assert results(scene, looked(scene, PREVIEW))["network"] == "cancelled"


def test_a_look_that_left_nothing_has_failed(scene: Scene) -> None:
    scene.manifest(CHAIN)
    operation_id = scene.opened(PREVIEW).id
    plan_deployment(scene.platform, scene.deployment_id, operation_id)
    confirm_plan(scene.platform, scene.deployment_id, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert scene.told(operation_id, "stack", "reason")[0] == ("network", "The run ended without a result.")


def test_a_refresh_of_what_waits_for_a_failure_is_skipped_however_often_it_is_recorded(scene: Scene) -> None:
    deployed(scene)
    scene.runner.scripts = {"network": Script(error="program-failed", fails_on=("refresh",))}
    operation_id = looked(scene, REFRESH)
    scene.stores.operations.put(replace(scene.operation(operation_id), state=TaskState.RUNNING))
    told = len(scene.events(operation_id))
    for name in CHAIN:
        record_stack(scene.platform, scene.deployment_id, operation_id, name, None)
    assert results(scene, operation_id) == {"network": "failed", "app": "skipped"}
    assert len(scene.events(operation_id)) == told


def test_known_drift_is_noted_and_taken_back(scene: Scene) -> None:
    deployed(scene)
    finding(scene, {"update": 1})
    operation_id = looked(scene, DRIFT)
    row = scene.row("network")
    assert (row.status, row.has_drift) == (StackStatus.DRIFTED, True)
    assert results(scene, operation_id) == {"network": "drifted", "app": "drifted"}
    version = row.version
    looked(scene, DRIFT)
    assert scene.row("network").version == version  # nothing new, nothing written
    finding(scene, {"same": 2})
    looked(scene, DRIFT)
    row = scene.row("network")
    assert (row.status, row.has_drift) == (StackStatus.DEPLOYED, False)


def test_a_scan_writes_nothing_of_a_stack_that_somebody_works_on(scene: Scene) -> None:
    deployed(scene)
    operation = scene.start(DRIFT)
    claim = RunClaim("01OTHER", 1, "other", "", scene.platform.timestamp(), scene.platform.timestamp())
    scene.stores.stacks.put(replace(scene.row("network"), claim=claim))
    finding(scene, {"update": 1})
    run(scene, operation.id)
    assert scene.row("network").has_drift is False


def test_known_drift_makes_the_next_deploy_run(scene: Scene) -> None:
    deployed(scene)
    finding(scene, {"update": 1})
    looked(scene, DRIFT)
    scene.runner.ran.clear()
    operation = scene.start()
    run(scene, operation.id)
    assert scene.runner.ran == ["network", "app"]
    assert scene.row("network").has_drift is False


def test_a_refresh_that_finds_something_marks_the_stack_drifted_until_it_is_deployed(scene: Scene) -> None:
    deployed(scene)
    finding(scene, {"update": 1})
    operation_id = looked(scene, REFRESH)
    row = scene.row("network")
    assert (row.status, row.has_drift, row.fingerprint) == (StackStatus.DRIFTED, True, {})
    assert results(scene, operation_id)["network"] == "drifted"
    finding(scene, {"same": 2})
    looked(scene, REFRESH)  # the state agrees with AWS now, and still not with the program
    assert (scene.row("network").status, scene.row("network").has_drift) == (StackStatus.DRIFTED, True)
    run(scene, scene.start().id)
    assert scene.row("network").status is StackStatus.UNCHANGED
    assert scene.row("network").has_drift is False


@pytest.mark.parametrize(("found", "told"), [({"update": 1}, "drifted"), ({"same": 2}, "unchanged")])
def test_a_refresh_that_is_recorded_twice_is_told_once(scene: Scene, found: dict[str, int], told: str) -> None:
    deployed(scene)
    finding(scene, found)
    operation_id = looked(scene, REFRESH)
    scene.stores.operations.put(replace(scene.operation(operation_id), state=TaskState.RUNNING))
    events = len(scene.events(operation_id))
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert results(scene, operation_id)["network"] == told
    assert len(scene.events(operation_id)) == events


def test_drift_that_was_mended_by_hand_is_taken_back_by_a_refresh(scene: Scene) -> None:
    deployed(scene)
    finding(scene, {"update": 1})
    looked(scene, DRIFT)
    finding(scene, {"same": 2})
    looked(scene, REFRESH)
    assert (scene.row("network").status, scene.row("network").has_drift) == (StackStatus.DEPLOYED, False)


@pytest.mark.parametrize(
    ("code", "told"), [("program-failed", "failed"), ("run-interrupted", "cancelled")], ids=["fails", "is interrupted"]
)
def test_a_refresh_that_fails_leaves_the_stack_as_deployed_as_it_was(scene: Scene, code: str, told: str) -> None:
    deployed(scene)
    before = scene.row("network").status
    scene.runner.scripts = {"network": Script(error=code, fails_on=("refresh",))}
    operation_id = looked(scene, REFRESH)
    assert results(scene, operation_id)["network"] == told
    row = scene.row("network")
    assert row.status is before
    assert row.error is not None
    events = len(scene.events(operation_id))
    scene.stores.operations.put(replace(scene.operation(operation_id), state=TaskState.RUNNING))
    for name in CHAIN:
        record_stack(scene.platform, scene.deployment_id, operation_id, name, None)
    assert len(scene.events(operation_id)) == events  # a repetition tells nothing new


def test_a_refresh_of_a_failed_stack_does_not_make_it_deployed(scene: Scene) -> None:
    scene.manifest(CHAIN)
    scene.runner.scripts = {"network": Script(error="program-failed", fail_after=1)}
    run(scene, scene.start().id)
    looked(scene, REFRESH)
    assert scene.row("network").status is StackStatus.FAILED
