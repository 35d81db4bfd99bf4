"""Run claims: one runner per stack, heartbeats, and what becomes of those who lost their claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import InternalError, NotFound, ProgramFailed, StackBusy, StaleWrite, Throttled
from cloud.domain.records import RunClaim, StackRecord
from cloud.domain.states import StackStatus
from cloud.ports.runner import Stop
from cloud.service.cancel_operation import cancel_operation
from cloud.service.prepare_stack import prepare_stack
from cloud.service.record_stack import record_stack
from cloud.service.run_claims import (
    EXPIRES_SECONDS,
    GIVE_UP_SECONDS,
    HEARTBEAT_SECONDS,
    INTERRUPT_SECONDS,
    MARGIN_SECONDS,
    HeldClaim,
    is_dead,
    new_claim,
)
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene
from tests.unit.service.stages import CHAIN, begun, run_it


class Watched:
    """A run that holds its claim, and the clock on which its heartbeats are due."""

    def __init__(self, scene: Scene, stacks: Any = None) -> None:
        self.scene = scene
        self.now = 0.0
        self.operation_id = begun(scene)
        platform = scene.platform
        if stacks is not None:
            platform = replace(platform, stores=replace(scene.stores, stacks=stacks))
        operation = scene.operation(self.operation_id)
        self.claim = new_claim(platform, operation, 1, 800.0)
        row = scene.stores.stacks.put(replace(scene.row("network"), attempt=1, claim=self.claim))
        self.held = HeldClaim(platform, operation, row, self.claim, lambda: self.now)

    def after(self, seconds: float) -> Stop:
        """What the runner is told that many seconds later."""
        self.now += seconds
        self.scene.clock.advance(seconds)
        return self.held()

    def stolen(self) -> None:
        """Somebody else has the row now."""
        thief = replace(self.claim, holder="thief")
        self.scene.stores.stacks.put(replace(self.scene.row("network"), claim=thief))


class Stumbling:
    """The stacks, whose writes fail with ``errors``, one each."""

    def __init__(self, scene: Scene) -> None:
        self._stacks = scene.stores.stacks
        self.errors: list[Exception] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stacks, name)

    def put(self, record: StackRecord) -> StackRecord:
        if self.errors:
            raise self.errors.pop(0)
        return self._stacks.put(record)


def test_a_run_takes_its_claim_and_gives_it_back_with_its_report(scene: Scene) -> None:
    operation_id = begun(scene)
    seen: list[RunClaim | None] = []
    put = scene.runner.run

    def looking(*arguments: Any) -> Any:
        seen.append(scene.row("network").claim)
        return put(*arguments)

    scene.runner.run = looking  # type: ignore[method-assign]  # the runner of this scene, not code of ours
    run_it(scene, operation_id)
    (claim,) = seen
    assert claim is not None
    assert (claim.operation_id, claim.attempt) == (operation_id, 1)
    row = scene.row("network")
    assert row.claim is None
    assert row.report is not None
    assert row.report["result"]["changes"] == {"create": 2}
    assert row.status is StackStatus.DEPLOYING  # only RecordStack writes results


def test_a_heartbeat_renews_the_claim_every_fifteen_seconds(scene: Scene) -> None:
    watched = Watched(scene)
    assert watched.after(HEARTBEAT_SECONDS - 1) is Stop.NO
    assert scene.row("network").claim == watched.claim
    assert watched.after(1) is Stop.NO
    claim = scene.row("network").claim
    assert claim is not None
    assert claim.heartbeat_at > watched.claim.heartbeat_at
    assert claim.holder == watched.claim.holder


def test_a_run_whose_claim_is_anothers_is_killed_and_its_result_refused(scene: Scene) -> None:
    watched = Watched(scene)
    watched.stolen()
    assert watched.after(1) is Stop.NO
    assert watched.after(HEARTBEAT_SECONDS) is Stop.KILL
    assert watched.after(1) is Stop.KILL
    with pytest.raises(StackBusy, match="refused"):
        watched.held.give_back({"operation_id": watched.operation_id, "attempt": 1, "result": {}})
    assert scene.row("network").report is None


def test_a_write_beside_the_claim_does_not_lose_it(scene: Scene) -> None:
    watched = Watched(scene)
    scene.stores.stacks.put(replace(scene.row("network"), reason="touched"))
    assert watched.after(HEARTBEAT_SECONDS) is Stop.NO
    assert watched.after(1) is Stop.NO  # the renewal that was refused is tried again at once
    claim = scene.row("network").claim
    assert claim is not None
    assert claim.heartbeat_at > watched.claim.heartbeat_at
    scene.stores.stacks.put(replace(scene.row("network"), reason="touched again"))
    watched.held.give_back({"operation_id": watched.operation_id, "attempt": 1, "result": {}})
    assert scene.row("network").report is not None
    assert scene.row("network").reason == "touched again"


def test_a_runner_that_cannot_renew_stops_before_its_claim_expires(scene: Scene) -> None:
    stacks = Stumbling(scene)
    watched = Watched(scene, stacks)
    stacks.errors = [Throttled("slow down")] * 100
    answers = [watched.after(1) for _ in range(int(GIVE_UP_SECONDS))]
    gentle = int(INTERRUPT_SECONDS)
    assert answers[: gentle - 1] == [Stop.NO] * (gentle - 1)
    assert answers[gentle - 1 : -1] == [Stop.INTERRUPT] * (len(answers) - gentle)
    assert answers[-1] is Stop.KILL


def test_a_runner_that_was_not_asked_for_long_goes_on_when_its_renewal_is_taken(scene: Scene) -> None:
    assert Watched(scene).after(INTERRUPT_SECONDS + 1) is Stop.NO


def test_a_renewal_that_fails_for_good_is_no_silence(scene: Scene) -> None:
    stacks = Stumbling(scene)
    watched = Watched(scene, stacks)
    stacks.errors = [NotFound("the table is gone")]
    with pytest.raises(NotFound):
        watched.after(HEARTBEAT_SECONDS)


def test_a_row_that_is_gone_is_a_claim_that_is_lost(scene: Scene) -> None:
    stacks = Stumbling(scene)
    watched = Watched(scene, stacks)
    stacks.errors = [StaleWrite("changed")]
    stacks.get = lambda *_: None  # type: ignore[method-assign]
    assert watched.after(HEARTBEAT_SECONDS) is Stop.KILL


@pytest.mark.parametrize(("force", "stop"), [(False, Stop.INTERRUPT), (True, Stop.KILL)])
def test_a_cancel_interrupts_a_run_and_a_forced_one_kills_it(scene: Scene, force: bool, stop: Stop) -> None:
    watched = Watched(scene)
    assert watched.after(0) is Stop.NO
    cancel_operation(scene.platform, scene.deployment_id, watched.operation_id, caller="ops", force=force)
    assert watched.after(0.5) is Stop.NO  # the store is asked once a second at most
    assert watched.after(0.5) is stop


def test_a_claim_is_dead_when_its_executor_is(scene: Scene) -> None:
    claim = Watched(scene).claim
    now = scene.clock.now()
    lives = 800.0 + MARGIN_SECONDS
    assert not is_dead(claim, now + timedelta(seconds=lives))
    assert is_dead(claim, now + timedelta(seconds=lives + 60))


def test_nobody_takes_a_stack_whose_runner_may_be_alive(scene: Scene) -> None:
    scene.manifest(CHAIN)
    run(scene, scene.start().id)
    claim = RunClaim("01OLD", 1, "zombie", "", scene.platform.timestamp(), scene.platform.timestamp())
    scene.stores.stacks.put(replace(scene.row("network"), claim=claim))
    operation_id = begun(scene, "app")
    for _ in range(2):
        with pytest.raises(StackBusy, match="may still be alive") as refused:
            prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    waits = [status for stack, status in scene.told(operation_id, "stack", "status") if stack == "network"]
    assert waits == ["waiting"]  # told once, however often it is asked
    assert refused.value.ids["operation_id"] == "01OLD"
    scene.clock.advance(61)
    prepare_stack(scene.platform, scene.deployment_id, operation_id, "network", go=True)
    assert scene.row("network").claim is None


def test_a_failed_run_leaves_its_error_and_how_long_it_took(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(error="program-failed", message="boom")}
    with pytest.raises(ProgramFailed):
        run_it(scene, operation_id)
    assert scene.row("network").claim is None
    # Whatever becomes of the answer: RecordStack knows it from the report.
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    row = scene.row("network")
    assert (row.status, row.reason, row.report) == (StackStatus.FAILED, "boom", None)
    assert row.last_seconds > 0


def test_a_defect_of_the_runner_is_reported_like_a_failure(scene: Scene) -> None:
    operation_id = begun(scene)

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("oops")

    scene.runner.run = broken  # type: ignore[method-assign]  # the runner of this scene, not code of ours
    with pytest.raises(InternalError, match="ZeroDivisionError: oops"):
        run_it(scene, operation_id)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert scene.row("network").status is StackStatus.FAILED
    assert "oops" in scene.row("network").reason


def test_a_runner_that_died_leaves_its_claim_behind_for_the_next_one_to_respect(scene: Scene) -> None:
    operation_id = begun(scene)

    class Killed(BaseException):
        """As SIGKILL: no code of ours runs after it."""

    def killed(*_: Any) -> Any:
        raise Killed

    scene.runner.run = killed  # type: ignore[method-assign]  # the runner of this scene, not code of ours
    with pytest.raises(Killed):
        run_it(scene, operation_id)
    caught = {"Error": "Lambda.Unknown", "Cause": ""}
    with pytest.raises(StackBusy, match="still runs"):  # it may be alive, and end well
        record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    scene.clock.advance(EXPIRES_SECONDS)
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", caught)
    row = scene.row("network")
    assert row.status is StackStatus.FAILED
    assert row.claim is not None
    assert row.claim.operation_id == operation_id


def test_a_report_of_another_attempt_does_not_count(scene: Scene) -> None:
    operation_id = begun(scene)
    run_it(scene, operation_id)
    scene.stores.stacks.put(replace(scene.row("network"), attempt=2))
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert scene.row("network").reason == "The run ended without a result."


def test_a_large_result_goes_by_way_of_a_record(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(outputs={"text": "x" * 100_000})}
    run_it(scene, operation_id)
    report = scene.row("network").report
    assert report is not None
    assert report["record"] == "result-network-1.json"
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert len(scene.row("network").outputs["text"]) == 100_000
