"""Makespan of scripted stacks through the state machine, the handlers and DynamoDB, over the critical path.

Start, hops and tail are read off the stored events of the same run: *start* is from the request until the runner of the first
stack on the critical path reports its first resource, a *hop* from the last resource of one stack to the first of the next on
the path (everything that is not the runner: record, schedule, token, prepare, claim), *tail* from the last resource until the
execution has ended, by the date that Step Functions gives.

Each scale runs RUNS times, and the shortest run is told whole: whatever else the machine does can only add time.
"""

from __future__ import annotations

import io
import itertools
import json
import statistics
import tempfile
import time
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud_local import process_tuning
from cloud_local.runtime import LocalCloud, Options
from tests.benchmarks.graph16 import DEPENDENCIES, SECONDS, critical_path, manifest
from tests.benchmarks.results import Figure

HOP_LIMIT_MS = 150.0
RUNS = 3
ASK_SECONDS = 0.1
SLEEP_SHARE = 0.98
"""Of the critical path: asking earlier would only take processor time from what is measured."""


def measure(*, scales: tuple[float, ...] = (1, 4)) -> list[Figure]:
    """The shortest run of each scale, in one local mode, after a warm-up run with durations of almost nothing."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, LocalCloud(Options(Path(folder), scripted=True)) as local:
        local.aws.wait_until_warm()
        process_tuning.resume()  # as local mode's own process does when it is warm
        with CloudClient(Context(**local.context())) as client:
            _run(local, client, 0.01)
            for scale in scales:
                shortest = min((_run(local, client, scale) for _ in range(RUNS)), key=lambda run: run["wall"])
                figures += _figures(shortest, scale)
    return figures


def _run(local: LocalCloud, client: CloudClient, scale: float) -> dict[str, Any]:
    deployment_id = publish(client, scale)
    began = time.time()
    operation_id = run_to_end(local, client, deployment_id, expected=scale * _critical_seconds())
    wall = execution(local, operation_id)["stopDate"].timestamp() - began
    state = client.operation(deployment_id, operation_id)["state"]
    if state != "succeeded":
        raise RuntimeError(f"The benchmark's operation {state}.")
    return {"wall": wall, "began": began, "scale": scale, "events": _events(local, deployment_id, operation_id)}


def publish(client: CloudClient, scale: float) -> str:
    """A deployment with the manifest of the sixteen stacks; gives its id."""
    deployment_id: str = client.init(org="bench", project="bench")["id"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as program:
        program.writestr("Pulumi.yaml", "name: bench\nruntime: python\n")
    digest = client.upload_program(deployment_id, archive.getvalue())
    client.put_manifest(
        deployment_id,
        manifest=manifest(deployment_id, scale),
        configs={},
        programs=dict.fromkeys(DEPENDENCIES, digest),
    )
    return deployment_id


def run_to_end(local: LocalCloud, client: CloudClient, deployment_id: str, *, expected: float) -> str:
    """Deploy, and return the operation's id when its execution has ended. It can't end before ``expected`` seconds."""
    operation = client.deploy(deployment_id, {"environment": "dev"})
    operation_id = str(operation["id"])
    time.sleep(SLEEP_SHARE * expected)
    while execution(local, operation_id)["status"] == "RUNNING":
        time.sleep(ASK_SECONDS)
    return operation_id


def execution(local: LocalCloud, operation_id: str) -> dict[str, Any]:
    """The operation's execution, as Step Functions describes it."""
    arn = local.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{operation_id}"
    told: dict[str, Any] = local.aws.client("stepfunctions").describe_execution(executionArn=arn)
    return told


def _critical_seconds() -> float:
    return float(sum(SECONDS[stack] for stack in critical_path()))


def _events(local: LocalCloud, deployment_id: str, operation_id: str) -> list[dict[str, Any]]:
    rows = local.aws.client("dynamodb").query(
        TableName="cloud-logs",
        KeyConditionExpression="PK = :pk AND begins_with(SK, :sk)",
        ExpressionAttributeValues={
            ":pk": {"S": f"DEPLOYMENT#{deployment_id}"},
            ":sk": {"S": f"EVENT#{operation_id}#"},
        },
    )["Items"]
    return [{"type": row["type"]["S"], "at": _epoch(row["timestamp"]["S"]), "data": row["data"]["S"]} for row in rows]


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _when(events: list[dict[str, Any]], stack: str, state: str) -> float:
    """When the stack's only resource was started, or done."""
    at: float = next(
        event["at"]
        for event in events
        if event["type"] == "stack.resource"
        and (data := json.loads(event["data"]))["stack"] == stack
        and data["state"] == state
    )
    return at


def _figures(run: dict[str, Any], scale: float) -> list[Figure]:
    path = critical_path()
    seconds = sum(SECONDS[stack] for stack in path) * scale
    name = "makespan_ratio" if scale == 1 else f"makespan_ratio_x{scale:g}"
    limit = 1.10 if scale == 1 else 1.02
    figures = [Figure(name, run["wall"] / seconds, "ratio", run["wall"] / seconds, limit)]
    if scale != 1:
        return figures
    begun = {stack: _when(run["events"], stack, "started") for stack in path}
    ended = {stack: _when(run["events"], stack, "done") for stack in path}
    hops = [(begun[after] - ended[before]) * 1000 for before, after in itertools.pairwise(path)]
    start = (begun[path[0]] - run["began"]) * 1000
    tail = (run["began"] + run["wall"] - ended[path[-1]]) * 1000
    layered = sum(max(SECONDS[stack] for stack in layer) for layer in _layers())
    return [
        *figures,
        Figure("makespan_wall_seconds", run["wall"], "s", run["wall"] / layered, None),
        Figure("makespan_start_ms", start, "ms", start / 1000 / seconds, None),
        Figure("makespan_hop_p50_ms", statistics.median(hops), "ms", sum(hops) / 1000 / seconds, HOP_LIMIT_MS),
        Figure("makespan_hop_max_ms", max(hops), "ms", max(hops) / 1000 / seconds, None),
        Figure("makespan_tail_ms", tail, "ms", tail / 1000 / seconds, None),
    ]


def _layers() -> list[list[str]]:
    depth: dict[str, int] = {}
    for stack in DEPENDENCIES:  # the graph is written in an order in which dependencies come first
        depth[stack] = 1 + max((depth[other] for other in DEPENDENCIES[stack]), default=0)
    return [[stack for stack in depth if depth[stack] == layer] for layer in range(1, max(depth.values()) + 1)]
