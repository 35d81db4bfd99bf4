"""What stays of an operation in the bucket ``artifacts``, when its rows and events have expired.

``history/{deployment}/{operation}/`` holds, beside ``plan.json`` and ``record.json``:

``config.json``        the configuration that the plan's stacks were given, as the tiers make it; secrets hidden
``state-before.json``  the environment's stacks when the operation took its turn
``state-after.json``   the same when it ended
``events.jsonl``       every event, in order, as on the wire
``logs/{stack}.log``   what a stack's run said, a line each: time, level, message

Pulumi's own states are versions in the bucket ``state``; a snapshot names the one that belongs to it (``state_etag``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud.domain.events import Event, EventType
from cloud.domain.operations import Operation
from cloud.domain.plan import Plan
from cloud.domain.records import StackRecord
from cloud.domain.secret import redact
from cloud.service.announcing import told_events
from cloud.service.planning import load_manifest
from cloud.service.platform import Platform
from cloud.service.resolving import merged_configuration

_WRITERS = 8
"""So many logs are written side by side: the function's time has an end, and a deployment may have a thousand."""


def record_beginning(platform: Platform, operation: Operation, plan: Plan) -> None:
    """Write ``config.json``, and ``state-before.json`` for an operation that may change something."""
    write = platform.stores.artifacts.put_record
    write(operation.deployment_id, operation.id, "config.json", _configuration(platform, operation, plan))
    if not operation.kind.only_looks:
        records = platform.stores.stacks.list(operation.deployment_id, operation.environment)
        write(operation.deployment_id, operation.id, "state-before.json", _snapshot(operation, records))


def record_state_after(platform: Platform, operation: Operation, records: Iterable[StackRecord]) -> None:
    """Write ``state-after.json`` for an operation that may have changed something."""
    if not operation.kind.only_looks:
        document = _snapshot(operation, records)
        platform.stores.artifacts.put_record(operation.deployment_id, operation.id, "state-after.json", document)


def record_events(platform: Platform, operation: Operation) -> None:
    """Write ``events.jsonl`` and the logs of the stacks. The operation's last event has been told."""
    events = list(told_events(platform, operation))
    texts = {"events.jsonl": "".join(f"{_json(event.to_dict())}\n" for event in events)}
    texts.update({f"logs/{stack}.log": text for stack, text in _logs(events).items()})

    def write(name: str) -> None:
        platform.stores.artifacts.put_text(operation.deployment_id, operation.id, name, texts[name])

    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(write, texts))


def _configuration(platform: Platform, operation: Operation, plan: Plan) -> dict[str, Any]:
    """``{stack: {key: value}}``; placeholders stand as they were written, because what they meant is each run's affair."""
    stored = load_manifest(platform, operation)
    stacks = sorted(set(plan.stacks) & set(stored.manifest.stacks))
    return {stack: redact(merged_configuration(stored, operation, stack)) for stack in stacks}


def _snapshot(operation: Operation, records: Iterable[StackRecord]) -> dict[str, Any]:
    return {
        "environment": operation.environment,
        "stacks": {
            record.stack: {
                "status": record.status.value,
                "operation_id": record.operation_id,
                "resource_count": record.resource_count,
                "outputs": redact(record.outputs),
                "program_digest": record.program_digest,
                "state_etag": record.state_etag,
                "has_drift": record.has_drift,
                "updated_at": record.updated_at,
            }
            for record in sorted(records, key=lambda record: record.stack)
        },
    }


def _logs(events: Iterable[Event]) -> dict[str, str]:
    logs: dict[str, str] = {}
    for event in events:
        if event.type is EventType.LOG_CREATED and event.data.get("stack"):
            stack, data = str(event.data["stack"]), event.data
            line = f"{event.timestamp} {data.get('level', 'info')} {data.get('message', '')}\n"
            logs[stack] = logs.get(stack, "") + line
    return logs


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
