"""Diff and previews: what a change of inputs will do, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from cloud_local.provider import lifecycle
from cloud_local.provider.checking import DEFAULTS
from cloud_local.provider.compare import Difference, differences
from cloud_local.provider.scene import Scene
from cloud_local.provider.values import UNKNOWN, Properties

_REPLACES_PROVIDER: Final = frozenset({"region"})
"""Configuration whose change makes the provider's resources unreachable (DiffConfig in provider.proto)."""


def diff(scene: Scene, old_inputs: Mapping[str, Any], ignored: list[str]) -> Any:
    """The DiffResponse between old and new inputs; whatever no update operation covers is a replacement."""
    found = [
        item
        for item in differences(old_inputs, scene.properties)
        if not any(item.path == path or item.path.startswith((f"{path}.", f"{path}[")) for path in ignored)
        and not (item.property in scene.row.sticky and item.property not in scene.properties)
    ]
    changed = {item.property for item in found}
    removed = {name for name in changed if name not in scene.properties}
    replacing = lifecycle.replacing(scene, changed, removed)
    if scene.row.replacing is not None:
        replacing |= scene.row.replacing(scene, [item.path for item in found])
    return _response(found, replacing, bool(replacing) and _delete_first(scene, old_inputs))


def config_diff(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
    """The DiffResponse between two configurations of the provider."""
    found = [item for item in differences(olds, news) if item.property not in ("version", "pluginDownloadURL")]
    unknown = {name for name, value in news.items() if value == UNKNOWN}
    replacing = {item.property for item in found if item.property in _REPLACES_PROVIDER - unknown}
    return _response(found, replacing, False)


def _response(found: list[Difference], replacing: set[str], delete_first: bool) -> Any:
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {
        item.path: provider_pb2.PropertyDiff(
            kind=kinds.Value(item.change + ("_REPLACE" if item.property in replacing else "")), inputDiff=True
        )
        for item in found
    }
    changes = provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=sorted({item.property for item in found}),
        replaces=sorted(replacing),
        deleteBeforeReplace=delete_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _delete_first(scene: Scene, old_inputs: Mapping[str, Any]) -> bool:
    """Two resources can't bear one name: with a name of the program's own, the old one goes first."""
    naming = scene.row.auto_name
    if scene.row.delete_before_replace:
        return True
    if naming is None or naming.property not in scene.schema.inputs:
        return False
    name = scene.properties.get(naming.property)
    automatic = naming.property in (scene.properties.get(DEFAULTS) or ())
    return name is not None and not automatic and old_inputs.get(naming.property) == name


def preview_of_creation(scene: Scene) -> Properties:
    """The state a creation will have: inputs as they are, everything AWS decides unknown."""
    declared = {name: value for name, value in scene.properties.items() if not name.startswith("__")}
    computed: Properties = {}
    for name in scene.schema.outputs:
        if name not in declared and name not in ("tags", "tagsAll"):
            computed[name] = scene.region if name == "region" else UNKNOWN
    unknown = {name: dict.fromkeys(members, UNKNOWN) for name, members in scene.row.computed.items()}
    return {**computed, **scene.row.completed(declared, unknown)}


def preview_of_update(scene: Scene, olds: Mapping[str, Any]) -> Properties:
    """The state an update will have: outputs stay, but those whose inputs change or go."""
    declared = {name: value for name, value in scene.properties.items() if not name.startswith("__")}
    kept = {name: value for name, value in olds.items() if name not in scene.old or name in declared}
    changed = {item.property for item in differences(scene.old, scene.properties)} - {"tags", "tagsAll"}
    renewed = dict.fromkeys(scene.row.renewed, UNKNOWN) if changed else {}
    return {**kept, **scene.row.completed(declared, olds), **renewed}
