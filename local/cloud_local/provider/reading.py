"""Live state: what AWS tells of a resource, as its properties; and how it stands to what was declared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import jmespath  # type: ignore[import-untyped]  # no stubs
from botocore.exceptions import ClientError

from cloud_local.provider import tags
from cloud_local.provider.compare import is_empty, same
from cloud_local.provider.connection import is_absent
from cloud_local.provider.model import Read, fill
from cloud_local.provider.names import member_of, noun_of
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import from_aws

META: Final = "__meta"
"""Bookkeeping among the outputs (pulumi-aws uses the same name): which properties AWS didn't confirm."""


def live(scene: Scene, after_deletion: bool = False) -> dict[str, Any] | None:
    """Every property AWS tells of the resource; None if it doesn't exist.

    Raises:
        ClientError: AWS refuses for another reason.
        NotEmulated: the emulator has no such operation.
    """
    row = scene.row
    properties: dict[str, Any] = {}
    first: Mapping[str, Any] = {}
    for position, read in enumerate(row.reads):
        found = _find(scene, read)
        if found is None:
            if read.optional:
                continue
            return None
        if position == 0:
            if row.gone and jmespath.search(row.gone, found):
                return None
            if after_deletion and row.deleted and jmespath.search(row.deleted, found):
                return None
            first = found if isinstance(found, Mapping) else {}
        properties |= _harvest(scene, read, found)
    if row.enrich:
        properties |= {name: value for name, value in row.enrich(scene, first).items() if value is not None}
    known = {**scene.known, **properties}
    for name, template in row.outputs.items():
        value = fill(template, known)
        if value is not None and name in scene.schema.outputs:
            properties[name] = from_aws(scene.schema.outputs[name], value)
    if "region" in scene.schema.outputs:
        properties["region"] = scene.region
    if row.taggable and "tagsAll" in scene.schema.outputs:
        scene.live = properties
        every = tags.read(scene, first)
        declared = scene.properties.get("tags") or {}
        properties["tagsAll"] = every
        own = tags.own(scene.connection.settings, declared, every)
        if own:
            properties["tags"] = own
    return properties


def _find(scene: Scene, read: Read) -> Any:
    if read.by is not None:
        return read.by(scene)
    shape = scene.connection.model(scene.row.service, read.operation).input_shape
    arguments = scene.fill(dict(read.arguments)) if read.arguments else scene.identity_of(shape)
    try:
        answer = scene.call(read.operation, arguments)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(read.found.replace("{id}", scene.id), answer)
    return None if found is None or found == [] or found == "" else found


def _harvest(scene: Scene, read: Read, found: Any) -> dict[str, Any]:
    row, outputs = scene.row, scene.schema.outputs
    if read.into:
        value = from_aws(outputs[read.into], found, row.nested)
        return {} if value is None else {read.into: value}
    if not isinstance(found, Mapping):
        return {}
    noun = noun_of(row.create)
    properties = {}
    for name, declared in outputs.items():
        if name in ("tags", "tagsAll", "region") or name in row.provider_only:
            continue
        member = row.attributes.get(name) or member_of(name, row.rename, found, noun)
        value = from_aws(declared, found[member], row.nested) if member in found else None
        if value is not None:
            properties[name] = value
    return properties


def unconfirmed(scene: Scene, found: Mapping[str, Any]) -> list[str]:
    """The declared properties that live state doesn't bear out, though AWS took the request."""
    skip = {*scene.row.provider_only, *scene.row.unread, "tagsAll", "region"}
    return sorted(
        name
        for name, value in scene.properties.items()
        if name not in skip and not name.startswith("__") and not same(value, found.get(name))
    )


def outputs_after_change(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """The state to record after a creation or update: declarations as they were written, the rest as AWS tells it.

    Declared properties that AWS doesn't bear out are named in a warning and noted, so that later reads don't take
    the emulator's silence for drift.
    """
    declared = {name: value for name, value in scene.properties.items() if not name.startswith("__")}
    unproven = unconfirmed(scene, found)
    state = {**found, **scene.row.completed(declared, found)}
    if "tags" in scene.schema.outputs and "tags" not in declared:
        state.pop("tags", None)
    if unproven:
        state[META] = json.dumps({"unconfirmed": unproven})
        if scene.connection.settings.endpoint_of(scene.row.service):
            names = ", ".join(unproven)
            scene.warn(f"{scene.schema.token}: recorded but not applied by the emulated AWS: {names}")
    return state


def refreshed(
    scene: Scene, found: Mapping[str, Any], inputs: Mapping[str, Any], state: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(outputs, inputs) after a read: a declared property keeps its own spelling unless live state contradicts it.

    With no inputs recorded (an import) every input AWS tells of counts as declared.
    """
    noted = set(json.loads(state[META]).get("unconfirmed", ())) if state.get(META) else set()
    quiet = {*noted, *scene.row.provider_only, *scene.row.unread}
    outputs = {**{name: state[name] for name in state if name in quiet or name == META}, **dict(found)}
    outputs |= {name: state[name] for name in quiet if name in state}
    if not inputs:
        imported = {name: value for name, value in found.items() if name in scene.schema.inputs and not is_empty(value)}
        return outputs, {**imported, **({"tagsAll": found["tagsAll"]} if found.get("tagsAll") else {})}
    updated = dict(inputs)
    for name in [*inputs, "tags", "tagsAll"]:
        if name in quiet or name.startswith("__") or name not in scene.schema.outputs or name == "region":
            continue
        declared, actual = inputs.get(name), found.get(name)
        equal = declared == actual or (is_empty(declared) and is_empty(actual))
        if equal if name in ("tags", "tagsAll") else same(declared, actual):
            if declared is not None:
                outputs |= scene.row.completed({name: declared}, found)
        elif actual is None:
            updated.pop(name, None)
        else:
            updated[name] = actual
    return outputs, updated
