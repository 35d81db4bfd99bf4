"""What a plan can say of the stacks that may turn out unchanged, before anything runs.

It is computed from the environment's rows, read once: no look-ups of AWS, and no look at Pulumi's state. Where those would
decide, PrepareStack does, when the stack's turn has come.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from cloud.domain.errors import CloudError, NotFound
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.plan import Plan
from cloud.domain.records import StackRecord
from cloud.ports.stores import StackStore
from cloud.ports.workflow import Lookups
from cloud.service.fingerprinting import compare, dependencies_of
from cloud.service.planning import load_manifest
from cloud.service.platform import Platform, Stored
from cloud.service.resolving import resolve_stack

UNCHANGED = "unchanged"
_SHOWN_STACKS = 3


def predicted(platform: Platform, operation: Operation, plan: Plan) -> Plan:
    """The plan with ``unchanged``, or ``unchanged if network's outputs don't change``, at the stacks of which that is known.

    Of what runs or may run nothing is said, nor of what can't be known for whatever reason: a plan is made all the same.
    """
    if operation.kind is not OperationKind.DEPLOY or operation.options.force:
        return plan
    stored = load_manifest(platform, operation)
    rows = {row.stack: row for row in platform.stores.stacks.list(operation.deployment_id, operation.environment)}
    known = _without_reads(platform, rows)
    found: dict[str, str] = {}
    planned = plan.stacks.keys()
    for layer in plan.layers:
        for stack in sorted(item.stack for item in layer):
            row = rows.get(stack)
            if row is not None and _is_as_it_was(known, operation, stack, stored, row):
                needed = dependencies_of(operation, stack, stored, row)
                moving = sorted(name for name in needed & planned if found.get(name) != UNCHANGED)
                found[stack] = f"{UNCHANGED} if {_outputs(moving)} don't change" if moving else UNCHANGED
    return plan.with_predictions(found)


def _is_as_it_was(platform: Platform, operation: Operation, stack: str, stored: Stored, row: StackRecord) -> bool:
    """Whether everything but the state is as the last deploy left it, with the outputs that the others have now."""
    try:
        return compare(
            platform,
            operation,
            stack,
            stored,
            lambda: resolve_stack(platform, operation, stack),
            row,
            lambda: row.state_etag,
        ).unchanged
    except CloudError:
        return False  # a placeholder that asks AWS, a stack that isn't deployed yet, a key that doesn't answer


def _outputs(stacks: Sequence[str]) -> str:
    more = len(stacks) - _SHOWN_STACKS
    names = [f"{name}'s" for name in stacks[:_SHOWN_STACKS]] + ([f"{more} other stacks'"] if more > 0 else [])
    *first, last = names
    return f"{', '.join(first)} and {last} outputs" if first else f"{last} outputs"


def _without_reads(platform: Platform, records: Mapping[str, StackRecord]) -> Platform:
    """The platform with the rows that were read already, and without anybody to ask for look-ups."""
    stores = replace(platform.stores, stacks=cast("StackStore", _Rows(records)))
    return replace(platform, stores=stores, lookups=lambda *_: cast("Lookups", _NoLookups()))


class _Rows:
    def __init__(self, records: Mapping[str, StackRecord]) -> None:
        self._records = records

    def get_many(self, deployment_id: str, stacks: Collection[str], environment: str) -> dict[str, StackRecord]:  # noqa: ARG002
        return {name: self._records[name] for name in stacks if name in self._records}


class _NoLookups:
    def ssm(self, *_: Any) -> Any:
        raise NotFound("it is looked up when the stack's turn has come")

    aws = secret = ssm
