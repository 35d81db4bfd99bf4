"""Check: validate a resource's inputs, all faults at once, and add what the provider itself knows: defaults and names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloud_local.provider import tags
from cloud_local.provider.naming import AutoName, NameTooLong
from cloud_local.provider.scene import Scene
from cloud_local.provider.schema import PropertyType
from cloud_local.provider.values import SIGNATURE, UNKNOWN, Properties

DEFAULTS = "__defaults"
"""The inputs the provider filled in itself, as pulumi-aws notes them."""

Failure = tuple[str, str]

_ENFORCE, _DISABLE = 1, 2  # CheckRequest.AutonamingOptions.Mode


def check(
    scene: Scene, olds: Mapping[str, Any], seed: bytes, autonaming: Any | None
) -> tuple[Properties, list[Failure]]:
    """The inputs with defaults, automatic name and all tags; and every (property, reason) that is wrong."""
    inputs = {name: value for name, value in scene.properties.items() if name not in (DEFAULTS, "tagsAll")}
    failures = list(_failures(scene, inputs))
    defaulted = []
    for name, value in scene.row.defaults.items():
        if name not in inputs:
            inputs[name] = value
            defaulted.append(name)
    naming = _auto_name(scene, inputs)
    if naming:
        try:
            inputs[naming.property] = _name(scene, naming, olds, seed, autonaming)
            defaulted.append(naming.property)
        except (NameTooLong, ValueError) as error:
            failures.append((naming.property, str(error)))
    if "tagsAll" in scene.schema.outputs and "tags" in scene.schema.inputs and inputs.get("tags") != UNKNOWN:
        own = inputs.get("tags")
        every = tags.merged(scene.connection.settings, own if isinstance(own, Mapping) else None)
        if every:
            inputs["tagsAll"] = every
    elif inputs.get("tags") == UNKNOWN:
        inputs["tagsAll"] = UNKNOWN
    if defaulted:
        inputs[DEFAULTS] = sorted(defaulted)
    return inputs, failures


def _auto_name(scene: Scene, inputs: Mapping[str, Any]) -> AutoName | None:
    naming = scene.row.auto_name
    if naming is None or naming.property not in scene.schema.inputs or naming.property in scene.schema.required:
        return None
    if naming.property in inputs or f"{naming.property}Prefix" in inputs:
        return None
    return naming


def _name(scene: Scene, naming: AutoName, olds: Mapping[str, Any], seed: bytes, autonaming: Any | None) -> str:
    if naming.property in (olds.get(DEFAULTS) or ()) and olds.get(naming.property):
        return str(olds[naming.property])
    if autonaming is not None and autonaming.mode == _DISABLE:
        raise ValueError(f"automatic naming is disabled and no {naming.property} is given")
    if autonaming is not None and autonaming.proposed_name:
        return str(autonaming.proposed_name)
    fifo = scene.properties.get("fifoQueue") is True or scene.properties.get("fifoTopic") is True
    return naming.make(scene.name, seed, ".fifo" if fifo else "")


def _failures(scene: Scene, inputs: Mapping[str, Any]) -> Iterator[Failure]:
    schema = scene.schema
    for name in sorted(schema.required - inputs.keys()):
        yield name, f"Missing required argument: the property '{name}' is required, but no value was given"
    for name in sorted(inputs):
        if name not in schema.inputs:
            yield name, f"Invalid or unknown key: {schema.token} has no property '{name}'"
        else:
            yield from _misfits(name, schema.inputs[name], inputs[name])


def _misfits(path: str, declared: PropertyType, value: Any) -> Iterator[Failure]:
    """Where a value doesn't fit its declared type. Scalars convert into each other as in Terraform."""
    if value == UNKNOWN or declared.name == "any" or value is None:
        return
    if isinstance(value, Mapping) and SIGNATURE in value:
        return
    if declared.name == "object":
        if not isinstance(value, Mapping):
            yield path, f"expected object, got {_kind(value)}"
            return
        for name in sorted(value):
            if name not in declared.fields:
                yield f"{path}.{name}", f"Invalid or unknown key: there is no property '{name}' in '{path}'"
            else:
                yield from _misfits(f"{path}.{name}", declared.fields[name], value[name])
    elif declared.name == "list":
        if not isinstance(value, list):
            yield path, f"expected list, got {_kind(value)}"
            return
        for index, item in enumerate(value):
            yield from _misfits(f"{path}[{index}]", declared.item or PropertyType("any"), item)
    elif declared.name == "map":
        if not isinstance(value, Mapping):
            yield path, f"expected map, got {_kind(value)}"
            return
        for name in sorted(value):
            yield from _misfits(f"{path}.{name}", declared.item or PropertyType("any"), value[name])
    elif not _scalar_fits(declared.name, value):
        yield path, f"expected {declared.name}, got {_kind(value)} {value!r}"


def _scalar_fits(kind: str, value: Any) -> bool:
    if isinstance(value, (Mapping, list)):
        return False
    if kind == "string":
        return True
    if kind == "boolean":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if isinstance(value, bool):
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    return kind == "number" or number.is_integer()


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list):
        return "list"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"
