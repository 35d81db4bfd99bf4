"""What Pulumi's state says about a stack, read from one export with its secrets opened.

One export answers what would otherwise take four commands: the outputs, which of them are secret, the number of resources,
the StackReferences, the pending operations, and the keys of the stack's secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.ports.runner import Secret, SecretsProvider

# Pulumi's marks in a checkpoint (sdk/go/common/resource/sig): a map with this key isn't a map but a value of another kind.
_KIND = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNREAD = "adopted by its id after an interrupted creation, and not read yet"
"""Stands as the error of its initialisation on an adopted resource until a refresh has read it, which removes it."""

ROOT_TYPE = "pulumi:pulumi:Stack"
_STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True, slots=True)
class PendingOperation:
    """What a killed engine left undone. ``kind`` is Pulumi's: creating, updating, deleting, reading, importing.

    ``inputs`` are the resource's as its provider checked them (automatic names included) and ``provider`` those of its
    provider, both with their secrets opened. ``id`` is set where the state names one: ``pulumi refresh
    --import-pending-creates`` writes it, and turns a creating into an importing. ``by_program`` marks an import that the
    program itself asks for.
    """

    urn: str
    kind: str
    type: str = ""
    id: str = ""
    is_custom: bool = True
    by_program: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    provider: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one stack. ``secrets`` are all values that the state keeps secret, for the redactor.

    ``resource_count`` leaves out Pulumi's own bookkeeping (the stack, providers, StackReferences), as Pulumi's counts of
    changes do. ``ids`` are (type, physical id) of all resources, ``unread`` the URNs of those that were adopted by their id and
    haven't been read since: of their outputs only what the program gave is known.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    resource_count: int = 0
    references: tuple[str, ...] = ()
    pending: tuple[PendingOperation, ...] = ()
    ids: frozenset[tuple[str, str]] = frozenset()
    unread: tuple[str, ...] = ()
    keys: SecretsProvider = field(default_factory=SecretsProvider)
    secrets: tuple[Any, ...] = field(default=(), repr=False)


def is_bookkeeping(resource_type: str) -> bool:
    """Whether a resource is Pulumi's own (the stack, a provider, a StackReference), not something that was deployed."""
    return resource_type.startswith("pulumi:")


def read_checkpoint(deployment: Mapping[str, Any] | None) -> Checkpoint:
    """``deployment`` is what ``pulumi stack export --show-secrets`` gives under that name; None for a stack never updated."""
    deployment = deployment or {}
    everything = deployment.get("resources") or []
    resources = [resource for resource in everything if not resource.get("delete")]
    pending = deployment.get("pending_operations") or []
    outputs: dict[str, Any] = {}
    for resource in resources:
        if resource.get("type") == ROOT_TYPE:
            outputs = {name: _output(value) for name, value in (resource.get("outputs") or {}).items()}
    return Checkpoint(
        outputs=outputs,
        resource_count=sum(1 for resource in resources if not is_bookkeeping(resource.get("type", ""))),
        references=tuple(sorted(set(_references(resources)))),
        pending=tuple(_pending(operation, everything) for operation in pending),
        ids=frozenset((resource.get("type", ""), resource["id"]) for resource in everything if resource.get("id")),
        unread=tuple(resource["urn"] for resource in resources if resource.get("initErrors") == [UNREAD]),
        keys=_keys(deployment.get("secrets_providers") or {}),
        secrets=tuple(
            secret
            for resource in (*resources, *(operation.get("resource") or {} for operation in pending))
            for part in ("inputs", "outputs")
            for secret in _secrets(resource.get(part) or {})
        ),
    )


def _pending(operation: Mapping[str, Any], resources: list[dict[str, Any]]) -> PendingOperation:
    resource = operation.get("resource") or {}
    provider = next(
        (each for each in resources if f"{each.get('urn')}::{each.get('id')}" == resource.get("provider")), {}
    )
    return PendingOperation(
        urn=resource.get("urn", ""),
        kind=operation.get("type", ""),
        type=resource.get("type", ""),
        id=resource.get("id", ""),
        is_custom=bool(resource.get("custom", True)),
        by_program=bool(resource.get("importID")),
        inputs=_plain(resource.get("inputs") or {}),
        provider=_plain(provider.get("inputs") or {}),
    )


def _output(encoded: Any) -> Any:
    """The value as programs know it; in ``Secret`` as a whole when any part of it is secret."""
    value = _plain(encoded)
    return Secret(value) if any(True for _ in _secrets(encoded)) else value


def _plain(encoded: Any) -> Any:
    if isinstance(encoded, list):
        return [_plain(part) for part in encoded]
    if not isinstance(encoded, dict):
        return encoded
    kind = encoded.get(_KIND)
    if kind == _SECRET:
        return _plain(_opened(encoded))
    if kind == _OUTPUT:
        return _plain(encoded.get("value"))
    if kind == _REFERENCE:
        return encoded.get("id") or encoded.get("urn")
    return {name: _plain(part) for name, part in encoded.items() if name != _KIND}


def _secrets(encoded: Any) -> Iterator[Any]:
    if isinstance(encoded, list):
        for part in encoded:
            yield from _secrets(part)
    elif isinstance(encoded, dict):
        if encoded.get(_KIND) == _SECRET or (encoded.get(_KIND) == _OUTPUT and encoded.get("secret")):
            yield _plain(encoded)
        else:
            for name, part in encoded.items():
                # The code of a dynamic provider is marked secret to keep it out of sight; there is nothing to hide in it.
                if name != "__provider":
                    yield from _secrets(part)


def _opened(secret: Mapping[str, Any]) -> Any:
    plaintext = secret.get("plaintext")
    return json.loads(plaintext) if isinstance(plaintext, str) else None


def _references(resources: list[dict[str, Any]]) -> Iterator[str]:
    for resource in resources:
        if resource.get("type") == _STACK_REFERENCE:
            name = (resource.get("inputs") or {}).get("name") or resource.get("id")
            if isinstance(name, str):
                yield name


def _keys(providers: Mapping[str, Any]) -> SecretsProvider:
    """Of a passphrase or a key service; Pulumi Cloud keeps the keys of its stacks itself."""
    state = providers.get("state") or {}
    if providers.get("type") == "passphrase":
        return SecretsProvider(encryption_salt=state.get("salt", ""))
    if providers.get("type") == "cloud":
        return SecretsProvider(provider=state.get("url", ""), encrypted_key=state.get("encryptedkey", ""))
    return SecretsProvider()
