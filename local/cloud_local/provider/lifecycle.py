"""Create, update and delete for any row of the table."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import jmespath  # type: ignore[import-untyped]  # no stubs
from botocore.exceptions import BotoCoreError, ClientError

from cloud_local.provider import reading, tags
from cloud_local.provider.compare import differences, is_empty
from cloud_local.provider.connection import NotEmulated, is_absent
from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Update
from cloud_local.provider.names import member_of, noun_of
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import text, to_aws

RECORDED: Final = "recorded-"
"""Prefix of the identifier of a resource that the emulator has no operation for, and that is recorded only."""

_ABSENCE_CHECKS: Final = 20
_FIRST_WAIT_SECONDS: Final = 0.05

_NEVER_SENT: Final = frozenset({"tags", "tagsAll", "region"})


class StillThere(ProviderError):
    """AWS accepted a deletion and still tells of the resource."""


def create(scene: Scene) -> None:
    """Make the resource; sets `scene.id` as soon as it exists, so that a later failure can be told as partial.

    Raises:
        ClientError, BotoCoreError: AWS refuses.
        NotEmulated: the emulator has no such operation.
    """
    row = scene.row
    _complete_prefix(scene)
    arguments, taken = arguments_of(scene, row.create, scene.properties)
    arguments.update(scene.fill(dict(row.arguments)))
    shape = scene.connection.model(row.service, row.create).input_shape
    all_tags = scene.properties.get("tagsAll") or {}
    sent_tags = False
    if all_tags and row.taggable and "tagsAll" in scene.schema.outputs:
        parameter = tags.parameter(scene, shape, all_tags)
        if parameter is not None:
            arguments[parameter[0]] = parameter[1]
            sent_tags = True
    if row.prepare:
        row.prepare(scene, row.create, arguments)
    scene.answer = scene.call(row.create, arguments)
    scene.id = _identifier(scene)
    for update in row.updates:
        wanted = covered(scene, update) & scene.properties.keys() - taken
        wanted = {name for name in wanted if scene.properties[name] is not None}
        if update.on_create and wanted:
            _run(scene, update, wanted, set())
    if row.created:
        row.created(scene)
    if all_tags and row.taggable and not sent_tags and "tagsAll" in scene.schema.outputs:
        scene.live = reading.live(scene) or {}
        tags.apply(scene, {}, all_tags)


def _complete_prefix(scene: Scene) -> None:
    """A `namePrefix` becomes a name when the resource is made, as Terraform's provider does it."""
    naming = scene.row.auto_name
    prefix = scene.properties.get(f"{naming.property}Prefix") if naming else None
    if naming and prefix and not scene.properties.get(naming.property):
        scene.properties[naming.property] = f"{prefix}{secrets.token_hex(13)}"


def _identifier(scene: Scene) -> str:
    if scene.row.identify is not None:
        return scene.row.identify(scene)
    template = scene.row.id
    value = scene.fill(template) if "{" in template else jmespath.search(template, scene.answer)
    if not value:
        raise ProviderError(f"creating {scene.title} ({scene.name}): AWS answered no {template}: {scene.answer}")
    return str(value)


def arguments_of(
    scene: Scene, operation: str, properties: Mapping[str, Any], identified: bool = False
) -> tuple[dict[str, Any], set[str]]:
    """The arguments of an operation made from properties, and the properties it takes.

    With `identified` the row's identity is added.
    """
    row = scene.row
    shape = scene.connection.model(row.service, operation).input_shape
    arguments: dict[str, Any] = {}
    taken: set[str] = set()
    if shape is None:
        return arguments, taken
    target, members = arguments, shape.members
    if row.body and row.body in members:
        members = members[row.body].members
        target = arguments.setdefault(row.body, {})
    noun = noun_of(row.create)
    for name, value in properties.items():
        if value is None or name in _NEVER_SENT or name in row.provider_only | row.by_hook or name.startswith("__"):
            continue
        if name in row.attributes and "Attributes" in shape.members:
            arguments.setdefault("Attributes", {})[row.attributes[name]] = text(value)
            taken.add(name)
            continue
        member = member_of(name, row.rename, members, noun)
        place, shapes = target, members
        if member is None and row.body:  # beside the structure stands what says which resource
            member = member_of(name, row.rename, shape.members, noun)
            place, shapes = arguments, shape.members
        if member is not None and member not in tags.TAG_MEMBERS:
            place.setdefault(member, to_aws(shapes[member], value, row.nested))
            taken.add(name)
    if identified:
        arguments.update(scene.identity_of(shape))
        if row.body in shape.members:
            arguments.setdefault(row.body, {}).update(scene.identity_of(shape.members[row.body]))
    return arguments, taken


def covered(scene: Scene, update: Update) -> set[str]:
    """The properties an update can change."""
    if update.properties:
        return set(update.properties)
    row = scene.row
    shape = scene.connection.model(row.service, update.operation).input_shape
    members = shape.members[row.body].members if row.body in shape.members else shape.members
    noun = noun_of(row.create)
    names = set()
    for name in scene.schema.inputs:
        if name in _NEVER_SENT or name in row.provider_only | row.by_hook | row.replace:
            continue
        if name in row.attributes and "Attributes" in shape.members:
            names.add(name)
            continue
        member = member_of(name, row.rename, members, noun)
        if member is not None and member not in row.identity and member not in tags.TAG_MEMBERS:
            names.add(name)
    return names


def replacing(scene: Scene, changed: Iterable[str], removed: Iterable[str]) -> set[str]:
    """Those of the changed properties that only a replacement can change."""
    row = scene.row
    free = {"tags", "tagsAll", *row.provider_only, *row.by_hook}
    removable = set(free)
    for update in row.updates:
        names = covered(scene, update)
        free |= names
        if update.whole or update.zero or update.unset:
            removable |= names
    gone = set(removed)
    return {
        name
        for name in changed
        if name in row.replace
        or name not in free
        or (name in gone and name not in removable and name not in row.defaults)
    }


def update(scene: Scene) -> None:
    """Bring the resource from `scene.old` to `scene.properties`.

    Raises:
        ClientError, BotoCoreError: AWS refuses.
    """
    row = scene.row
    changed = {item.property for item in differences(scene.old, scene.properties)}
    scene.changed = frozenset(changed)
    removed = {name for name in changed if is_empty(scene.properties.get(name)) and name not in scene.properties}
    for one in row.updates:
        wanted = covered(scene, one) & changed
        if wanted:
            _run(scene, one, wanted, removed & wanted)
    if row.updated:
        row.updated(scene)
    if {"tags", "tagsAll"} & changed and row.taggable and "tagsAll" in scene.schema.outputs:
        scene.live = reading.live(scene) or {}
        tags.apply(scene, scene.live.get("tagsAll") or {}, scene.properties.get("tagsAll") or {})


def _run(scene: Scene, update: Update, wanted: set[str], removed: set[str]) -> None:
    """Call an update; where the emulator lacks it, say so and go on."""
    try:
        if update.each:
            for name in sorted(wanted):
                _send(scene, update, {name}, removed & {name})
        else:
            _send(scene, update, wanted, removed)
    except NotEmulated as gap:
        scene.warn(f"{scene.schema.token}: {', '.join(sorted(wanted))} is recorded but not applied: {gap}")


def _send(scene: Scene, update: Update, wanted: set[str], removed: set[str]) -> None:
    operation = update.operation
    names = covered(scene, update) if update.whole else wanted
    values = {name: scene.properties[name] for name in names if scene.properties.get(name) is not None}
    if removed and update.unset and not values:
        operation, values = update.unset, {}
    elif removed and update.zero:
        values |= {name: _zero(scene, name) for name in removed}
    arguments, _ = arguments_of(scene, operation, values, identified=True)
    if operation == update.operation:
        arguments.update(scene.fill(dict(update.arguments)))
    if update.attribute:
        (name,) = wanted
        arguments |= {"AttributeName": scene.row.attributes[name], "AttributeValue": text(values.get(name, ""))}
    if scene.row.prepare:
        scene.row.prepare(scene, operation, arguments)
    scene.call(operation, arguments)


def _zero(scene: Scene, name: str) -> Any:
    zeros: dict[str, Any] = {"list": [], "map": {}, "object": {}, "boolean": False, "integer": 0, "number": 0}
    return zeros.get(scene.schema.inputs[name].name, "")


def delete(scene: Scene, sleep: Callable[[float], None]) -> None:
    """Remove the resource and see that it is gone.

    A resource that is gone already is deleted, as Terraform's providers hold it; every other error is raised.

    Raises:
        ClientError, BotoCoreError: AWS refuses.
        StillThere: AWS accepted and the resource can still be read.
    """
    row = scene.row
    if scene.id.startswith(RECORDED) or row.kept:
        return
    try:
        if row.deleting:
            row.deleting(scene)
        if row.delete:
            shape = scene.connection.model(row.service, row.delete).input_shape
            arguments = {**scene.identity_of(shape), **scene.fill(dict(row.delete_arguments))}
            if row.prepare:
                row.prepare(scene, row.delete, arguments)
            scene.call(row.delete, arguments)
    except (ClientError, ProviderError) as error:
        # Whatever the refusal, a resource that can't be read any more is deleted.
        if not (isinstance(error, ClientError) and is_absent(error)) and reading.live(scene) is not None:
            raise
    except NotEmulated as gap:
        scene.warn(f"{scene.schema.token} ({scene.id}) is forgotten but not deleted: {gap}")
        return
    wait = _FIRST_WAIT_SECONDS
    for _ in range(_ABSENCE_CHECKS):
        if reading.live(scene, after_deletion=True) is None:
            return
        sleep(wait)
        wait = min(wait * 2, 5.0)
    raise StillThere(f"deleting {scene.title} ({scene.id}): AWS accepted the deletion, but the resource is still there")


__all__ = ["RECORDED", "BotoCoreError", "StillThere", "arguments_of", "create", "delete", "replacing", "update"]
