"""The preview of a whole graph: what one stack is going to export flows into the previews of the stacks that need it.

The stacks of a preview run in the order of a deploy. Each leaves the record ``preview-{stack}.json`` of the operation:

    {"previewable": true, "reason": "", "detail": "", "outputs": {"cidr": "10.0.0.0/16", "token": {"secret": true}},
     "unknown": ["vpcId"], "steps": [{"urn", "type", "name", "op", "replace_keys"}], "seconds": 1.5}

What nobody can know yet stays unknown all the way down. A program that can't be told of unknowns, and has some, isn't
previewable; then all of its own outputs are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cloud.domain.errors import CloudError, NotFound, NotPreviewable
from cloud.domain.nodes import node_of
from cloud.domain.operations import Operation
from cloud.domain.placeholders import Placeholder
from cloud.domain.records import StackRecord
from cloud.domain.unknown import Unknown, until_deployed, waits_for
from cloud.ports.runner import PlannedOutputs, RunResult
from cloud.service.platform import Platform, Stored
from cloud.service.resolving import deployed_output, resolve_stack, secret_output
from cloud.service.results import SECRET_OUTPUT, public_outputs


@dataclass(frozen=True, slots=True)
class PreviewInputs:
    """What a preview's ``RunRequest`` takes; its fields are named alike."""

    upstream: Mapping[str, PlannedOutputs]
    unknown_config: Mapping[str, Any]
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Upstream:
    """What is known of another stack: ``planned`` is None where its outputs are those that are deployed. ``is_previewed`` is
    False where the operation doesn't touch a stack that isn't there: then no deploy of the same stacks would find it either.
    """

    planned: PlannedOutputs | None = None
    is_previewed: bool = True


def preview_name(stack: str) -> str:
    """The record of the operation that tells how the stack's preview ended."""
    return f"preview-{stack}.json"


def preview_inputs(platform: Platform, operation: Operation, stack: str, stored: Stored) -> PreviewInputs:
    """What the stack's preview starts from, when those of all stacks that it needs have ended.

    Raises ConfigurationError with every placeholder that no deploy could resolve either: a planned output that isn't there
    is a mistake, not an unknown.
    """
    needed = _needed(operation, stack, stored)
    rows = platform.stores.stacks.get_many(operation.deployment_id, needed, operation.environment) if needed else {}
    look = cache(lambda name: _upstream(platform, operation, name, rows.get(name)))

    def output_of(row: StackRecord | None, placeholder: Placeholder) -> Any:
        return _output(operation, row, look(placeholder.stack), placeholder)

    resolved = resolve_stack(platform, operation, stack, output_of)
    upstream = {
        name: found.planned
        for name in needed
        # What is neither here nor going to be (an optional dependency that is disabled) is missing, not unknown.
        if (found := look(name)).planned is not None and (found.is_previewed or _is_enabled(operation, name, stored))
    }
    return PreviewInputs(
        upstream=upstream,
        unknown_config={key: value for key, value in resolved.items() if waits_for(value)},
        config={key: value for key, value in resolved.items() if not waits_for(value)},
    )


def keep_preview(platform: Platform, operation: Operation, stack: str, result: RunResult) -> dict[str, Any]:
    """Keep what the preview found, for the stacks that need this one and for those who asked. Gives the record."""
    return _keep(
        platform,
        operation,
        stack,
        outputs={**public_outputs(result), **{name: dict(SECRET_OUTPUT) for name in result.secret_outputs}},
        unknown=sorted(result.unknown_outputs),
        seconds=result.seconds,
        steps=[
            {
                "urn": step.urn,
                "type": step.type,
                "name": step.name,
                "op": step.op,
                "replace_keys": list(step.replace_keys),
            }
            for step in result.steps
        ],
    )


def not_previewable(platform: Platform, operation: Operation, stack: str, error: CloudError) -> dict[str, Any] | None:
    """Keep that the stack is not previewable, and give the record; None for an error that is a failure."""
    if not isinstance(error, NotPreviewable):
        return None
    names = [name for name in error.ids.get("until", "").split(", ") if name]
    return _keep(
        platform, operation, stack, previewable=False, reason=until_deployed(names) or error.message, detail=error.hint
    )


def _keep(platform: Platform, operation: Operation, stack: str, **found: Any) -> dict[str, Any]:
    empty = {
        "previewable": True,
        "reason": "",
        "detail": "",
        "outputs": {},
        "unknown": [],
        "steps": [],
        "seconds": 0.0,
    }
    record = {**empty, **found}
    platform.stores.artifacts.put_record(operation.deployment_id, operation.id, preview_name(stack), record)
    return record


def _needed(operation: Operation, stack: str, stored: Stored) -> list[str]:
    """The stacks whose outputs the program may ask for."""
    settings = operation.options.settings
    node = node_of(stored.manifest, stack, operation.environment, config_files=stored.config_files, settings=settings)
    return sorted(node.hard().union(node.optional_dependencies))


def _is_enabled(operation: Operation, stack: str, stored: Stored) -> bool:
    return stack in stored.manifest.stacks and stored.manifest.is_enabled(stack, operation.environment)


def _upstream(platform: Platform, operation: Operation, stack: str, row: StackRecord | None) -> _Upstream:
    try:
        record = platform.stores.artifacts.get_record(operation.deployment_id, operation.id, preview_name(stack))
    except NotFound:  # the operation doesn't touch it
        return _Upstream() if _is_there(row) else _Upstream(PlannedOutputs({}, is_open=True), is_previewed=False)
    if not record["previewable"]:
        return _Upstream(PlannedOutputs({}, is_open=True))
    if _is_there(row) and row is not None and _changes_nothing(record, row):
        return _Upstream()
    outputs = record["outputs"]
    return _Upstream(
        PlannedOutputs(
            {name: value for name, value in outputs.items() if value != SECRET_OUTPUT},
            tuple(record["unknown"]),
            tuple(name for name, value in outputs.items() if value == SECRET_OUTPUT),
        )
    )


def _is_there(row: StackRecord | None) -> bool:
    """Whether the stack has outputs to read. A first deploy that failed leaves resources, but no outputs."""
    return row is not None and row.is_deployed and (bool(row.outputs) or row.status.is_standing)


def _changes_nothing(record: Mapping[str, Any], row: StackRecord) -> bool:
    """Whether what is deployed is what is planned, also as far as it can't be seen: then secrets can be read as well."""
    is_seen = not any(value == SECRET_OUTPUT for value in record["outputs"].values())
    return not record["unknown"] and record["outputs"] == row.outputs and (is_seen or not record["steps"])


def _output(operation: Operation, row: StackRecord | None, upstream: _Upstream, placeholder: Placeholder) -> Any:
    planned, name = upstream.planned, placeholder.output
    if planned is None:
        return deployed_output(operation, row, placeholder)
    if name in planned.outputs:
        return planned.outputs[name]
    if name in planned.secret:
        raise secret_output(operation, placeholder)
    if name in planned.unknown or planned.is_open:
        return Unknown(frozenset({placeholder.stack}), is_planned=upstream.is_previewed)
    names = ", ".join(sorted({*planned.outputs, *planned.unknown, *planned.secret})) or "none"
    raise NotFound(f"{placeholder.stack} will have no output {name!r}; it plans: {names}")
