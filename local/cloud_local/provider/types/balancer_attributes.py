"""Attributes of Elastic Load Balancing: settings that are neither members of what creates a thing nor of what describes it, but
pairs of key and text, read and written by operations of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import text


def live(scene: Scene, operation: str, identity: Mapping[str, Any]) -> dict[str, str]:
    """What an operation that describes attributes tells, by key."""
    return {item["Key"]: item.get("Value", "") for item in scene.call(operation, identity).get("Attributes") or ()}


def typed(scene: Scene, name: str, value: str) -> Any:
    """An attribute's text as the property's own type."""
    kind = scene.schema.outputs[name].name
    if kind == "boolean":
        return value == "true"
    return int(value) if kind == "integer" else value


def put(scene: Scene, operation: str, identity: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Set attributes, if there are any to set."""
    if wanted:
        pairs = [{"Key": key, "Value": text(value)} for key, value in sorted(wanted.items())]
        scene.call(operation, {**identity, "Attributes": pairs})


def touched(scene: Scene, name: str) -> bool:
    """Whether a property is to be set: what is declared at the creation, afterwards what changes."""
    return name in scene.changed if scene.old else scene.properties.get(name) is not None
