"""A resource as the engine knows it, and its form in the checkpoint (apitype.ResourceV3)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .urns import reference_urn
from .values import Properties

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]


def timestamp() -> str:
    """Now, in the form of Go's RFC3339Nano (UTC)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(eq=False)
class ResourceState:
    """One resource. Identity, not equality, tells states apart: several may share a URN while a replacement is under way.

    Timeouts are seconds. `delete`: to be deleted by the next update; `pending_replacement`: deleted, not yet created
    again; `external`: read, not managed.
    """

    urn: str
    type: str
    custom: bool
    delete: bool = False
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, str]] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[Any] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    refresh_before_update: bool = False

    def copy(self) -> ResourceState:
        """A state of its own with the same content; properties are shared until they are assigned anew."""
        return copy.copy(self)

    def dependency_urns(self, *, parent: bool = True) -> Iterator[str]:
        """URNs of all that it depends on in any way but its provider: parent, dependencies, deletedWith, replaceWith."""
        if parent and self.parent:
            yield self.parent
        yield from self.dependencies
        for urns in self.property_dependencies.values():
            yield from urns
        if self.deleted_with:
            yield self.deleted_with
        yield from self.replace_with

    @property
    def provider_urn(self) -> str:
        """The URN of its provider resource, or ""."""
        return reference_urn(self.provider)


# Go's field order; (attribute, JSON key). `inputs`, `outputs` and the trigger hold property values.
_FIELDS = [
    ("urn", "urn"),
    ("custom", "custom"),
    ("delete", "delete"),
    ("id", "id"),
    ("type", "type"),
    ("inputs", "inputs"),
    ("outputs", "outputs"),
    ("parent", "parent"),
    ("protect", "protect"),
    ("taint", "taint"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("init_errors", "initErrors"),
    ("provider", "provider"),
    ("property_dependencies", "propertyDependencies"),
    ("pending_replacement", "pendingReplacement"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("aliases", "aliases"),
    ("custom_timeouts", "customTimeouts"),
    ("import_id", "importID"),
    ("retain_on_delete", "retainOnDelete"),
    ("deleted_with", "deletedWith"),
    ("replace_with", "replaceWith"),
    ("created", "created"),
    ("modified", "modified"),
    ("source_position", "sourcePosition"),
    ("stack_trace", "stackTrace"),
    ("ignore_changes", "ignoreChanges"),
    ("hide_diff", "hideDiff"),
    ("replace_on_changes", "replaceOnChanges"),
    ("replacement_trigger", "replacementTrigger"),
    ("refresh_before_update", "refreshBeforeUpdate"),
]
_VALUES = {"inputs", "outputs", "replacement_trigger"}
KNOWN_KEYS = {key for _, key in _FIELDS}


def to_json(state: ResourceState, encode: Encode) -> dict[str, Any]:
    """The checkpoint's form; empty fields are left out, `custom` never is."""
    document: dict[str, Any] = {}
    for attribute, key in _FIELDS:
        value = getattr(state, attribute)
        if value or attribute == "custom":
            document[key] = encode(value) if attribute in _VALUES else value
    return document


def from_json(document: dict[str, Any], decode: Decode) -> ResourceState:
    """Read a resource of a checkpoint. Raises ValueError for a field that this engine would lose."""
    lost = document.keys() - KNOWN_KEYS
    if lost:
        raise ValueError(
            f"resource {document.get('urn')} uses {', '.join(sorted(lost))}, which the emulated engine lacks"
        )
    fields = {}
    for attribute, key in _FIELDS:
        if key in document:
            fields[attribute] = decode(document[key]) if attribute in _VALUES else document[key]
    return ResourceState(**fields)
