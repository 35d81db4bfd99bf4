"""One emulated AWS for a module, with the functions that its tests add."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cloud_local.aws.codebuild import Build, BuildRequest
from cloud_local.aws.server import EmulatedAws
from tests.unit.local.aws.definitions import poll

ROLE = "arn:aws:iam::123456789012:role/state-machine"


@dataclass
class FakeBuild:
    """A build that ends when the test says so."""

    request: BuildRequest
    ended: threading.Event = field(default_factory=threading.Event)
    status: str = "SUCCEEDED"

    def wait(self, seconds: float) -> str | None:
        return self.status if self.ended.wait(seconds) else None

    def stop(self) -> None:
        self.status = "STOPPED"
        self.ended.set()


class Builds:
    """What the state machines of the tests started."""

    def __init__(self) -> None:
        self.started: list[FakeBuild] = []
        self._changed = threading.Condition()

    def start(self, request: BuildRequest) -> Build:
        if request.project_name == "unknown":
            raise LookupError("Project cannot be found: unknown")
        with self._changed:
            build = FakeBuild(request)
            self.started.append(build)
            self._changed.notify_all()
        return build

    def next(self, name: str) -> FakeBuild:
        """The build with the variable NAME=``name``, once it is started."""

        def find() -> FakeBuild | None:
            return next((each for each in self.started if each.request.environment.get("NAME") == name), None)

        with self._changed:
            build = self._changed.wait_for(find, 10)
        assert build is not None
        return build


@pytest.fixture(scope="module")
def builds() -> Builds:
    return Builds()


@pytest.fixture(scope="module")
def aws(builds: Builds) -> Iterator[EmulatedAws]:
    with EmulatedAws(start_build=builds.start) as emulated:
        yield emulated


class Machines:
    """Runs definitions, each under a name of its own."""

    def __init__(self, aws: EmulatedAws) -> None:
        self._states = aws.client("stepfunctions")

    def start(self, name: str, states: dict[str, Any], given: Any = None, **top: Any) -> str:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **top})
        machine = self._states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        started = self._states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given or {}))
        arn: str = started["executionArn"]
        return arn

    def end_of(self, execution: str) -> dict[str, Any]:
        """The description of the execution once it has ended; its output parsed."""

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = self._states.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        described = poll(ended)
        if "output" in described:
            described["output"] = json.loads(described["output"])
        return described

    def run(self, name: str, states: dict[str, Any], given: Any = None, **top: Any) -> dict[str, Any]:
        return self.end_of(self.start(name, states, given, **top))


@pytest.fixture(scope="module")
def machines(aws: EmulatedAws) -> Machines:
    return Machines(aws)
