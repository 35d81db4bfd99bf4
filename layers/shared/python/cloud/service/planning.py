"""The plan of an operation, from what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cloud.domain.durations import format_duration
from cloud.domain.manifest import DEFAULT_TIMEOUT_SECONDS, Manifest
from cloud.domain.nodes import nodes_of
from cloud.domain.operations import OnFailure, Operation
from cloud.domain.plan import Plan, make_plan
from cloud.domain.quotas import AWS_INLINE_ITERATIONS, map_items
from cloud.domain.schedule import Schedule
from cloud.service.platform import Platform, Stored
from cloud.service.remainders import remainder_of

CACHED_MANIFESTS = 32

LONGEST_RUN_SECONDS = 810
"""Lambda's 900 seconds without the 90 that an interrupted Pulumi needs to write its state (2-orchestration, Interrupt)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The manifest's policy with the operation's own options over it."""

    on_failure: OnFailure
    max_parallel: int
    strict_layers: bool


def load_manifest(platform: Platform, operation: Operation) -> Stored:
    """The manifest that the operation was started with. Versions never change, so a process reads each once."""
    key = (operation.deployment_id, operation.manifest_version)
    stored = platform.manifests.get(key)
    if stored is None:
        document = platform.stores.artifacts.get_manifest(*key)
        stored = platform.manifests[key] = Stored(
            Manifest.from_dict(document["manifest"]), document["config_files"], document["programs"]
        )
        if len(platform.manifests) > CACHED_MANIFESTS:
            platform.manifests.pop(next(iter(platform.manifests)), None)
    return stored


def rules_of(manifest: Manifest, operation: Operation) -> Rules:
    options, policy = operation.options, manifest.policy
    return Rules(
        options.on_failure or policy.on_failure,
        options.max_parallel or policy.max_parallel,
        policy.strict_layers if options.strict_layers is None else options.strict_layers,
    )


def needs_approval(manifest: Manifest, operation: Operation) -> bool:
    """Whether somebody else has to approve: the environment asks for it, and resources may change."""
    required = manifest.environment(operation.environment).approval == "required"
    return required and operation.kind.changes_resources


def plan_operation(platform: Platform, operation: Operation) -> Plan:
    """Plan the operation on the stacks as they stand now; a retry on what the operation before it left undone.

    Raises DependencyError, NotFound (a selection, the environment), QuotaExceeded, and ConfigurationError for what can't be
    run here.
    """
    stored = load_manifest(platform, operation)
    records = {
        record.stack: record for record in platform.stores.stacks.list(operation.deployment_id, operation.environment)
    }
    rules = rules_of(stored.manifest, operation)
    remainder = None
    if operation.retry_of:
        earlier = platform.stores.operations.get(operation.deployment_id, operation.retry_of)
        remainder = remainder_of(platform, earlier, records)
    plan = make_plan(
        nodes_of(
            stored.manifest,
            operation.environment,
            records=records,
            config_files=stored.config_files,
            settings=operation.options.settings,
        ),
        kind=operation.kind,
        deployment_id=operation.deployment_id,
        environment=operation.environment,
        selection=operation.selection,
        remainder=remainder,
        max_parallel=rules.max_parallel,
        strict_layers=rules.strict_layers,
    )
    plan.require_runnable()
    return replace(plan, warnings=(*plan.warnings, *_cut_timeouts(stored.manifest, plan)))


def _cut_timeouts(manifest: Manifest, plan: Plan) -> list[str]:
    """Time-outs that somebody set and that Lambda does not live to see. The default is longer too, and asks for nothing."""
    known = (name for name in plan.stacks if name in manifest.stacks)
    wanted = ((name, manifest.timeout_seconds(name, plan.environment)) for name in known)
    return [
        f"{name}: its timeout of {format_duration(seconds)} is cut to {format_duration(LONGEST_RUN_SECONDS)}, "
        "the longest that a run on Lambda may take in this version."
        for name, seconds in wanted
        if seconds > LONGEST_RUN_SECONDS and seconds != DEFAULT_TIMEOUT_SECONDS
    ]


def schedule_of(plan: Plan, rules: Rules) -> Schedule:
    """The plan's schedule before anything is granted."""
    return plan.schedule(rules.on_failure)


def plan_payload(plan: Plan) -> dict[str, Any]:
    """What the state machine carries of a plan: ``{layers, width}``, a few bytes a stack.

    Within a layer the longest remaining path comes first, as the scheduler grants: iterations begin in this order. No Map has
    more items than it may run at once, for a waiting iteration holds a slot; ``strict_layers`` takes one layer at a time.
    """
    rank = {stack: place for place, stack in enumerate(plan.schedule(OnFailure.STOP).stacks)}
    return {
        "layers": map_items([sorted((stack.stack for stack in layer), key=rank.__getitem__) for layer in plan.layers]),
        "width": {"layers": 1 if plan.strict_layers else AWS_INLINE_ITERATIONS, "stacks": AWS_INLINE_ITERATIONS},
    }


def timeout_of(manifest: Manifest, stack: str, environment: str) -> int:
    """Seconds that a run of the stack may take; the default for one that the manifest no longer has."""
    return manifest.timeout_seconds(stack, environment) if stack in manifest.stacks else 30 * 60
