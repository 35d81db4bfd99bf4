from __future__ import annotations

import math
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script, ScriptedRunner
from cloud.domain.errors import ConfigurationError, RunInterrupted, RunTimedOut, Throttled
from cloud.domain.events import NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import RunRequest


class ManualTime:
    def __init__(self) -> None:
        self.now = 100.0
        self.longest = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.longest = max(self.longest, seconds)
        self.now += seconds


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


def request(kind: OperationKind = OperationKind.DEPLOY, **more: Any) -> RunRequest:
    values = {"program": b"zip", "timeout_seconds": 1800.0, **more}
    return RunRequest("01J", "D1BRV40", "dev", "network", "D1BRV40-network-dev", "ecommerce", kind, **values)


def run(runner: ScriptedRunner, asked: RunRequest, **more: Any) -> Any:
    return runner.run(asked, more.get("emit", lambda events: None), more.get("should_stop", lambda: False))


def test_a_run_takes_as_long_as_its_script_says(time: ManualTime) -> None:
    runner = ScriptedRunner({"network": Script(seconds=13.5, resources=4)}, sleep=time.sleep, clock=time.clock)

    assert run(runner, request()).seconds == pytest.approx(13.5)
    assert time.longest <= 1.0


def test_a_script_without_resources_takes_its_time_too(time: ManualTime) -> None:
    runner = ScriptedRunner({"network": Script(seconds=2, resources=0)}, sleep=time.sleep, clock=time.clock)
    assert run(runner, request()).seconds == pytest.approx(2)


def test_the_script_may_stand_in_the_stacks_configuration(time: ManualTime) -> None:
    runner = ScriptedRunner(sleep=time.sleep, clock=time.clock)
    config = {"ecommerce:script": {"seconds": 3, "resources": 1, "outputs": {"vpcId": "vpc-1"}}}
    result = run(runner, request(config=config))

    assert (result.seconds, dict(result.changes), result.outputs) == (
        pytest.approx(3),
        {"create": 1},
        {"vpcId": "vpc-1"},
    )


def test_a_script_that_is_none_is_refused(time: ManualTime) -> None:
    with pytest.raises(ConfigurationError, match="no duration"):
        run(ScriptedRunner(), request(config={"ecommerce:script": {"duration": 3}}))


def test_a_script_fails_where_and_as_it_says(time: ManualTime) -> None:
    script = Script(resources=3, error="throttled", message="Rate exceeded", fail_after=1)
    runner = ScriptedRunner({"network": script}, sleep=time.sleep, clock=time.clock)
    told: list[NewEvent] = []

    with pytest.raises(Throttled, match="Rate exceeded"):
        run(runner, request(), emit=told.extend)
    assert [event.data["state"] for event in told] == ["started", "done"]
    assert run(runner, request(OperationKind.REFRESH)).resource_count == 1


def test_resources_that_the_script_no_longer_has_are_deleted(time: ManualTime) -> None:
    runner = ScriptedRunner(sleep=time.sleep, clock=time.clock)
    run(runner, request(config={"ecommerce:script": {"resources": 3}}))

    assert run(runner, request(config={"ecommerce:script": {"resources": 1}})).changes == {"same": 1, "delete": 2}


def test_a_script_that_hangs_ends_by_time_out_or_by_being_stopped(time: ManualTime) -> None:
    runner = ScriptedRunner({"network": Script(seconds=math.inf)}, sleep=time.sleep, clock=time.clock)

    with pytest.raises(RunTimedOut):
        run(runner, request(timeout_seconds=7.5))
    assert time.now == pytest.approx(107.5)
    with pytest.raises(RunInterrupted):
        run(runner, request(), should_stop=lambda: time.now > 110)
    assert time.now <= 112


@pytest.mark.parametrize("kind", [OperationKind.PREVIEW, OperationKind.DRIFT])
def test_who_only_looks_waits_for_nobody_and_writes_nothing(time: ManualTime, kind: OperationKind) -> None:
    runner = ScriptedRunner({"network": Script(resources=2)}, sleep=time.sleep, clock=time.clock)
    seen: list[int] = []

    def look(_: object) -> None:
        seen.append(run(runner, request(kind)).resource_count)

    assert run(runner, request(), emit=look).resource_count == 2  # one is under way while others look
    assert set(seen) == {0}
    etag = runner.states.etag("ecommerce", "D1BRV40-network-dev")
    assert run(runner, request(kind)).changes == {"same": 2}
    assert runner.states.etag("ecommerce", "D1BRV40-network-dev") == etag
