"""Resource names (URNs) and provider references, as the engine forms them.

A URN is `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`; a provider reference is `<urn>::<id>`.
"""

from __future__ import annotations

from typing import NamedTuple

ROOT_STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPE_PREFIX = "pulumi:providers:"


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; a parent other than the stack itself qualifies the type."""
    parent_type = qualified_type(parent) if parent else ""
    if parent_type and parent_type != ROOT_STACK_TYPE:
        type_ = f"{parent_type}${type_}"
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def qualified_type(urn: str) -> str:
    """The type with its parents' types: `my:mod:Component$aws:s3/bucket:Bucket`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """The resource's own type token."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The logical name; it may itself contain `::`."""
    return urn.split("::", 3)[3]


def package_of(token: str) -> str:
    """The package of a type or function token: `aws` of `aws:s3/bucket:Bucket`."""
    return token.split(":", 1)[0]


def is_provider_type(type_: str) -> bool:
    """True for `pulumi:providers:<package>`."""
    return type_.startswith(PROVIDER_TYPE_PREFIX)


def provider_package(type_: str) -> str:
    """The package that a provider resource serves."""
    return type_.removeprefix(PROVIDER_TYPE_PREFIX)


class ProviderReference(NamedTuple):
    """Which provider resource manages a resource."""

    urn: str
    id: str

    def __str__(self) -> str:
        return f"{self.urn}::{self.id}"


def parse_reference(text: str) -> ProviderReference:
    """Split `<urn>::<id>`. Raises ValueError when there is no id or no provider type in it."""
    urn, separator, id_ = text.rpartition("::")
    if not separator or urn.count("::") < 3 or not is_provider_type(type_of(urn)):
        raise ValueError(f"{text!r} is not a provider reference")
    return ProviderReference(urn, id_)


def reference_urn(text: str) -> str:
    """The URN in a provider reference, or "" of an empty one."""
    return text.rpartition("::")[0]
