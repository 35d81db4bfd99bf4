"""Property values on the wire: protobuf structs to plain Python and back.

Inside the provider a value is plain JSON-like Python; what isn't known in a preview is `UNKNOWN`. Secrets lose their
mark on the way in and get it again on the way out (`mark_secrets`), property by property, as Pulumi's own
`annotateSecrets` does for providers (sdk/go/common/resource/plugin/provider_plugin.go). Assets and archives stay the
signed objects they are on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's sentinel for a string that isn't known yet; the engine takes it for any type."""

_OTHER_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a public signature, not a password
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

Properties = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> tuple[Properties, frozenset[str]]:
    """The properties of a message as plain values, and the names of those that hold a secret anywhere."""
    plain: Properties = {}
    secret: set[str] = set()
    for name, value in struct.fields.items():
        decoded, is_secret = _decode(value)
        if decoded is not None:
            plain[name] = decoded
        if is_secret:
            secret.add(name)
    return plain, frozenset(secret)


def to_struct(properties: Mapping[str, Any], secret: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """A message from plain values, with the named properties marked as secrets."""
    struct = struct_pb2.Struct()
    for name, value in properties.items():
        if value is None:
            continue
        marked = {SIGNATURE: SECRET, "value": value} if name in secret else value
        struct.fields[name].CopyFrom(_encode(marked))
    return struct


def contains_unknown(value: Any) -> bool:
    """Whether any part of a value isn't known yet."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _decode(value: struct_pb2.Value) -> tuple[Any, bool]:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    if kind == "list_value":
        items = [_decode(item) for item in value.list_value.values]
        return [item for item, _ in items], any(is_secret for _, is_secret in items)
    if kind == "string_value":
        return (UNKNOWN if value.string_value in _OTHER_UNKNOWNS else value.string_value), False
    if kind == "number_value":
        number = value.number_value
        return (int(number) if number.is_integer() else number), False
    if kind == "bool_value":
        return value.bool_value, False
    return None, False


def _decode_object(struct: struct_pb2.Struct) -> tuple[Any, bool]:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else ""
    if signature == SECRET:
        return _decode(struct.fields["value"])[0], True
    if signature == OUTPUT:
        inner, inner_secret = _decode(struct.fields["value"]) if "value" in struct.fields else (UNKNOWN, False)
        return inner, inner_secret or struct.fields["secret"].bool_value
    if signature == RESOURCE:
        return _decode(struct.fields["id"])[0], False
    fields = {name: _decode(value) for name, value in struct.fields.items()}
    plain = {name: item for name, (item, _) in fields.items() if item is not None}
    return plain, any(is_secret for _, is_secret in fields.values())


def _encode(value: Any) -> struct_pb2.Value:
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        fields = {name: _encode(item) for name, item in value.items() if item is not None}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    if isinstance(value, (list, tuple)):
        items = [_encode(item) for item in value]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    raise TypeError(f"a {type(value).__name__} has no form on the wire")
