"""Executions that are stopped or die, hand-overs that are lost, deliveries that come too late: the reconciler mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud.client.contexts import LOCAL, Context, save_context
from cloud.domain.errors import LockHeld, NotFound
from cloud_cli.main import main
from cloud_local.aws.faults import Decision, Respond
from cloud_local.handlers import deployed_name
from tests.statemachine.conftest import Control

pytestmark = pytest.mark.xdist_group("statemachine-reconciler")

CHAIN = {"network": [], "app": ["network"]}
LONG = {"network": {"seconds": 600}}


def stop(cloud: Control, operation: dict[str, Any]) -> None:
    """StopExecution, as somebody does it in the console."""
    cloud.local.aws.client("stepfunctions").stop_execution(executionArn=cloud.arn(operation["id"]))


def running(cloud: Control, deployment: str) -> dict[str, Any]:
    """A deploy whose first stack runs, and has its claim."""
    operation = cloud.start(deployment)
    cloud.poll(lambda: any(isinstance(row.get("claim"), str) for row in cloud.rows("stacks", deployment, "STACK#")))
    return operation


def queued(cloud: Control, deployment: str, kind: str = "deploy") -> dict[str, Any]:
    """An operation that waits for another to free the environment."""
    operation = cloud.start(deployment, kind)
    cloud.poll(lambda: [e for e in cloud.events(deployment, operation["id"]) if e.get("waiting_for")])
    return operation


def test_an_execution_that_is_stopped_in_the_middle_of_a_run_is_brought_to_the_truth(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN, scripts=LONG)
    first = running(cloud, deployment)
    cloud.put(deployment, CHAIN)
    second = queued(cloud, deployment)
    stop(cloud, first)
    # The runner is alive: it is asked to stop, and only then the operation ends and the environment goes on.
    cloud.settle(deployment, first["id"])
    ended = cloud.operation_row(deployment, first["id"])
    assert (ended["state"], json.loads(ended["error"])["code"]) == ("error", "internal")
    assert dict(cloud.ran(deployment, first["id"])) == {"network": "cancelled", "app": "cancelled"}
    assert cloud.events(deployment, first["id"])[-1]["terminal"]
    assert cloud.wait(second["id"]) == "SUCCEEDED"
    cloud.assert_ended(deployment, second, "succeeded")


def test_an_operation_that_is_cancelled_and_then_stopped_is_cancelled(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        operation = cloud.start(deployment)
        hold.wait()
        cloud.client.cancel(deployment, operation_id=operation["id"])
        stop(cloud, operation)
        cloud.poll(lambda: cloud.operation_row(deployment, operation["id"])["settled"])  # told by the event: no sweep
        cloud.assert_ended(deployment, operation, "cancelled")
    # The delivery of RunStack that was held comes now, too late: it runs nothing.
    assert cloud.stacks(deployment) == {"network": "failed", "app": "cancelled"}


def test_a_forced_cancel_kills_what_runs(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN, scripts=LONG)
    operation = running(cloud, deployment)
    for force in (False, True):
        cloud.client.cancel(deployment, operation_id=operation["id"], force=force)
    cloud.wait(operation["id"])
    cloud.assert_ended(deployment, operation, "cancelled")
    told = [e for e in cloud.events(deployment, operation["id"]) if e.get("cancelling")]
    assert [event.get("forced", False) for event in told] in (
        [False, True],
        [False],
    )  # the first may have ended it already


def test_an_operation_whose_last_step_dies_has_ended_as_its_stacks_have(cloud: Control) -> None:
    """Every attempt of FinishOperation dies: the environment is freed all the same, and the next one goes on."""
    deployment = cloud.deployment(CHAIN)

    def dies(name: str, event: Any) -> Decision | None:
        if name == deployed_name("finish_operation") and event["input"]["operation_id"] == first["id"]:
            return Respond({"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited"}, "Unhandled")
        return None

    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = queued(cloud, deployment, "destroy")
        with cloud.interceptor(dies):
            hold.released.set()
            assert cloud.wait(first["id"]) == "FAILED"
    cloud.wait(second["id"])
    cloud.poll(lambda: cloud.operation_row(deployment, first["id"])["settled"])
    cloud.assert_ended(deployment, first, "succeeded")
    cloud.assert_ended(deployment, second, "succeeded")


def test_a_delivery_that_comes_after_a_later_one_does_not_take_its_place(cloud: Control) -> None:
    """A zombie of AcquireEnvironment: its token must not overwrite the one that waits, or nobody would ever be woken."""
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = queued(cloud, deployment)
        zombie = {
            "deployment_id": deployment,
            "environment": "dev",
            "operation_id": second["id"],
            "token": "of an attempt that is over",
            "entered_at": "2020-01-01T00:00:00.000Z",
            "retries": 0,
        }
        outcome = cloud.local.aws.functions.invoke(deployed_name("acquire_environment"), zombie)
        assert outcome.result["errorType"] == "StaleWrite"
    cloud.wait(first["id"])
    assert cloud.wait(second["id"]) == "SUCCEEDED"


def test_a_sweep_finds_what_runs_and_changes_nothing_of_it(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = queued(cloud, deployment)
        before = [cloud.events(deployment, each["id"]) for each in (first, second)]
        assert cloud.sweep()["running"] >= 2
        assert [cloud.events(deployment, each["id"]) for each in (first, second)] == before
    cloud.wait(second["id"])
    cloud.assert_ended(deployment, first, "succeeded")
    cloud.assert_ended(deployment, second, "completed")


def test_the_lock_shows_who_holds_the_environment_and_is_freed_only_from_the_dead(cloud: Control) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = queued(cloud, deployment, "destroy")
        lock = cloud.client.lock(deployment, "dev")
        assert (lock["owner"]["operation_id"], lock["owner"]["is_running"]) == (first["id"], True)
        assert lock["owner"]["execution_arn"] == cloud.arn(first["id"])
        assert [(place["position"], place["operation_id"]) for place in lock["queue"]] == [(1, second["id"])]
        with pytest.raises(LockHeld, match="whose execution runs") as refused:
            cloud.client.release_lock(deployment, "dev")
        assert refused.value.hint == f"`cloud cancel --operation {first['id']}` ends it."
    cloud.wait(second["id"])
    assert cloud.client.release_lock(deployment, "dev") == cloud.client.lock(deployment, "dev")
    assert cloud.client.lock(deployment, "dev")["owner"] is None
    for environment in ("prod", "../x"):
        with pytest.raises(NotFound):
            cloud.client.lock(deployment, environment)


@pytest.fixture
def shell(
    cloud: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """One command line against this control plane: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path))
    save_context(LOCAL, Context(**cloud.local.context()))

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return (main(arguments), *capsys.readouterr())

    return run


def test_the_commands_show_free_and_cancel(cloud: Control, shell: Callable[..., tuple[int, str, str]]) -> None:
    deployment = cloud.deployment(CHAIN)
    with cloud.held("run_stack", "network") as hold:
        first = cloud.start(deployment)
        hold.wait()
        second = queued(cloud, deployment)
        code, out, _ = shell("lock", "show", deployment)
        assert code == 0
        head, owner, place = out.splitlines()
        assert head == "dev is held."
        assert owner.split()[:6] == ["held", "by", "deploy", first["id"], "running", "ann@example.com"]
        assert owner.split()[-3:] == ["execution", "runs", cloud.arn(first["id"])]
        assert place.split()[:4] == ["1.", "deploy", second["id"], "queued"]
        code, _, err = shell("lock", "release", deployment)
        assert (code, f"cloud cancel --operation {first['id']}" in err) == (5, True)
        code, _, err = shell("cancel", deployment, "--force")
        assert (code, "cloud cancel --force --yes" in err) == (2, True)
        code, out, _ = shell("cancel", deployment, "--force", "--yes", "--json")
        assert (code, json.loads(out)["id"]) == (0, first["id"])
    cloud.wait(second["id"])
    cloud.assert_ended(deployment, first, "cancelled")
    assert shell("lock", "release", deployment)[:2] == (0, "dev is free.\n")
    code, out, _ = shell("lock", "show", deployment, "--json")
    assert (code, json.loads(out)["owner"]) == (0, None)
    assert "release" in shell("lock")[1]
