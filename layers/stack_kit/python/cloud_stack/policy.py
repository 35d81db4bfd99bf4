"""IAM policy documents that grant no more than they must.

Every Allow names its actions one by one and its resources by ARN. Where AWS knows no resource for an action, or where "*"
means the very thing that the policy is attached to (a key policy), the program says so: ``on=unscoped("why")``. A Deny may
be as wide as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

Principals = Mapping[str, pulumi.Input[Any]]
Conditions = Mapping[str, Mapping[str, pulumi.Input[Any]]]


@dataclass(frozen=True, slots=True)
class Unscoped:
    """The resource "*", with the reason why no ARN can stand there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``principals`` maps ``AWS``, ``Service``, ``Federated`` to identifiers; None in identity policies."""

    effect: str
    actions: tuple[str, ...]
    resources: Unscoped | tuple[pulumi.Input[str], ...]
    principals: Principals | None = None
    conditions: Conditions = field(default_factory=dict)
    sid: str = ""

    def to_json(self) -> dict[str, Any]:
        """The statement in IAM's own names; Outputs stay Outputs."""
        document: dict[str, Any] = {"Sid": self.sid} if self.sid else {}
        document["Effect"] = self.effect
        if self.principals is not None:
            document["Principal"] = "*" if "*" in self.principals else dict(self.principals)
        document["Action"] = list(self.actions)
        if not (isinstance(self.resources, tuple) and not self.resources):
            document["Resource"] = "*" if isinstance(self.resources, Unscoped) else list(self.resources)
        if self.conditions:
            document["Condition"] = {test: dict(values) for test, values in self.conditions.items()}
        return document


def unscoped(reason: str) -> Unscoped:
    """Stands for the resource "*" in an Allow. Raises ``ValueError`` without a reason."""
    if not reason.strip():
        raise ValueError("say why no narrower resource is possible")
    return Unscoped(reason)


def allow(
    *actions: str,
    on: Unscoped | Sequence[pulumi.Input[str]],
    principals: Principals | None = None,
    when: Conditions | None = None,
    sid: str = "",
) -> Statement:
    """An Allow. ``on`` lists ARNs; an empty list leaves the resource out, as a role's trust policy does.

    Raises ``ValueError`` for no action, an action without a service or all of a service's (``*``, ``s3:*``), a bare ``*``
    among the resources, or everybody as principal without a condition.
    """
    if not actions:
        raise ValueError("an Allow needs at least one action")
    for action in actions:
        service, separator, operation = action.partition(":")
        if not separator or "*" in service or operation.strip("*?") == "":
            raise ValueError(f"'{action}' grants more than named actions; list what is needed")
    if not isinstance(on, Unscoped) and "*" in [resource for resource in on if isinstance(resource, str)]:
        raise ValueError("name the resources by ARN, or say unscoped('why')")
    if principals is not None and not when and "*" in (*principals, *principals.values()):
        raise ValueError("an Allow for everybody needs a condition")
    return _statement("Allow", actions, on, principals, when, sid)


def deny(
    *actions: str,
    on: Unscoped | Sequence[pulumi.Input[str]],
    principals: Principals | None = None,
    when: Conditions | None = None,
    sid: str = "",
) -> Statement:
    """A Deny; wildcards are welcome. ``principals={"*": "*"}`` is everybody."""
    return _statement("Deny", actions, on, principals, when, sid)


def document(*statements: Statement) -> pulumi.Output[str]:
    """The policy document as JSON. Raises ``ValueError`` without a statement."""
    if not statements:
        raise ValueError("a policy needs at least one statement")
    body = {"Version": "2012-10-17", "Statement": [statement.to_json() for statement in statements]}
    return pulumi.Output.json_dumps(body)


def _statement(
    effect: str,
    actions: Sequence[str],
    on: Unscoped | Sequence[pulumi.Input[str]],
    principals: Principals | None,
    when: Conditions | None,
    sid: str,
) -> Statement:
    resources = on if isinstance(on, Unscoped) else tuple(on)
    return Statement(effect, tuple(actions), resources, principals, when or {}, sid)
