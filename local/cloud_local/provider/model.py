"""What a row of the table says of a resource type: which AWS operations make, read, change and remove it.

Strings in braces are templates over `id`, `account`, `region`, `partition` and the resource's properties; a template
that is one name alone (`"{id}"`) gives the value itself. A property no update covers can only change by replacement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloud_local.provider.naming import AutoName

if TYPE_CHECKING:
    from cloud_local.provider.scene import Scene

Prepare = Callable[["Scene", str, dict[str, Any]], None]
"""Last say over the arguments of an operation: (scene, operation, arguments), changed in place."""
Enrich = Callable[["Scene", Mapping[str, Any]], Mapping[str, Any]]
"""Properties that a found structure holds in another form: (scene, first found structure) -> properties."""
Hook = Callable[["Scene"], None]
Replacing = Callable[["Scene", Sequence[str]], set[str]]
"""Properties that this change can't be made in place: (scene with the new properties, changed property paths) -> names."""


@dataclass(frozen=True)
class Read:
    """One operation that tells of the resource."""

    operation: str
    found: str = "@"
    """JMESPath of the resource in the answer; nothing there means that the resource is gone."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    into: str = ""
    """The one property the found value is, where it isn't a structure of properties."""
    optional: bool = False
    """Nothing found means that this part isn't set, not that the resource is gone."""
    by: Callable[[Scene], Any] | None = None
    """Finds the resource itself, where one operation and a path don't."""


@dataclass(frozen=True)
class Update:
    """One operation that changes the resource, and the properties it covers (none named: all it has members for)."""

    operation: str
    properties: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    each: bool = False
    """Takes one property at a time."""
    whole: bool = False
    """Replaces all it covers at once, so that what is left out is removed."""
    zero: bool = False
    """Removes a property by its empty value."""
    unset: str = ""
    """The operation that removes what this one sets."""
    attribute: bool = False
    """Takes `AttributeName` and `AttributeValue`; use with `each`."""
    on_create: bool = True
    """Also called after the creation, for what the creation didn't take."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One row."""

    service: str
    create: str
    id: str
    """JMESPath in the answer of `create`, or a template (anything with a brace)."""
    identify: Callable[[Scene], str] | None = None
    """Makes the identifier, where `id` can't; `id` then still says how to take one apart for an import."""
    identity: Mapping[str, str]
    """Member -> template: how every operation but `create` is told which resource; plurals take a list of one."""
    reads: tuple[Read, ...]
    delete: str = ""
    delete_arguments: Mapping[str, Any] = field(default_factory=dict)
    updates: tuple[Update, ...] = ()
    body: str = ""
    """The member that all properties go into, where the operations take the resource as one structure."""
    rename: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, str] = field(default_factory=dict)
    """Renames inside nested structures."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Property -> key, for services that take a map `Attributes` of strings."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of `create`."""
    provider_only: frozenset[str] = frozenset()
    """Properties that steer the provider and that AWS never sees."""
    by_hook: frozenset[str] = frozenset()
    """Properties that `created` and `updated` apply by operations of their own, removal included."""
    replace: frozenset[str] = frozenset()
    """Properties that force a replacement although an update would take them."""
    replacing: Replacing | None = None
    """For properties of which only some parts, or only some changes, force a replacement."""
    unread: frozenset[str] = frozenset()
    """Properties AWS takes and doesn't tell again (passwords, contents)."""
    sticky: frozenset[str] = frozenset()
    """Properties AWS chooses where the program doesn't: leaving them out later changes nothing."""
    computed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Structure that programs declare -> members of it that AWS decides, as outputs of their own would be."""
    renewed: frozenset[str] = frozenset()
    """Outputs that every update makes anew (but one of tags alone): unknown in its preview."""
    delete_before_replace: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Output -> template, where no read tells it."""
    auto_name: AutoName | None = field(default_factory=AutoName)
    """Applies where the property exists and is optional."""
    gone: str = ""
    """JMESPath over the found resource: true for one that is deleted and still told of."""
    deleted: str = ""
    """As `gone`, but only after a deletion: for settings that fall back to a default instead of vanishing."""
    tag_kind: str = ""
    """EC2's resource type in tag specifications, where the operation's noun isn't it."""
    taggable: bool = True
    prepare: Prepare | None = None
    enrich: Enrich | None = None
    created: Hook | None = None
    updated: Hook | None = None
    deleting: Hook | None = None
    kept: str = ""
    """Why a deletion does nothing in AWS, for what can't be deleted (default resources)."""

    def completed(self, declared: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
        """Declared properties with the `computed` members of their structures, as live state has them."""
        whole = dict(declared)
        for name, members in self.computed.items():
            ours, theirs = declared.get(name), live.get(name)
            if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
                whole[name] = {**ours, **{member: theirs[member] for member in members if member in theirs}}
        return whole


_FIELD = re.compile(r"\{(\w+)\}")


def fill(template: Any, known: Mapping[str, Any]) -> Any:
    """A template with its names filled in; None where a name isn't known, and left out of objects and lists."""
    if isinstance(template, str):
        names = _FIELD.findall(template)
        if any(known.get(name) is None for name in names):
            return None
        if len(names) == 1 and template == f"{{{names[0]}}}":
            return known[names[0]]
        return _FIELD.sub(lambda found: str(known[found.group(1)]), template)
    if isinstance(template, Mapping):
        filled = {name: fill(item, known) for name, item in template.items()}
        return {name: item for name, item in filled.items() if item is not None}
    if isinstance(template, (list, tuple)):
        return [item for item in (fill(entry, known) for entry in template) if item is not None]
    return template


def parse(template: str, text: str) -> dict[str, str]:
    """The names of a template from a text made by it: `{role}:{name}` over `a:b`; empty where it doesn't fit."""
    pattern = ""
    position = 0
    for found in _FIELD.finditer(template):
        pattern += re.escape(template[position : found.start()]) + f"(?P<{found.group(1)}>.+?)"
        position = found.end()
    matched = re.fullmatch(pattern + re.escape(template[position:]), text)
    return dict(matched.groupdict()) if matched else {}
