"""A stack's fingerprint, from what is stored: taken before a run, kept after its success, compared before the next.

It is taken before Pulumi starts, of the very configuration that the run gets, and of its dependencies' outputs as they stand
then. What changes while Pulumi runs therefore counts as a change, never as what was deployed. A row loses its fingerprint and
the digest of its outputs (``FORGOTTEN``) in the same write that claims the run: wherever a run breaks off, the next one runs,
and so do its dependents. When it last succeeded stays known: a run after ``max_age`` reads the resources too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from cloud.domain.errors import CloudError, ConfigurationError
from cloud.domain.fingerprint import (
    ABSENT,
    CONFIGURATION,
    ENGINE,
    PROGRAM,
    PROVIDER,
    UNKNOWN,
    Decision,
    LastDeploy,
    Rules,
    canonical,
    decide,
    outputs_of,
)
from cloud.domain.identifiers import parse_pulumi_stack_name, pulumi_stack_name
from cloud.domain.nodes import node_of
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.records import StackRecord
from cloud.ports.runner import RunResult
from cloud.service.platform import Platform, Stored

FORGOTTEN: Mapping[str, Any] = MappingProxyType({"fingerprint": {}, "state_etag": "", "outputs_digest": ""})
"""Fields of a row whose state is about to move: ``replace(row, **FORGOTTEN)``."""


def is_unchanged(
    platform: Platform,
    operation: Operation,
    stack: str,
    stored: Stored,
    config: Mapping[str, Any],
    row: StackRecord,
) -> Decision:
    """Whether the stack would change if it ran now. ``row`` is as its last operation left it, ``config`` as resolved now.

    At most one read of rows and one look at Pulumi's state, and neither where the answer is known without.
    Raises AwsError and NetworkError.
    """
    if operation.kind is not OperationKind.DEPLOY:
        return Decision(False, f"a {operation.kind.value} always runs")
    return compare(
        platform, operation, stack, stored, lambda: config, row, lambda: _state_etag(platform, operation, stack)
    )


def must_refresh(platform: Platform, stack: str, stored: Stored, row: StackRecord) -> bool:
    """Whether a deploy has to read the stack's resources first (``RunRequest.refresh``).

    Pulumi compares a program with its state, so that a run which is there to find what was changed by hand (the drift that a
    scan has found, the end of ``max_age``) would find nothing without. ``row`` may have been claimed already.
    """
    return row.has_drift or bool(
        row.succeeded_at and _age(platform, row) >= stored.manifest.stack(stack).max_age_seconds
    )


def compare(
    platform: Platform,
    operation: Operation,
    stack: str,
    stored: Stored,
    config: Callable[[], Mapping[str, Any]],
    row: StackRecord,
    state_etag: Callable[[], str],
) -> Decision:
    """The decision of a deploy. ``config`` and ``state_etag`` are asked only while nothing else speaks against it."""
    own = stored.manifest.stack(stack)
    return decide(
        LastDeploy(row.status, row.fingerprint, row.state_etag, _age(platform, row), row.has_drift),
        Rules(own.max_age_seconds, own.fingerprint, operation.options.force),
        lambda: current_fingerprint(platform, operation, stack, stored, config(), row),
        state_etag,
    )


def dependencies_of(operation: Operation, stack: str, stored: Stored, row: StackRecord) -> set[str]:
    """The stacks of this environment whose outputs the stack reads, as far as manifest and state tell; not itself."""
    references = (*_declared(operation, stack, stored), *row.references)
    return {name for reference in references if (name := _neighbour(operation, reference))} - {stack}


def current_fingerprint(
    platform: Platform,
    operation: Operation,
    stack: str,
    stored: Stored,
    config: Mapping[str, Any],
    row: StackRecord,
) -> dict[str, str]:
    """What a run of the stack depends on now, by cause. ``row`` tells the StackReferences of the last state.

    Raises AwsError and NetworkError.
    """
    project = f"{operation.project}:"
    own = {key: value for key, value in config.items() if key.startswith(project)}
    providers = {key: value for key, value in config.items() if key not in own}
    account = stored.manifest.environment(operation.environment).account
    return {
        PROGRAM: stored.programs.get(stack, UNKNOWN),
        CONFIGURATION: _mac(platform, operation, own),
        PROVIDER: _mac(platform, operation, [account, providers]),
        ENGINE: hashlib.sha256(platform.engine.encode()).hexdigest() if platform.engine else UNKNOWN,
        **_outputs(platform, operation, [*_declared(operation, stack, stored), *row.references]),
    }


def known_before(
    platform: Platform,
    operation: Operation,
    stack: str,
    stored: Stored,
    config: Mapping[str, Any],
    row: StackRecord,
) -> dict[str, str]:
    """The fingerprint that a run begins with, and with it the outputs of everything that comes before the stack.

    A program may read stacks that it only depends on through others. They ended before it began and can't move while its
    operation holds the environment, so what they exported then is what the program reads.
    Raises AwsError and NetworkError.
    """
    fingerprint = current_fingerprint(platform, operation, stack, stored, config, row)
    upstream = [name for name in _upstream(operation, stack, stored) if _cause(operation, name) not in fingerprint]
    return {**_outputs(platform, operation, upstream), **fingerprint} if upstream else fingerprint


def success_fields(
    platform: Platform,
    operation: Operation,
    stack: str,
    stored: Stored,
    before: Mapping[str, str],
    result: RunResult,
) -> dict[str, Any]:
    """What the row takes of a run that succeeded, as JSON; ``row_fields`` reads it. Empty for what leaves the state alone.

    Called right after the run, while its claim is held: the ETag must be the one that this run left. ``before`` is what
    ``known_before`` said before the run; a StackReference that it doesn't know gets the unknown digest, as nobody can
    say which outputs were read. A refresh has run no program, so nothing is known to be as the program wants it.

    It raises nothing that AWS does: a success stays one when nobody can remember what it was made of, and runs again.
    """
    if operation.kind.only_looks:
        return {}
    if operation.kind is OperationKind.DESTROY:
        return {**FORGOTTEN, "succeeded_at": "", "references": []}
    try:
        return _remembered(platform, operation, stack, stored, before, result)
    except CloudError:
        return {**FORGOTTEN, "references": sorted(result.references)}


def _remembered(
    platform: Platform,
    operation: Operation,
    stack: str,
    stored: Stored,
    before: Mapping[str, str],
    result: RunResult,
) -> dict[str, Any]:
    outputs = {"outputs_digest": _mac(platform, operation, result.outputs), "references": sorted(result.references)}
    if operation.kind is not OperationKind.DEPLOY or result.has_pending:
        return {**FORGOTTEN, **outputs}
    needed = {_cause(operation, name) for name in (*_declared(operation, stack, stored), *result.references)}
    own = {key: before.get(key, UNKNOWN) for key in (PROGRAM, CONFIGURATION, PROVIDER, ENGINE)}
    return {
        "fingerprint": {**own, **{key: before.get(key, UNKNOWN) for key in sorted(needed)}},
        "state_etag": _state_etag(platform, operation, stack),
        "succeeded_at": platform.timestamp(),
        **outputs,
    }


def row_fields(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """``success_fields``, read back from the run's record, as fields of a StackRecord."""
    fields = dict(recorded)
    return {**fields, "references": tuple(fields["references"])} if "references" in fields else fields


def _declared(operation: Operation, stack: str, stored: Stored) -> list[str]:
    """The dependencies of the manifest, hard, optional and by placeholder, as StackReferences."""
    settings = operation.options.settings
    node = node_of(stored.manifest, stack, operation.environment, config_files=stored.config_files, settings=settings)
    names = sorted(node.hard().union(node.optional_dependencies))
    return [pulumi_stack_name(operation.deployment_id, name, operation.environment) for name in names]


def _upstream(operation: Operation, stack: str, stored: Stored) -> list[str]:
    """Everything that the stack depends on, through others too, as StackReferences."""
    found: dict[str, None] = {}
    pending = _declared(operation, stack, stored)
    while pending:
        reference = pending.pop()
        if reference not in found:
            found[reference] = None
            name = _neighbour(operation, reference)
            pending += _declared(operation, name, stored) if name in stored.manifest.stacks else []
    return sorted(found)


def _outputs(platform: Platform, operation: Operation, references: list[str]) -> dict[str, str]:
    """The digest of the outputs behind each StackReference, by cause.

    For stacks of this environment their rows tell it, all read at once. What lies outside is known by the ETag of its state
    where that is in our backend: it changes at least whenever an output does.
    """
    near = {reference: name for reference in references if (name := _neighbour(operation, reference))}
    wanted = sorted(set(near.values()))
    rows = platform.stores.stacks.get_many(operation.deployment_id, wanted, operation.environment) if wanted else {}
    found = {outputs_of(name): _outputs_digest(rows.get(name)) for name in wanted}
    for reference in references:
        if reference not in near:
            project, _, name = f"{operation.project}/{reference}".rpartition("/")
            found[outputs_of(reference)] = platform.state().etag(project.rpartition("/")[2], name)
    return found


def _outputs_digest(row: StackRecord | None) -> str:
    return row.outputs_digest if row is not None and row.is_deployed else ABSENT


def _cause(operation: Operation, reference: str) -> str:
    return outputs_of(_neighbour(operation, reference) or reference)


def _neighbour(operation: Operation, reference: str) -> str:
    """The stack of this environment that a StackReference names (``{organisation}/{project}/{stack}``, or its end)."""
    path, _, name = reference.rpartition("/")
    try:
        named = parse_pulumi_stack_name(name)
    except ConfigurationError:
        return ""
    here = (named.deployment_id, named.environment) == (operation.deployment_id, operation.environment)
    return named.stack if here and path.rpartition("/")[2] in ("", operation.project) else ""


def _mac(platform: Platform, operation: Operation, value: Any) -> str:
    return platform.vault().mac(canonical(value), operation.deployment_id)


def _state_etag(platform: Platform, operation: Operation, stack: str) -> str:
    name = pulumi_stack_name(operation.deployment_id, stack, operation.environment)
    return platform.state().etag(operation.project, name)


def _age(platform: Platform, row: StackRecord) -> float:
    """Seconds since the last success; 0 where there is none."""
    if not row.succeeded_at:
        return 0.0
    return (platform.clock.now() - datetime.fromisoformat(row.succeeded_at)).total_seconds()
