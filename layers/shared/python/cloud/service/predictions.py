"""What a plan says of stacks that will probably turn out unchanged: ``unchanged if network's outputs don't change``.

A prediction is made from what is stored alone: no placeholder is resolved, nothing is decrypted, nobody is asked. It is left
out where anything known speaks against it, or where nothing can be said; whether a stack runs is decided by its fingerprint,
when its turn has come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from cloud.domain.configuration import resolve_configuration, stack_tiers
from cloud.domain.errors import NotFound
from cloud.domain.fingerprint import ABSENT, ENGINE, PROGRAM, LastDeploy, Rules, outputs_of, ruled_out
from cloud.domain.manifest import Manifest
from cloud.domain.nodes import node_of
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.placeholders import placeholders
from cloud.domain.plan import Plan
from cloud.domain.records import StackRecord
from cloud.service.platform import Platform, Stored

UNCHANGED = "unchanged"
_LOOKED_UP = frozenset({"aws", "ssm", "secret"})


def predict(
    platform: Platform,
    operation: Operation,
    plan: Plan,
    records: Mapping[str, StackRecord],
    stored_of: Callable[[Operation], Stored],
) -> dict[str, str]:
    """What can be said of the stacks of a deploy, by name. ``stored_of`` gives the manifest of an operation."""
    if operation.kind is not OperationKind.DEPLOY:
        return {}
    stored = stored_of(operation)
    engine = hashlib.sha256(platform.engine.encode()).hexdigest() if platform.engine else ""
    earlier = _Earlier(platform, operation, stored_of)
    found: dict[str, str] = {}
    for name in plan.stacks:
        record = records.get(name)
        if record is None or name not in stored.manifest.stacks or _runs(platform, operation, record, stored.manifest):
            continue
        kept = record.fingerprint
        same_program = kept.get(PROGRAM) == stored.programs.get(name) and kept.get(ENGINE) == engine
        needed = _needed(operation, name, stored)
        same_outputs = all(kept.get(outputs_of(other)) == _digest(records.get(other)) for other in needed)
        if same_program and same_outputs and earlier.has_the_same_settings(record, stored):
            found[name] = _sentence(
                [other for other in needed if other in plan.stacks], _looks_up(operation, name, stored)
            )
    return found


class _Earlier:
    """The operations that deployed the stacks last, and their manifests; each is read once."""

    def __init__(self, platform: Platform, operation: Operation, stored_of: Callable[[Operation], Stored]) -> None:
        self._platform, self._operation, self._stored_of = platform, operation, stored_of
        self._known: dict[str, Operation | None] = {}

    def has_the_same_settings(self, record: StackRecord, stored: Stored) -> bool:
        """Whether the stack's configuration and its provider's settings were written alike then.

        Secrets are sealed anew with each version of the manifest, and so never alike in two of them.
        """
        then = self._of(record.operation_id)
        if then is None or then.options.settings != self._operation.options.settings:
            return False
        before = self._stored_of(then)
        return before is stored or _written(then, record.stack, before) == _written(
            self._operation, record.stack, stored
        )

    def _of(self, operation_id: str) -> Operation | None:
        if operation_id not in self._known:
            try:
                found = self._platform.stores.operations.get(self._operation.deployment_id, operation_id)
            except NotFound:
                found = None
            self._known[operation_id] = found
        return self._known[operation_id]


def _runs(platform: Platform, operation: Operation, record: StackRecord, manifest: Manifest) -> bool:
    """Whether the stack runs whatever its inputs are."""
    own = manifest.stack(record.stack)
    age = 0.0
    if record.succeeded_at:
        age = (platform.clock.now() - datetime.fromisoformat(record.succeeded_at)).total_seconds()
    last = LastDeploy(record.status, record.fingerprint, record.state_etag, age, record.has_drift)
    return bool(ruled_out(last, Rules(own.max_age_seconds, own.fingerprint, operation.options.force)))


def _needed(operation: Operation, stack: str, stored: Stored) -> list[str]:
    """All stacks whose outputs count, as for the fingerprint."""
    settings = operation.options.settings
    node = node_of(stored.manifest, stack, operation.environment, config_files=stored.config_files, settings=settings)
    return sorted(node.hard().union(node.optional_dependencies))


def _digest(record: StackRecord | None) -> str:
    return record.outputs_digest if record is not None and record.is_deployed else ABSENT


def _configuration(operation: Operation, stack: str, stored: Stored) -> Mapping[str, object]:
    file = stored.config_files.get(f"{stack}.{operation.environment}")
    tiers = stack_tiers(
        stored.manifest, stack, operation.environment, config_file=file, settings=operation.options.settings
    )
    return resolve_configuration(tiers).values


def _written(operation: Operation, stack: str, stored: Stored) -> object:
    """What of the manifest goes into the stack's configuration; None when it had no such stack."""
    if stack not in stored.manifest.stacks:
        return None
    place = stored.manifest.environment(operation.environment)
    tags = stored.manifest.tags(stack, operation.environment)
    return [_configuration(operation, stack, stored), place.account, place.region, place.role_arn, tags]


def _looks_up(operation: Operation, stack: str, stored: Stored) -> bool:
    found = placeholders(_configuration(operation, stack, stored))
    return any(placeholder.namespace in _LOOKED_UP for placeholder in found)


def _sentence(needed: list[str], looks_up: bool) -> str:
    owners = " and ".join(f"{name}'s" for name in needed)
    causes = [f"{owners} outputs"] if needed else []
    causes += ["what it looks up in AWS"] if looks_up else []
    if not causes:
        return UNCHANGED
    verb = "doesn't" if not needed else "don't"
    return f"{UNCHANGED} if {' and '.join(causes)} {verb} change"
