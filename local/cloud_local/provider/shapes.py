"""Between Pulumi properties and AWS structures, by botocore's shapes one way and pulumi_aws's types the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloud_local.provider.names import match, plain
from cloud_local.provider.schema import PropertyType

Renames = Mapping[str, str]
"""Property name -> AWS member name, where the names follow no habit."""

_TAG_KEYS = ("key", "tagkey", "name")
_TAG_VALUES = ("value", "tagvalue")


def to_aws(shape: Any, value: Any, renames: Renames | None = None) -> Any:
    """A property value as a parameter of a botocore shape."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, renames or {})
    if kind == "list":
        if isinstance(value, Mapping) and is_tag_list(shape):
            return tag_list(shape, value)
        items = value if isinstance(value, list) else [value]
        return [to_aws(shape.member, item, renames) for item in items]
    if kind == "map":
        return {str(key): to_aws(shape.value, item, renames) for key, item in value.items()}
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "enabled")
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    if kind == "string":
        return text(value)
    return value


def _structure(shape: Any, value: Any, renames: Renames) -> dict[str, Any]:
    members = shape.members
    if isinstance(value, list):
        if len(members) == 1 and next(iter(members.values())).type_name == "list":
            (only,) = members  # a wrapper that Terraform leaves out, around a list
            return {only: to_aws(members[only], value, renames)}
        value = value[0] if value else {}  # Terraform writes a single block as a list of one
    if not isinstance(value, Mapping):
        (only,) = members
        return {only: to_aws(members[only], value, renames)}
    found = {name: renames.get(name) or match(name, members) for name in value}
    if len(members) == 1 and not any(member in members for member in found.values()):
        (only,) = members  # a wrapper that Terraform leaves out
        return {only: to_aws(members[only], value, renames)} if value else {}
    return {
        member: to_aws(members[member], value[name], renames)
        for name, member in found.items()
        if member is not None and member in members and value[name] is not None
    }


def text(value: Any) -> str:
    """A value as the string AWS expects: booleans in lower case, objects as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Mapping, list)):
        return json.dumps(value)
    return str(value)


def is_tag_list(shape: Any) -> bool:
    """Whether a list shape is a list of keys and values."""
    item = shape.member
    if item.type_name != "structure":
        return False
    names = {plain(member) for member in item.members}
    return bool(names & set(_TAG_KEYS)) and bool(names & set(_TAG_VALUES))


def tag_list(shape: Any, tags: Mapping[str, Any]) -> Any:
    """Tags as a service wants them: a map, or a list of keys and values however it names them."""
    if shape.type_name == "map":
        return {key: text(value) for key, value in tags.items()}
    by_name = {plain(member): member for member in shape.member.members}
    key_member = next(by_name[name] for name in _TAG_KEYS if name in by_name)
    value_member = next(by_name[name] for name in _TAG_VALUES if name in by_name)
    return [{key_member: key, value_member: text(value)} for key, value in tags.items()]


def tags_from(value: Any) -> dict[str, str]:
    """A map of tags from whatever a service answered."""
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    tags = {}
    for item in value or []:
        by_name = {plain(member): content for member, content in item.items()}
        key = next(by_name[name] for name in _TAG_KEYS if name in by_name)
        tags[str(key)] = str(next((by_name[name] for name in _TAG_VALUES if name in by_name), "") or "")
    return tags


def from_aws(declared: PropertyType, value: Any, renames: Renames | None = None) -> Any:
    """A part of a response as the SDK declares the property; None where it doesn't fit (the SDK would refuse it)."""
    if value is None:
        return None
    kind = declared.name
    if kind == "string":
        return _string(value)
    if kind in ("integer", "number"):
        return _number(value, kind)
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        return {"true": True, "enabled": True, "false": False, "disabled": False}.get(str(value).lower())
    if kind == "object":
        return _object(declared, value, renames or {})
    if kind == "list":
        return _list(declared, value, renames)
    if kind == "map":
        item = declared.item
        entries = value if isinstance(value, Mapping) else tags_from(value) if isinstance(value, list) else None
        if entries is None or item is None:
            return None
        converted = {str(key): from_aws(item, entry, renames) for key, entry in entries.items()}
        return {key: entry for key, entry in converted.items() if entry is not None}
    return _plain_value(value)


def _string(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, separators=(",", ":"), default=str)
    return text(value)


def _number(value: Any, kind: str) -> int | float | None:
    if isinstance(value, (Mapping, list)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if kind == "integer" or number.is_integer() else number


def _list(declared: PropertyType, value: Any, renames: Renames | None) -> list[Any] | None:
    if declared.item is None:
        return None
    if isinstance(value, Mapping) and declared.item.name != "object":
        return None
    items = value if isinstance(value, list) else [value]
    converted = (from_aws(declared.item, item, renames) for item in items)
    return [item for item in converted if item is not None]


def _object(declared: PropertyType, value: Any, renames: Renames) -> dict[str, Any] | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, Mapping):
        return None
    fields = {}
    for name, field_type in declared.fields.items():
        member = renames.get(name) or match(name, value)
        found = from_aws(field_type, value[member], renames) if member in value else None
        if found is not None:
            fields[name] = found
    if not fields and len(value) == 1:  # a wrapper that Terraform leaves out
        (inner,) = value.values()
        if isinstance(inner, (Mapping, list)):
            return _object(declared, inner, renames)
    return fields


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else _string(value)
