"""Property values, and their form on the wire.

In memory a value is None, bool, int, float, str, list, dict, `Secret` or `UNKNOWN`; assets, archives and resource
references stay the marked dicts of the protocol (`SIGNATURE` names their kind). On the wire all of them are protobuf
Structs in which secrets and outputs are marked objects and an unknown is a magic string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_KIND = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a protocol constant
ASSET_KIND = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_KIND = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE_KIND = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_KIND = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MASK = "[secret]"

Properties = dict[str, Any]


class _Unknown:
    """The value of something that will only be known later."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, _memo: object) -> _Unknown:
        return self


UNKNOWN = _Unknown()


@dataclass(frozen=True, eq=True)
class Secret:
    """A value that is encrypted at rest and never shown."""

    value: Any

    __hash__ = None  # type: ignore[assignment]  # the value may be a dict

    def __repr__(self) -> str:
        return "Secret(…)"


def secret(value: Any) -> Secret:
    """Mark a value as secret, once."""
    return value if isinstance(value, Secret) else Secret(value)


def from_wire(struct: struct_pb2.Struct, dependencies: dict[str, set[str]] | None = None) -> Properties:
    """Decode a Struct. Outputs are reduced to their value (or UNKNOWN or Secret); the URNs that they depend on are added
    to `dependencies` under their top-level key.
    """
    result = {}
    for key, value in struct.fields.items():
        found: set[str] = set()
        result[key] = _decode(value, found)
        if dependencies is not None:
            dependencies.setdefault(key, set()).update(found)
    return result


def decode_value(value: struct_pb2.Value) -> Any:
    """Decode a single wire value."""
    return _decode(value, set())


def _decode(value: struct_pb2.Value, found: set[str]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object({k: _decode(v, found) for k, v in value.struct_value.fields.items()}, found)
    if kind == "list_value":
        return [_decode(item, found) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_MARK else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _decode_object(fields: Properties, found: set[str]) -> Any:
    kind = fields.get(SIGNATURE)
    if kind == SECRET_KIND:
        return secret(fields.get("value"))
    if kind == OUTPUT_KIND:
        found.update(fields.get("dependencies") or ())
        value = fields.get("value", UNKNOWN)
        return secret(value) if fields.get("secret") else value
    return fields


def to_wire(properties: Properties, *, keep_secrets: bool = True, keep_resources: bool = True) -> struct_pb2.Struct:
    """Encode properties; receivers that don't understand secrets or resource references get the bare value or the id."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _encode(value, struct.fields[key], keep_secrets, keep_resources)
    return struct


def _encode(value: Any, into: struct_pb2.Value, keep_secrets: bool, keep_resources: bool) -> None:
    if isinstance(value, Secret):
        if keep_secrets:
            value = {SIGNATURE: SECRET_KIND, "value": value.value}
        else:
            _encode(value.value, into, keep_secrets, keep_resources)
            return
    if value is None:
        into.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        into.string_value = UNKNOWN_MARK
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, (int, float)):
        into.number_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, (list, tuple)):
        into.list_value.SetInParent()
        for item in value:
            _encode(item, into.list_value.values.add(), keep_secrets, keep_resources)
    elif not keep_resources and value.get(SIGNATURE) == REFERENCE_KIND:
        identity = value.get("id") if "id" in value else value["urn"]
        _encode(identity, into, keep_secrets, keep_resources)
    else:
        into.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, into.struct_value.fields[key], keep_secrets, keep_resources)


def transform(value: Any, change: Callable[[Any], Any]) -> Any:
    """Rebuild a value from the top: where `change` returns something else, that is taken as it is."""
    changed = change(value)
    if changed is not value:
        return changed
    if isinstance(value, Secret):
        return Secret(transform(value.value, change))
    if isinstance(value, dict):
        return {k: transform(v, change) for k, v in value.items()}
    if isinstance(value, list):
        return [transform(v, change) for v in value]
    return value


def reveal(value: Any) -> Any:
    """The value with its secrets opened."""
    return transform(value, lambda v: reveal(v.value) if isinstance(v, Secret) else v)


def masked(value: Any) -> Any:
    """The value with each secret shown as `[secret]`."""
    return transform(value, lambda v: MASK if isinstance(v, Secret) else v)


def leaves(value: Any) -> Iterator[Any]:
    """All values in it, itself first; secrets are entered."""
    yield value
    if isinstance(value, Secret):
        yield from leaves(value.value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)


def has_unknown(value: Any) -> bool:
    """True when any part of it is unknown."""
    return any(leaf is UNKNOWN for leaf in leaves(value))


def has_secret(value: Any) -> bool:
    """True when any part of it is secret."""
    return any(isinstance(leaf, Secret) for leaf in leaves(value))


def annotate_secrets(outputs: Properties | None, inputs: Properties | None) -> None:
    """Make outputs secret where the input of the same name is, for providers that don't keep secrets themselves."""
    if outputs is None or inputs is None:
        return
    for key, given in inputs.items():
        out = outputs.get(key)
        if key not in outputs:
            continue
        if isinstance(out, dict) and isinstance(given, dict):
            annotate_secrets(out, given)
        elif has_secret(given):
            outputs[key] = secret(out)


def secret_strings(value: Any) -> Iterator[str]:
    """The texts inside secrets, for masking them in what is printed."""
    for leaf in leaves(value):
        if isinstance(leaf, Secret):
            for inner in leaves(leaf.value):
                if isinstance(inner, str):
                    yield inner
