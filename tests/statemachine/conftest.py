"""Local mode with scripted stacks: the rendered state machine in the real interpreter, our handlers, DynamoDB's API.

One for a module. A test makes deployments of its own, and so never sees another's.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud_local.aws.faults import Decision
from cloud_local.handlers import deployed_name
from cloud_local.runtime import LocalCloud, Options
from tests.unit.service.scene import program

Json = dict[str, Any]
Graph = Mapping[str, Sequence[str]]
WAIT_SECONDS = 60.0


@dataclass
class Hold:
    """Keeps a delivery of a function (for one stack) until it is released; ``entered`` is set when it has come."""

    function: str
    stack: str = ""
    entered: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, name: str, event: Any) -> Decision | None:
        if name == deployed_name(self.function) and self.stack in ("", stack_of(event)):
            self.entered.set()
            assert self.released.wait(WAIT_SECONDS)
        return None

    def wait(self) -> None:
        assert self.entered.wait(WAIT_SECONDS), f"{self.function} was never called"


@dataclass
class Once:
    """Does something to the first delivery of each function that is named (all: none is named)."""

    decide: Callable[[str], Decision | None]
    functions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    met: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def __call__(self, name: str, event: Any) -> Decision | None:
        name = name.removeprefix(deployed_name("")).replace("-", "_")
        self.calls.append(name)
        wanted = (not self.functions or name in self.functions) and name not in self.left_out
        if not wanted or name in self.met:
            return None
        self.met.add(name)
        return self.decide(name)


def stack_of(event: Any) -> str:
    inner = event.get("input", event) if isinstance(event, dict) else {}
    return str(inner.get("stack", ""))


class Control:
    """A client of the control plane, and a look behind it."""

    def __init__(self, local: LocalCloud) -> None:
        self.local = local
        self.client = self.client_of("ann@example.com")

    def client_of(self, user: str) -> CloudClient:
        return CloudClient(replace(Context(**self.local.context()), user=user))

    # -- making

    def deployment(
        self,
        graph: Graph,
        *,
        scripts: Mapping[str, Mapping[str, Any]] | None = None,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, Any] | None = None,
        **document: Any,
    ) -> str:
        """A deployment whose stacks play ``scripts`` (see ScriptedRunner); gives its id."""
        deployment_id = str(self.client.init(org="acme", project="shop")["id"])
        self.put(deployment_id, graph, scripts=scripts, config=config, environment=environment, **document)
        return deployment_id

    def put(
        self,
        deployment_id: str,
        graph: Graph,
        *,
        scripts: Mapping[str, Mapping[str, Any]] | None = None,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, Any] | None = None,
        **document: Any,
    ) -> Json:
        digest = self.client.upload_program(deployment_id, program())
        stacks = {
            name: {
                "dependencies": list(needs),
                "config": {
                    "script": {"resources": 1, "outputs": {"id": f"{name}-id"}, **(scripts or {}).get(name, {})},
                    **(config or {}).get(name, {}),
                },
            }
            for name, needs in graph.items()
        }
        text = json.dumps(
            {
                "version": 1,
                "deployment": {"id": deployment_id, "org": "acme", "project": "shop"},
                "environments": {"dev": {"account": "111111111111", "region": "us-east-1", **(environment or {})}},
                "stacks": stacks,
                **document,
            }
        )
        return self.client.put_manifest(deployment_id, manifest=text, configs={}, programs=dict.fromkeys(graph, digest))

    # -- running

    def run(self, deployment_id: str, kind: str = "deploy", **request: Any) -> Json:
        """Start an operation and wait for its execution's end; gives the operation."""
        operation = self.start(deployment_id, kind, **request)
        self.wait(operation["id"])
        return self.client.operation(deployment_id, operation["id"])

    def start(self, deployment_id: str, kind: str = "deploy", **request: Any) -> Json:
        body = {"environment": "dev", **request}
        start = getattr(self.client, kind)
        found: Json = start(deployment_id, body)
        return found

    def wait(self, execution: str) -> str:
        """The status in which an execution (by its name) has ended."""
        return str(self.poll(lambda: self._ended(execution))["status"])

    def _ended(self, execution: str) -> Json | None:
        found: Json = self.describe(execution)
        return None if found["status"] == "RUNNING" else found

    def describe(self, execution: str) -> Json:
        found: Json = self.local.aws.client("stepfunctions").describe_execution(executionArn=self.arn(execution))
        return found

    def arn(self, execution: str) -> str:
        return self.local.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{execution}"

    def poll(self, look: Callable[[], Any]) -> Any:
        """What ``look`` finds at last. It asks again and again, for Step Functions tells nobody that an execution ended."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            threading.Event().wait(0.02)
        raise AssertionError("it never came")

    @contextmanager
    def interceptor(self, decide: Callable[[str, Any], Decision | None]) -> Iterator[None]:
        self.local.aws.functions.interceptors.append(decide)
        try:
            yield
        finally:
            self.local.aws.functions.interceptors.remove(decide)

    @contextmanager
    def held(self, function: str, stack: str = "") -> Iterator[Hold]:
        """Within, deliveries of the function wait until ``released`` is set (at the end at the latest)."""
        hold = Hold(function, stack)
        with self.interceptor(hold):
            try:
                yield hold
            finally:
                hold.released.set()

    # -- looking, straight into the tables

    def rows(self, table: str, deployment_id: str, prefix: str) -> list[Json]:
        """The rows of a deployment whose sort key begins so, in its order, as plain texts and numbers."""
        found = self.local.aws.client("dynamodb").query(
            TableName=f"cloud-{table}",
            KeyConditionExpression="PK = :pk" + (" AND begins_with(SK, :sk)" if prefix else ""),
            ExpressionAttributeValues={
                ":pk": {"S": f"DEPLOYMENT#{deployment_id}"},
                **({":sk": {"S": prefix}} if prefix else {}),
            },
            ConsistentRead=True,
        )["Items"]
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]

    def stacks(self, deployment_id: str) -> dict[str, str]:
        """The status of each stack as its row has it."""
        return {row["stack"]: row["status"] for row in self.rows("stacks", deployment_id, "STACK#")}

    def operation_row(self, deployment_id: str, operation_id: str) -> Json:
        (found,) = self.rows("deployments", deployment_id, f"OPERATION#{operation_id}")
        return found

    def sweep(self) -> Json:
        """What the schedule does every minute; gives how many operations the reconciler found or left how."""
        outcome = self.local.aws.functions.invoke(
            deployed_name("reconcile_operation"), {"detail-type": "Scheduled Event"}
        )
        assert not outcome.function_error, outcome.payload
        found: Json = outcome.result["operations"]
        return found

    def settle(self, deployment_id: str, operation_id: str) -> None:
        """Sweep until the operation is settled."""

        def settled() -> bool:
            self.sweep()
            return bool(self.operation_row(deployment_id, operation_id)["settled"])

        self.poll(settled)

    def stack(self, deployment_id: str, name: str) -> Json:
        (found,) = self.rows("stacks", deployment_id, f"STACK#{name}#")
        return found

    def environment(self, deployment_id: str) -> str:
        (found,) = self.rows("deployments", deployment_id, "ENV#dev")
        return str(found["status"])

    def is_free(self, deployment_id: str) -> bool:
        """Whether nobody holds the environment or waits for it."""
        found = self.rows("deployments", deployment_id, "LOCK#dev")
        return all("owner" not in row or row["owner"] is True for row in found) and all(
            json.loads(row["queue"]) == [] for row in found
        )

    def events(self, deployment_id: str, operation_id: str) -> list[Json]:
        """The data of the stored events, with their type; their sequence has no gap, and only the last one is terminal."""
        rows = self.rows("logs", deployment_id, f"EVENT#{operation_id}#")
        assert [int(row["sequence"]) for row in rows] == list(range(1, len(rows) + 1))
        events = [{"type": row["type"], "at": row["timestamp"], **json.loads(row["data"])} for row in rows]
        assert [event.get("terminal", False) for event in events[:-1]] == [False] * (len(events) - 1)
        return events

    def ran(self, deployment_id: str, operation_id: str) -> list[tuple[str, str]]:
        """Stacks in the order in which they began and ended: (stack, "deploying"), (stack, "deployed"), …"""
        return [
            (event["stack"], event["status"])
            for event in self.events(deployment_id, operation_id)
            if "stack" in event and "status" in event
        ]

    def assert_ended(self, deployment_id: str, operation: Json, state: str) -> None:
        """What holds after every operation: the row, the last event, the free environment."""
        (row,) = self.rows("deployments", deployment_id, f"OPERATION#{operation['id']}")
        assert row["state"] == state
        assert row["finished_at"]
        last = self.events(deployment_id, operation["id"])[-1]
        assert (last["terminal"], last["state"]) == (True, state)
        assert self.is_free(deployment_id)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with LocalCloud(Options(tmp_path_factory.mktemp("local"), scripted=True)) as local:
        local.aws.wait_until_warm()
        control = Control(local)
        with control.client:
            yield control
