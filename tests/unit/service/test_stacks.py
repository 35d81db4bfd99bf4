"""One stack from its turn to its result: prepared, claimed, run, recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import (
    NotFound,
    RunInterrupted,
    StackBusy,
    StateError,
    Throttled,
)
from cloud.domain.records import StackRecord
from cloud.domain.states import StackStatus, TaskState
from cloud.service.await_dependencies import await_dependencies
from cloud.service.cancel_operation import cancel_operation
from cloud.service.prepare_stack import prepare_stack
from cloud.service.record_stack import MAX_OUTPUT_BYTES, record_stack
from cloud.service.run_stack import run_stack
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import CHAIN, begun, confirmed, run_it, ticks


def test_a_late_token_of_a_stack_that_has_ended_does_not_start_it_again(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    scene.workflow.open_task("late")
    await_dependencies(scene.platform, scene.deployment_id, operation_id, "network", "late")
    assert scene.workflow.answers["late"].output == {"go": False}


def test_what_is_not_to_go_is_skipped(scene: Scene) -> None:
    operation_id = confirmed(scene)
    prepared = prepare_stack(scene.platform, scene.deployment_id, operation_id, "app", go=False)
    assert prepared["route"] == "skipped"
    assert scene.stores.stacks.get(scene.deployment_id, "app", "dev") is None


def test_preparing_needs_a_program_and_no_cancel(scene: Scene) -> None:
    operation_id = confirmed(scene)
    document = scene.platform.manifests.popitem()
    scene.platform.manifests[document[0]] = replace(document[1], programs={})
    with pytest.raises(NotFound, match="no registered program"):
        prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    scene.platform.manifests[document[0]] = document[1]
    cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    with pytest.raises(RunInterrupted):
        prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    with pytest.raises(StackBusy):
        run_it(scene, operation_id)  # it was never prepared


def test_a_cancel_between_preparing_and_running_interrupts_the_run(scene: Scene) -> None:
    operation_id = begun(scene)
    cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
    with pytest.raises(RunInterrupted):
        run_it(scene, operation_id)


def test_a_stack_is_announced_once_however_often_it_is_prepared(scene: Scene) -> None:
    operation_id = begun(scene)
    prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    assert scene.told(operation_id, "stack", "status") == [("network", "deploying")]


def test_a_late_delivery_of_an_ended_operation_does_not_take_the_stack(scene: Scene) -> None:
    scene.manifest(CHAIN)
    first = scene.start()
    run(scene, first.id)
    second = begun(scene)
    with pytest.raises(StateError, match="has ended"):
        record_stack(scene.platform, scene.deployment_id, first.id, "network", {"Error": "X", "Cause": ""})
    with pytest.raises(StateError, match="has ended"):
        prepare_stack(scene.platform, scene.deployment_id, first.id, "network", go=True)
    assert (scene.row("network").operation_id, scene.row("network").status) == (second, StackStatus.DEPLOYING)


def test_an_operation_that_waited_longer_records_its_stacks_all_the_same(scene: Scene) -> None:
    """Its id is older than that of the one which ran before it: only the lock says whose turn it is."""
    scene.manifest(CHAIN)
    older = scene.opened()
    run(scene, scene.start().id)
    scene.runner.scripts = {"network": Script(error="program-failed")}
    run(scene, older.id)
    assert scene.operation(older.id).state is TaskState.FAILED
    assert {name: scene.row(name).operation_id for name in CHAIN} == dict.fromkeys(CHAIN, older.id)
    assert scene.row("app").status is StackStatus.SKIPPED


def test_a_run_is_claimed_once(scene: Scene) -> None:
    operation_id = begun(scene)
    assert run_it(scene, operation_id) == {"create": 2}
    with pytest.raises(StackBusy):
        run_it(scene, operation_id)
    with pytest.raises(StackBusy):
        run_it(scene, operation_id, "app")
    assert scene.runner.ran == ["network"]


def test_a_run_gets_what_it_needs_and_not_more_time_than_its_executor(scene: Scene) -> None:
    operation_id = begun(scene, stacks={"network": {"timeout": "10m"}})
    run_it(scene, operation_id, seconds=100.0)
    (request,) = scene.runner.requests
    assert request.pulumi_stack == f"{scene.deployment_id}-network-dev"
    assert request.timeout_seconds == 100.0
    assert request.config["aws:region"] == "us-east-1"


def test_what_a_run_tells_is_stored_and_its_lines_are_in_the_log(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(log=("hello",))}
    run_it(scene, operation_id)
    (line,) = scene.stores.events.recent_lines(scene.deployment_id).items
    assert (line.message, line.stack, line.level, line.operation_id) == ("hello", "network", "info", operation_id)


@pytest.mark.parametrize("ends", [False, True])
def test_a_run_sees_that_it_is_cancelled_or_that_its_operation_has_ended(scene: Scene, ends: bool) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(seconds=60)}

    def end() -> float:
        if ends:
            scene.stores.operations.put(replace(scene.operation(operation_id), state=TaskState.ERROR))
        else:
            cancel_operation(scene.platform, scene.deployment_id, operation_id, caller="ops")
        return 800.0

    with pytest.raises(RunInterrupted):
        run_stack(
            scene.platform, scene.deployment_id, operation_id, "network", remaining_seconds=end, monotonic=ticks()
        )


def test_a_store_that_stumbles_does_not_end_a_run(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(seconds=5)}
    operations = scene.stores.operations
    errors: list[Exception] = [Throttled("slow down")]

    class Stumbling:
        asked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(operations, name)

        def get(self, deployment_id: str, operation_id: str) -> Any:
            self.asked += 1
            if self.asked > 1 and errors:
                raise errors.pop()
            return operations.get(deployment_id, operation_id)

    stumbling = Stumbling()
    platform = replace(scene.platform, stores=replace(scene.stores, operations=stumbling))

    def go() -> dict[str, Any]:
        return run_stack(
            platform,
            scene.deployment_id,
            operation_id,
            "network",
            remaining_seconds=lambda: 800.0,
            monotonic=ticks(),
        )

    assert go() == {"create": 2}
    scene.stores.stacks.put(replace(scene.row("network"), attempt=0))
    errors.append(NotFound("gone"))
    stumbling.asked = 0
    with pytest.raises(NotFound):
        go()


def test_a_result_counts_more_than_what_became_of_the_answer(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    caught = {"Error": "Lambda.Unknown", "Cause": "the function died after its last write"}
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    assert scene.row("network").status is StackStatus.DEPLOYED


def test_a_result_is_told_once_and_the_dependents_are_woken_again(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    scene.workflow.open_task("app")
    scene.stores.operations.put_token(scene.deployment_id, operation_id, "app", "app", "1")
    # A repetition, with an error that the first delivery did not have: what stands, stands.
    caught = {"Error": "Lambda.Unknown", "Cause": ""}
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    assert scene.told(operation_id, "stack", "status") == [("network", "deploying"), ("network", "deployed")]
    assert scene.workflow.answers["app"].output == {"go": True}


def test_a_run_without_a_result_has_failed(scene: Scene) -> None:
    operation_id = begun(scene)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert (scene.row("network").status, scene.row("network").reason) == (
        StackStatus.FAILED,
        "The run ended without a result.",
    )
    assert scene.row("network").is_deployed is False  # it was never claimed


def test_a_run_that_died_half_way_has_left_something(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(error="program-failed", fail_after=1)}
    with pytest.raises(Exception, match="script says so"):
        run_it(scene, operation_id)
    caught = {"Error": "ProgramFailed", "Cause": "boom"}
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    assert scene.row("network").status is StackStatus.FAILED
    assert scene.row("network").is_deployed


def test_outputs_that_no_row_holds_fail_the_stack_and_keep_the_rest(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(outputs={"big": "x" * MAX_OUTPUT_BYTES})}
    run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    row = scene.row("network")
    assert (row.status, row.resource_count, row.outputs) == (StackStatus.FAILED, 2, {})
    assert row.error is not None
    assert row.error["code"] == "configuration"


def test_a_stack_that_another_operation_left_under_way_begins_again(scene: Scene) -> None:
    scene.manifest(CHAIN)
    left = StackRecord(scene.deployment_id, "network", "dev", "acme", StackStatus.DEPLOYING, "", operation_id="01OLD")
    scene.stores.stacks.put(left)
    operation = scene.start()
    run(scene, operation.id)
    assert scene.row("network").status is StackStatus.DEPLOYED
