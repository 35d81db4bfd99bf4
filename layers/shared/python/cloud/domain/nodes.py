"""From a manifest to what the planner needs to know of each stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from cloud.domain.configuration import resolve_configuration, stack_tiers
from cloud.domain.manifest import Manifest
from cloud.domain.placeholders import references
from cloud.domain.records import StackRecord
from cloud.domain.stack_graph import StackNode, deployment_problems


def nodes_of(
    manifest: Manifest,
    environment: str,
    *,
    records: Mapping[str, StackRecord] | None = None,
    config_files: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, StackNode]:
    """A node for every stack of the manifest, and for every one that is still deployed although the manifest lost it.

    ``records`` are the environment's stacks by name (durations, what exists), ``config_files`` the parsed
    ``config/{stack}.{environment}.yaml`` by ``{stack}.{environment}``, ``settings`` the operation's ``--set``.
    """
    known = records or {}
    nodes = {
        name: node_of(manifest, name, environment, record=known.get(name), config_files=config_files, settings=settings)
        for name in manifest.stacks
    }
    lost = {name: record for name, record in known.items() if name not in nodes and record.is_deployed}
    for name, record in lost.items():
        seconds = predicted_seconds(record)
        nodes[name] = StackNode(name, enabled=False, deployed=True, lost=True, predicted_seconds=seconds)
    return _with_recorded_order(nodes, known, lost) if lost else nodes


def _with_recorded_order(
    nodes: dict[str, StackNode], known: Mapping[str, StackRecord], lost: Mapping[str, StackRecord]
) -> dict[str, StackNode]:
    """The nodes with what the rows say about the order of lost stacks: what they needed, and what needed them.

    Optional, so that no deploy waits for what the manifest no longer has. Where the rows contradict the manifest (a cycle),
    the manifest alone counts: an order that is sometimes missing is better than an environment that can't be planned.
    """
    ordered = dict(nodes)
    for name in nodes.keys() & known.keys():
        needed = [other for other in known[name].dependencies if other in nodes and (name in lost or other in lost)]
        optional = {*nodes[name].optional_dependencies, *needed}
        ordered[name] = replace(nodes[name], optional_dependencies=tuple(sorted(optional)))
    return nodes if deployment_problems(ordered) else ordered


def predicted_seconds(record: StackRecord | None) -> float:
    """The median of the recorded durations; 0 when nothing is known."""
    return round(median(record.seconds), 3) if record and record.seconds else 0.0


def node_of(
    manifest: Manifest,
    name: str,
    environment: str,
    *,
    record: StackRecord | None = None,
    config_files: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> StackNode:
    """One stack of the manifest. Raises NotFound for one that it doesn't have."""
    stack = manifest.stack(name)
    file = (config_files or {}).get(f"{name}.{environment}")
    tiers = stack_tiers(manifest, name, environment, config_file=file, settings=settings)
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
