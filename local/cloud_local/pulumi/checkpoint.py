"""Deployments in Pulumi's own checkpoint format (version 3): read, write, check.

A deployment is `{manifest, secrets_providers, resources, pending_operations, metadata}`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from .errors import PulumiError
from .passphrase import PROVIDER, Crypter
from .resource_state import ResourceState, from_json, timestamp, to_json
from .urns import ROOT_STACK_TYPE, is_provider_type
from .values import SECRET_KIND, SIGNATURE, UNKNOWN, UNKNOWN_MARK, Properties, Secret, reveal, secret, transform
from .version import engine_version

VERSION = 3
# Features of version 4 checkpoints that this engine keeps; a state with any other is refused rather than damaged.
FEATURES = {"refreshBeforeUpdate": "refresh_before_update", "taint": "taint", "replaceWith": "replace_with"}


@dataclass
class Operation:
    """A provider call that had begun when the state was written: creating, updating, deleting, reading, importing."""

    resource: ResourceState
    type: str


@dataclass
class Snapshot:
    """A stack's state: resources in dependency order, and operations whose outcome isn't known."""

    resources: list[ResourceState] = field(default_factory=list)
    pending_operations: list[Operation] = field(default_factory=list)


def serialize(snapshot: Snapshot, crypter: Crypter, *, show_secrets: bool = False) -> dict[str, Any]:
    """The deployment document of a snapshot; secrets are sealed, or bare under "plaintext" with `show_secrets`."""

    def encode(value: Any) -> Any:
        return transform(value, lambda v: _encode_leaf(v, crypter, show_secrets))

    document: dict[str, Any] = {
        "manifest": manifest(),
        "secrets_providers": {"type": PROVIDER, "state": {"salt": crypter.state}},
    }
    if snapshot.resources:
        document["resources"] = [to_json(resource, encode) for resource in snapshot.resources]
    if snapshot.pending_operations:
        document["pending_operations"] = [
            {"resource": to_json(operation.resource, encode), "type": operation.type}
            for operation in snapshot.pending_operations
        ]
    document["metadata"] = {}
    return document


def manifest() -> dict[str, str]:
    """When and by what the state was written; `magic` is the digest that the CLI checks."""
    version = engine_version()
    return {"time": timestamp(), "magic": hashlib.sha256(version.encode()).hexdigest(), "version": version}


def _encode_leaf(value: Any, crypter: Crypter, show_secrets: bool) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_MARK
    if not isinstance(value, Secret):
        return value
    plaintext = json.dumps(
        transform(reveal(value.value), lambda v: UNKNOWN_MARK if v is UNKNOWN else v),
        separators=(",", ":"),
        ensure_ascii=False,
    )
    sealed = {"plaintext": plaintext} if show_secrets else {"ciphertext": crypter.encrypt(plaintext)}
    return {SIGNATURE: SECRET_KIND, **sealed}


def decode_value(value: Any, crypter: Crypter | None) -> Any:
    """A checkpoint's property value in memory. Raises PulumiError when a secret can't be opened."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_KIND:
            if "plaintext" in value:
                plaintext = value["plaintext"]
            elif crypter is None:
                raise PulumiError("the state holds secrets, but no secrets provider is known for it")
            else:
                plaintext = crypter.decrypt(value["ciphertext"])
            return secret(decode_value(json.loads(plaintext), crypter))
        return {k: decode_value(v, crypter) for k, v in value.items()}
    if isinstance(value, list):
        return [decode_value(v, crypter) for v in value]
    return UNKNOWN if value == UNKNOWN_MARK else value


def deserialize(document: dict[str, Any] | None, crypter: Crypter | None) -> Snapshot:
    """Read a deployment and verify it. Raises PulumiError for what this engine can't keep or what is inconsistent."""
    if not document:
        return Snapshot()

    def decode(value: Any) -> Any:
        return decode_value(value, crypter)

    try:
        snapshot = Snapshot(
            [from_json(resource, decode) for resource in document.get("resources") or []],
            [
                Operation(from_json(operation["resource"], decode), operation["type"])
                for operation in document.get("pending_operations") or []
            ],
        )
    except (ValueError, TypeError, KeyError) as error:
        raise PulumiError(f"could not read the state: {error}") from error
    verify(snapshot)
    return snapshot


def features_of(document: dict[str, Any]) -> list[str]:
    """The version 4 features that a deployment document needs, sorted."""
    used = {key for resource in document.get("resources") or [] for key in resource}
    return sorted(feature for feature in FEATURES if feature in used)


def verify(snapshot: Snapshot) -> None:
    """Raises PulumiError unless everything that a resource refers to stands before it, as the CLI requires."""
    seen: set[str] = set()
    providers: set[str] = set()
    for resource in snapshot.resources:
        if resource.provider and resource.provider not in providers:
            _refuse(f"resource {resource.urn} refers to unknown provider {resource.provider}")
        if resource.parent and resource.parent not in seen:
            _refuse(f"child resource {resource.urn} refers to missing parent {resource.parent}")
        for urn in resource.dependency_urns(parent=False):
            if urn not in seen:
                _refuse(f"resource {resource.urn} dependency {urn} refers to missing resource")
        seen.add(resource.urn)
        if is_provider_type(resource.type):
            providers.add(f"{resource.urn}::{resource.id}")


def _refuse(reason: str) -> None:
    raise PulumiError(f"snapshot integrity failure; refusing to use it: {reason}")


def stack_outputs(document: dict[str, Any] | None, crypter: Crypter | None) -> Properties:
    """The outputs of the root stack resource in a deployment document, secrets marked."""
    for resource in (document or {}).get("resources") or []:
        if resource["type"] == ROOT_STACK_TYPE and not resource.get("delete"):
            outputs: Properties = decode_value(resource.get("outputs") or {}, crypter)
            return outputs
    return {}
