"""The short form in which rows are written.

    row("ec2", "create_subnet", "Subnet.SubnetId", {"SubnetId": "{id}"},
        ["describe_subnets Subnets[0]"], delete="delete_subnet")

reads: service, operation that creates, JMESPath of the identifier in its answer (or a template), members that name the
resource in every other operation, operations that read with the JMESPath of the resource (`?` before: may be absent).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloud_local.provider.model import Read, ResourceType, Update


def row(
    service: str,
    create: str,
    identifier: str,
    identity: Mapping[str, str],
    reads: Sequence[str | Read],
    *,
    updates: Sequence[str | Update] = (),
    provider_only: Sequence[str] = (),
    by_hook: Sequence[str] = (),
    replace: Sequence[str] = (),
    unread: Sequence[str] = (),
    sticky: Sequence[str] = (),
    arn: str = "",
    outputs: Mapping[str, str] | None = None,
    **rest: Any,
) -> ResourceType:
    """A row; `arn` is given without `arn:{partition}:`."""
    computed = dict(outputs or {})
    if arn:
        computed["arn"] = "arn:{partition}:" + arn
    return ResourceType(
        service=service,
        create=create,
        id=identifier,
        identity=identity,
        reads=tuple(_read(item) for item in reads),
        updates=tuple(Update(item) if isinstance(item, str) else item for item in updates),
        provider_only=frozenset(provider_only),
        by_hook=frozenset(by_hook),
        replace=frozenset(replace),
        unread=frozenset(unread),
        sticky=frozenset(sticky),
        outputs=computed,
        **rest,
    )


def _read(item: str | Read) -> Read:
    if isinstance(item, Read):
        return item
    operation, _, found = item.removeprefix("?").partition(" ")
    return Read(operation, found or "@", optional=item.startswith("?"))
