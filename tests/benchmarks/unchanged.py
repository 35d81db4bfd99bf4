"""A deploy of sixteen scripted stacks of which nothing has changed, and what a deploy writes.

From the start of the execution to its end, as Step Functions tells them: each stack is prepared, found unchanged and recorded,
and nothing runs. Writes are counted at DynamoDB's API in a first deploy, by what they are for; a transaction counts each of its
items. Heartbeats are renewals of a run's claim, counted in a run with durations four times as long as the makespan's.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cloud.client.contexts import Context
from cloud.client.rest import CloudClient
from cloud_local import process_tuning
from cloud_local.runtime import LocalCloud, Options
from tests.benchmarks.graph16 import DEPENDENCIES, SECONDS
from tests.benchmarks.makespan import execution, publish, run_to_end
from tests.benchmarks.results import Figure

UNCHANGED_LIMIT_SECONDS = 1.5
LONG = 4


def measure() -> list[Figure]:
    writes: Counter[str] = Counter()

    def note(operation: str, request: bytes, _: bytes) -> None:
        writes.update(_written(operation, json.loads(request)))

    with tempfile.TemporaryDirectory() as folder, LocalCloud(Options(Path(folder), scripted=True)) as local:
        local.aws.wait_until_warm()
        process_tuning.resume()  # as local mode's own process does when it is warm
        with CloudClient(Context(**local.context())) as client:
            short = publish(client, 0.01)
            run_to_end(local, client, short, expected=0.0)
            run_to_end(local, client, short, expected=0.0)
            times = sorted(execution_seconds(local, run_to_end(local, client, short, expected=0.0)) for _ in range(5))
            counted = publish(client, 0.01)
            local.aws.observe("DynamoDB", note)
            run_to_end(local, client, counted, expected=0.0)
            once = dict(writes)
            long = publish(client, LONG)
            writes.clear()
            run_to_end(local, client, long, expected=13.5 * LONG)
    stacks = len(DEPENDENCIES)
    minutes = sum(SECONDS.values()) * LONG / 60
    unchanged = times[len(times) // 2]
    return [
        Figure("unchanged_16_seconds", unchanged, "s", unchanged / UNCHANGED_LIMIT_SECONDS, UNCHANGED_LIMIT_SECONDS),
        Figure("writes_per_stack", sum(once.values()) / stacks, "writes", 1.0),
        *(
            Figure(f"writes_per_stack_{kind}", count / stacks, "writes", count / sum(once.values()))
            for kind, count in sorted(once.items())
        ),
        Figure("heartbeat_writes_per_running_minute", writes["heartbeats"] / minutes, "writes", None),
    ]


def execution_seconds(local: LocalCloud, operation_id: str) -> float:
    """From the start of the operation's execution to its end, as Step Functions tells them."""
    told = execution(local, operation_id)
    seconds: float = (told["stopDate"] - told["startDate"]).total_seconds()
    return seconds


def _written(operation: str, request: dict[str, Any]) -> Iterator[str]:
    """What each item that a call writes is for."""
    if operation == "PutItem":
        yield _purpose(request["Item"])
    elif operation in ("UpdateItem", "DeleteItem"):
        yield _purpose(request["Key"])
    elif operation == "TransactWriteItems":
        for entry in request["TransactItems"]:
            for action, write in entry.items():
                if action != "ConditionCheck":
                    yield _purpose(write.get("Item") or write["Key"])
    elif operation == "BatchWriteItem":
        for entries in request["RequestItems"].values():
            for entry in entries:
                yield _purpose(next(iter(entry.values())).get("Item") or next(iter(entry.values()))["Key"])


def _purpose(item: dict[str, Any]) -> str:
    kind = item["SK"]["S"].partition("#")[0]
    claim = json.loads(item["claim"]["S"]) if "S" in item.get("claim", {}) else None
    if claim and claim["heartbeat_at"] != claim["taken_at"]:
        return "heartbeats"
    return {
        "EVENT": "events",
        "COUNTER": "events",
        "STACK": "stack_rows",
        "SCHEDULE": "schedule",
        "TOKEN": "tokens",
    }.get(kind, "operation")
