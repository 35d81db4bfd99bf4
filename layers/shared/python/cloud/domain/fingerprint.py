"""When a stack is unchanged: what its last successful deploy depended on, against what it would depend on now.

A fingerprint maps each cause of change to a digest of its own, so that a decision can say what changed:

``program``          the program's zip, with its lock files and the folders of ``include``
``configuration``    the resolved configuration of the stack, secrets opened
``provider``         account, region, role, tags and whatever else configures providers
``engine``           engine, SDKs, plugins, runtime and image
``outputs:{name}``   the outputs of a stack: of each declared dependency, and of each StackReference in the state

An empty digest means that the cause is not known; with one, nothing is unchanged. Nothing here guesses in favour of not
running: Pulumi finds nothing to do in seconds, whereas a change that was slept through stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.domain.durations import format_duration
from cloud.domain.secret import Secret
from cloud.domain.states import StackStatus

Fingerprint = Mapping[str, str]

PROGRAM = "program"
CONFIGURATION = "configuration"
PROVIDER = "provider"
ENGINE = "engine"

UNKNOWN = ""
ABSENT = "absent"
"""Stands for the outputs of a stack that is not deployed: known, and different from those it will have."""

UNCHANGED = "nothing that it depends on has changed"

_OUTPUTS = "outputs:"
_NAMES = {
    PROGRAM: "the program",
    CONFIGURATION: "the configuration",
    PROVIDER: "the account, region, role, tags or provider configuration",
    ENGINE: "Pulumi, its SDKs, plugins or runtime",
}
_SHOWN_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a stack is unchanged, and why (not)."""

    unchanged: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LastDeploy:
    """What is remembered of a stack. ``fingerprint`` and ``state_etag`` are empty unless its last run was a deploy that
    succeeded and left no pending operations; ``age_seconds`` is how long ago that was."""

    status: StackStatus
    fingerprint: Fingerprint = field(default_factory=dict)
    state_etag: str = ""
    age_seconds: float = 0.0
    has_drift: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """``enabled`` is the manifest's ``fingerprint: on``, ``max_age_seconds`` its ``max_age``; ``force`` is the operation's."""

    max_age_seconds: int
    enabled: bool = True
    force: bool = False


def outputs_of(name: str) -> str:
    """The key of a stack's outputs; ``name`` is the stack of this environment, else the StackReference's name."""
    return f"{_OUTPUTS}{name}"


def decide(
    last: LastDeploy, rules: Rules, current: Callable[[], Fingerprint], state_etag: Callable[[], str]
) -> Decision:
    """Whether the stack is unchanged. ``current`` and ``state_etag`` are asked only while nothing else speaks against it.

    ``current`` gives the fingerprint as it is now, ``state_etag`` the ETag of Pulumi's state.
    """
    reason = (
        ruled_out(last, rules)
        or _listed(differences(last.fingerprint, current()))
        or _moved(last.state_etag, state_etag())
    )
    return Decision(not reason, reason or UNCHANGED)


def ruled_out(last: LastDeploy, rules: Rules) -> str:
    """Why the stack runs whatever its inputs are; empty when they decide."""
    if rules.force:
        return "--force"
    if not rules.enabled:
        return "fingerprint: off"
    if last.status is StackStatus.DESTROYED:
        return "it was destroyed"
    if not last.fingerprint:
        failed = last.status in (StackStatus.FAILED, StackStatus.CANCELLED)
        return "its last run did not succeed" if failed else "there is no complete deploy to compare with"
    if last.has_drift:
        return "known drift"
    if last.age_seconds >= rules.max_age_seconds:
        return f"its last deploy is older than max_age ({format_duration(rules.max_age_seconds)})"
    return ""


def differences(previous: Fingerprint, current: Fingerprint) -> tuple[str, ...]:
    """What changed, or is not known, between two fingerprints: one clause for each cause, the stack's own causes first."""
    keys = previous.keys() | current.keys() | _NAMES.keys()
    ordered = sorted(keys, key=lambda key: (key.startswith(_OUTPUTS), key))
    found = (_difference(key, previous.get(key), current.get(key)) for key in ordered)
    return tuple(clause for clause in found if clause)


def _difference(key: str, before: str | None, now: str | None) -> str:
    if before and before == now:
        return ""
    if not key.startswith(_OUTPUTS):
        name = _NAMES.get(key, key)
        return f"{name} changed" if before and now else f"{name} can't be compared"
    stack = key.removeprefix(_OUTPUTS)
    if before is None:
        return f"it depends on {stack} now"
    if now is None:
        return f"it no longer depends on {stack}"
    return f"{stack}'s outputs changed" if before and now else f"{stack}'s outputs can't be compared"


def _listed(clauses: tuple[str, ...]) -> str:
    more = len(clauses) - _SHOWN_CHANGES
    return ", ".join([*clauses[:_SHOWN_CHANGES], *([f"and {more} more"] if more > 0 else [])])


def _moved(before: str, now: str) -> str:
    if not before:
        return "Pulumi's state could not be looked at after its last deploy"
    if not now:
        return "Pulumi's state is not there any more"
    return "" if before == now else "Pulumi's state was written by somebody else"


def canonical(value: Any) -> str:
    """``value`` (JSON, with ``Secret`` anywhere) as one text: equal for equal values only, whatever the order of keys.

    Secrets are opened, and stay distinct from the same value in the open: to Pulumi that is a change. For digests only.
    """
    return json.dumps(_marked(value), sort_keys=True, separators=(",", ":"))


def _marked(value: Any) -> Any:
    """Each map inside a map of its own, so that none can look like the mark of a secret."""
    if isinstance(value, Secret):
        return {"secret": _marked(value.value)}
    if isinstance(value, Mapping):
        return {"map": {key: _marked(item) for key, item in value.items()}}
    return [_marked(item) for item in value] if isinstance(value, list | tuple) else value
