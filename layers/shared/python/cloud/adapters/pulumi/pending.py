"""Interrupted creations: what became of each, and the state in which they are settled.

A killed engine leaves a pending operation for each provider call that it waited for. A refresh settles updates and deletions by
looking at the resource. A creation can't be looked at: the state has no id. The engine would create it again. So each one is
looked up first, and ends as one decision: found, absent or unknown.

The engine's own way to name an id, ``pulumi refresh --import-pending-creates``, only marks the operation; the refresh then
forgets it and adds no resource (tried with 3.272; its source says the same of every version before). Hence a found resource
is put into the state as it stands in the operation, with its id, and the refresh that follows reads it. That refresh drops it
again if it doesn't exist, so nothing is believed that the provider can't see.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from cloud.adapters.pulumi.checkpoint import UNREAD, Checkpoint, PendingOperation, is_bookkeeping

CREATING, IMPORTING = "creating", "importing"

_STATE_ONLY = frozenset({"random", "tls"})
"""Packages whose resources exist nowhere but in the state."""


class Verdict(Enum):
    """What is known of an interrupted creation."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decision:
    """One creation's verdict and how it was reached; ``id`` is the physical one of what was found."""

    pending: PendingOperation
    verdict: Verdict
    reason: str
    id: str = ""


Find = Callable[[Sequence[PendingOperation]], Sequence[Decision]]
"""Looks creations up at the provider's, all at once; one decision each, in the same order."""


def creations(state: Checkpoint) -> tuple[PendingOperation, ...]:
    """What can't be settled by a refresh: interrupted creations, and those whose id somebody has named meanwhile."""
    return tuple(each for each in state.pending if each.kind == CREATING or _is_named(each))


def decide(state: Checkpoint, find: Find) -> tuple[Decision, ...]:
    """A decision for each of ``creations``. One resource is never taken for two."""
    open_ones = [each for each in creations(state) if _without_looking(each) is None]
    looked_up = iter(find(open_ones) if open_ones else ())
    decisions = [_without_looking(each) or next(looked_up) for each in creations(state)]
    claims = Counter((each.pending.type, each.id) for each in decisions if each.verdict is Verdict.FOUND)
    return tuple(_doubted(each, claims, state) for each in decisions)


def _is_named(pending: PendingOperation) -> bool:
    return pending.kind == IMPORTING and bool(pending.id) and not pending.by_program


def _without_looking(pending: PendingOperation) -> Decision | None:
    package = pending.type.partition(":")[0]
    if _is_named(pending):
        return Decision(pending, Verdict.FOUND, "its id was named by hand", pending.id)
    if not pending.is_custom:
        return Decision(pending, Verdict.ABSENT, "a component exists in the state alone")
    if is_bookkeeping(pending.type) or package in _STATE_ONLY:
        return Decision(pending, Verdict.ABSENT, "its kind exists in the state alone")
    return None


def _doubted(decision: Decision, claims: Mapping[tuple[str, str], int], state: Checkpoint) -> Decision:
    key = (decision.pending.type, decision.id)
    if decision.verdict is not Verdict.FOUND:
        return decision
    if key in state.ids:
        reason = f"{decision.id} belongs to another resource of the state"
    elif claims[key] > 1:
        reason = f"{decision.id} could be any of {claims[key]} interrupted creations"
    else:
        return decision
    return replace(decision, verdict=Verdict.UNKNOWN, reason=reason, id="")


def settled(deployment: Mapping[str, Any], decisions: Sequence[Decision]) -> dict[str, Any]:
    """The exported ``deployment`` with what was found among its resources and nothing pending.

    ``deployment`` is as exported, with its secrets sealed. Resources stand after all that they need, as the engine demands; one
    that replaces another takes the place that the finished creation would have given it.
    """
    edited = copy.deepcopy(dict(deployment))
    resources: list[dict[str, Any]] = edited.setdefault("resources", [])
    ids = {each.pending.urn: each.id for each in decisions if each.verdict is Verdict.FOUND}
    for operation in edited.pop("pending_operations", None) or ():
        resource = operation["resource"]
        if resource["urn"] in ids and operation["type"] in (CREATING, IMPORTING):
            _add(resources, _adopted(resource, ids.pop(resource["urn"])))
    return edited


def _adopted(resource: Mapping[str, Any], physical_id: str) -> dict[str, Any]:
    """The resource as far as it is known. Its inputs serve as outputs: with none, providers take the read for an import."""
    inputs = resource.get("inputs") or {}
    outputs = {name: value for name, value in inputs.items() if name != "__defaults"}
    return {**resource, "id": physical_id, "outputs": outputs, "initErrors": [UNREAD]}


def _add(resources: list[dict[str, Any]], new: dict[str, Any]) -> None:
    old = next((i for i, each in enumerate(resources) if each["urn"] == new["urn"] and not each.get("delete")), None)
    if old is None:
        resources.append(new)
        return
    if resources[old].get("pendingReplacement"):
        # Deleted before its replacement was begun: only its entry was left, to hold the place.
        del resources[old]
    else:
        resources[old]["delete"] = True
    needed = set(_needs(new))
    after_all = max((i + 1 for i, each in enumerate(resources) if each["urn"] in needed), default=0)
    resources.insert(max(after_all, old), new)


def _needs(resource: Mapping[str, Any]) -> Iterator[str]:
    """URNs of what a resource refers to."""
    yield resource.get("parent", "")
    yield resource.get("provider", "").rpartition("::")[0]
    yield resource.get("deletedWith", "")
    yield from resource.get("dependencies") or ()
    yield from resource.get("replaceWith") or ()
    for urns in (resource.get("propertyDependencies") or {}).values():
        yield from urns or ()
