"""The same in local mode: the real interpreter, our handlers by Invoke, DynamoDB's API, scripted stacks.

What goes wrong is drawn by a seed; which thread is faster is not. So a failing seed names its faults, and may have to be tried
more than once to fail again.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from cloud_local.aws.faults import Decision, InvokeRefused, LoseResponse, Repeat, Respond, throttled
from cloud_local.handlers import deployed_name
from cloud_local.runtime import LocalCloud, Options
from tests.statemachine.conftest import WAIT_SECONDS, Control

pytestmark = pytest.mark.xdist_group("statemachine")

FUNCTIONS = (
    "open_operation",
    "plan_deployment",
    "acquire_environment",
    "confirm_plan",
    "await_dependencies",
    "prepare_stack",
    "run_stack",
    "record_stack",
    "evaluate_outcome",
    "finish_operation",
)
ANSWERS = ("refused", "failed", "lost", "twice", "exits")
ACTIONS = ("cancel", "force", "stop", "gateway restarts", "sweep")
SEEDS = range(1, 9)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with LocalCloud(Options(tmp_path_factory.mktemp("faults"), scripted=True)) as local:
        local.aws.wait_until_warm()
        control = Control(local)
        with control.client:
            yield control


def answered(kind: str) -> Decision | None:
    if kind == "refused":
        raise throttled()
    if kind == "failed":
        raise InvokeRefused(500, "ServiceException", "The service is not well.")
    if kind == "exits":
        return Respond({"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited"}, "Unhandled")
    return LoseResponse() if kind == "lost" else Repeat(1)


@dataclass
class Trouble:
    """Strikes the ``occurrence``-th delivery of a function, once; a person acts when the operations have been started."""

    function: str
    kind: str
    occurrence: int
    act: Callable[[], None] = lambda: None
    started: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, name: str, event: Any) -> Decision | None:
        if name != deployed_name(self.function):
            return None
        with self._lock:
            self.occurrence -= 1
            if self.occurrence != 0:
                return None
        if self.kind in ANSWERS:
            return answered(self.kind)
        assert self.started.wait(WAIT_SECONDS)
        self.act()
        return None


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_agrees_after_whatever_goes_wrong(cloud: Control, seed: int) -> None:
    chance = random.Random(f"local {seed}")
    names = ("network", "storage", "app", "web")[: chance.randint(2, 4)]
    graph = {name: chance.sample(names[:index], min(index, chance.randint(0, 2))) for index, name in enumerate(names)}
    deployment = cloud.deployment(graph, policy={"max_parallel": chance.randint(1, 3)})
    operations: list[dict[str, Any]] = []

    def act(kind: str) -> None:
        for operation in operations:
            if kind in ("cancel", "force"):
                cloud.client.cancel(deployment, operation_id=operation["id"], force=kind == "force")
            elif kind == "stop":
                cloud.local.aws.client("stepfunctions").stop_execution(executionArn=cloud.arn(operation["id"]))
        if kind == "sweep":
            cloud.sweep()
        if kind == "gateway restarts":
            with cloud.local.without_gateway():
                pass

    troubles = [
        Trouble(chance.choice(FUNCTIONS), kind, chance.randint(1, 2), lambda kind=kind: act(kind))  # type: ignore[misc]
        for kind in [chance.choice((*ANSWERS, *ACTIONS)) for _ in range(chance.randint(1, 3))]
    ]
    kinds = chance.choice((["deploy"], ["deploy"], ["deploy", "deploy"], ["destroy", "deploy"]))
    if "destroy" in kinds:
        cloud.run(deployment)
    with ExitStack() as stack:
        for trouble in troubles:
            stack.enter_context(cloud.interceptor(trouble))
        operations += [cloud.start(deployment, kind) for kind in kinds]
        for trouble in troubles:
            trouble.started.set()
        for operation in operations:
            cloud.wait(operation["id"])
            cloud.settle(deployment, operation["id"])
    for operation in operations:
        agrees(cloud, deployment, operation["id"])

    last = cloud.run(deployment)
    assert last["state"] in ("succeeded", "completed"), (troubles, last["error"])
    cloud.settle(deployment, last["id"])
    agrees(cloud, deployment, last["id"])
    assert set(cloud.stacks(deployment).values()) <= {"deployed", "unchanged"}, troubles
    assert set(cloud.stacks(deployment)) == set(graph)


def agrees(cloud: Control, deployment: str, operation_id: str) -> None:
    """One end, told once and last; one result for each stack; nothing held."""
    row = cloud.operation_row(deployment, operation_id)
    events = cloud.events(deployment, operation_id)  # without a gap, and only the last one is terminal
    assert (events[-1]["terminal"], events[-1]["state"]) == (True, row["state"])
    results: dict[str, set[str]] = {}
    for event in events:
        if "stack" in event and event.get("status") not in (None, "deploying", "destroying"):
            results.setdefault(event["stack"], set()).add(event["status"])
    assert all(len(each) == 1 for each in results.values()), results
    assert cloud.is_free(deployment)
    for stack in cloud.rows("stacks", deployment, "STACK#"):
        assert json.loads(stack["claim"]) is None if isinstance(stack.get("claim"), str) else True
        assert stack["status"] not in ("deploying", "destroying", "waiting", "pending"), stack
