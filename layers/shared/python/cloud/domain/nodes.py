"""From a manifest to what the planner needs to know of each stack."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from cloud.domain.configuration import resolve_configuration, stack_tiers
from cloud.domain.manifest import Manifest
from cloud.domain.placeholders import references
from cloud.domain.records import StackRecord
from cloud.domain.stack_graph import StackNode


def nodes_of(
    manifest: Manifest,
    environment: str,
    *,
    records: Mapping[str, StackRecord] | None = None,
    config_files: Mapping[str, Any] | None = None,
) -> dict[str, StackNode]:
    """A node for every stack of the manifest, and for every one that is still deployed although the manifest lost it.

    ``records`` are the environment's stacks by name (durations, what exists), ``config_files`` the parsed
    ``config/{stack}.{environment}.yaml`` by ``{stack}.{environment}``.
    """
    known = records or {}
    nodes = {name: _node(manifest, name, environment, known.get(name), config_files or {}) for name in manifest.stacks}
    for name, record in known.items():
        if name not in nodes and record.is_deployed:
            nodes[name] = StackNode(name, enabled=False, deployed=True, predicted_seconds=predicted_seconds(record))
    return nodes


def predicted_seconds(record: StackRecord | None) -> float:
    """The median of the recorded durations; 0 when nothing is known."""
    return round(median(record.seconds), 3) if record and record.seconds else 0.0


def _node(
    manifest: Manifest, name: str, environment: str, record: StackRecord | None, files: Mapping[str, Any]
) -> StackNode:
    stack = manifest.stacks[name]
    tiers = stack_tiers(manifest, name, environment, config_file=files.get(f"{name}.{environment}"))
    # Only what survives the merge is a dependency; most stacks refer to nothing and need no merge to say so.
    implicit = (
        set(references(resolve_configuration(tiers).values)) if any(references(t.values) for t in tiers) else set()
    )
    return StackNode(
        name,
        dependencies=stack.dependencies,
        optional_dependencies=stack.optional_dependencies,
        implicit_dependencies=tuple(sorted(implicit - {name})),
        enabled=manifest.is_enabled(name, environment),
        # `layer` was judged when the manifest was checked, over the whole deployment.
        executor=manifest.executor(name, environment),
        predicted_seconds=predicted_seconds(record),
        deployed=record is not None and record.is_deployed,
    )
