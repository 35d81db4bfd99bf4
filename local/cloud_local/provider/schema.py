"""What pulumi_aws itself says of a type: its properties, their types, which inputs it requires.

The Python SDK is generated from the real provider's schema, so reflecting on its classes gives the same names and
types without a second copy of them. Output types serve for inputs too: they carry the same properties.
"""

from __future__ import annotations

import importlib
import threading
import typing
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from cloud_local.provider.errors import UnknownType

TypeName = Literal["string", "integer", "number", "boolean", "list", "map", "object", "any"]


@dataclass(frozen=True)
class PropertyType:
    """The type of a property; `item` for lists and maps, `sdk_class` for objects."""

    name: TypeName
    item: PropertyType | None = None
    sdk_class: type | None = field(default=None, repr=False)

    @property
    def fields(self) -> Mapping[str, PropertyType]:
        """The fields of an object by wire name; empty for every other type."""
        return _fields(self.sdk_class) if self.sdk_class else {}


ANY = PropertyType("any")
STRING = PropertyType("string")


@dataclass(frozen=True)
class Schema:
    """One resource type: wire names (camelCase) throughout."""

    token: str
    inputs: Mapping[str, PropertyType]
    required: frozenset[str]
    outputs: Mapping[str, PropertyType]


# pulumi_aws loads its modules lazily, which isn't safe from several threads at once.
_lock = threading.Lock()
_schemas: dict[str, Schema] = {}
_results: dict[str, Mapping[str, PropertyType]] = {}


@contextmanager
def loading() -> Iterator[None]:
    """One at a time, and without the deprecations that pulumi_aws tells of itself while it is loaded."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def schema_of(token: str) -> Schema:
    """The schema of a resource type such as `aws:ec2/vpc:Vpc`.

    Raises:
        UnknownType: pulumi_aws has no such type.
    """
    if token not in _schemas:
        with loading():
            _schemas.setdefault(token, _load(token))
    return _schemas[token]


def result_of(token: str) -> Mapping[str, PropertyType]:
    """The result properties of a function such as `aws:ec2/getVpc:getVpc`.

    Raises:
        UnknownType: pulumi_aws has no such function.
    """
    with loading():
        if token not in _results:
            _, module, function = token.split(":")
            package = module.split("/")[0]
            name = "pulumi_aws" if package == "index" else f"pulumi_aws.{package}"
            try:
                cls = getattr(importlib.import_module(name), function[0].upper() + function[1:] + "Result")
            except (ImportError, AttributeError):
                raise UnknownType(f"pulumi_aws has no function {token}") from None
            _results[token] = _fields(cls)
        return _results[token]


def config_properties() -> frozenset[str]:
    """The names of the provider's own configuration."""
    with loading():
        from pulumi._types import input_type_py_to_pulumi_names

        module = importlib.import_module("pulumi_aws.provider")
        return frozenset(input_type_py_to_pulumi_names(module.ProviderArgs).values())


def _load(token: str) -> Schema:
    from pulumi._types import input_type_py_to_pulumi_names, resource_types
    from pulumi.runtime.rpc import get_resource_module

    importlib.import_module("pulumi_aws")
    parts = token.split(":")
    module = get_resource_module("aws", parts[1], "") if len(parts) == 3 else None
    class_name = module.mod_info["classes"].get(token) if module else None  # type: ignore[attr-defined]
    if module is None or class_name is None:
        raise UnknownType(f"pulumi_aws has no resource type {token}")
    sdk = importlib.import_module(module.mod_info["fqn"])  # type: ignore[attr-defined]
    resource = getattr(sdk, class_name)
    # Nested input types may bear the name of a resource's arguments (BucketVersioningArgs): look in its own module.
    own_module = importlib.import_module(resource.__module__)
    args = getattr(own_module, f"{class_name}InitArgs", None) or getattr(own_module, f"{class_name}Args")
    outputs = {name: _property_type(hint) for name, hint in resource_types(resource).items()}
    wire_names = input_type_py_to_pulumi_names(args)
    required = _without_default(args, wire_names)
    inputs = {name: outputs.get(name, ANY) for name in wire_names.values()}
    return Schema(token, inputs, frozenset(required), outputs)


def _without_default(args: type, wire_names: Mapping[str, str]) -> set[str]:
    code = args.__init__.__code__  # type: ignore[misc]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults = args.__init__.__kwdefaults__ or {}  # type: ignore[misc]
    return {wire_names[name] for name in keyword_only if name in wire_names and name not in defaults}


@cache
def _fields(cls: type) -> Mapping[str, PropertyType]:
    from pulumi._types import output_type_types

    return {name: _property_type(hint) for name, hint in output_type_types(cls).items()}


def _property_type(hint: Any) -> PropertyType:
    from pulumi._types import is_output_type, unwrap_type

    plain = unwrap_type(hint)
    scalar: Mapping[Any, TypeName] = {str: "string", int: "integer", float: "number", bool: "boolean"}
    if isinstance(plain, type) and plain in scalar:
        return PropertyType(scalar[plain])
    if is_output_type(plain):
        return PropertyType("object", sdk_class=plain)
    origin, arguments = typing.get_origin(plain), typing.get_args(plain)
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return PropertyType("map", _property_type(arguments[1]))
        if issubclass(origin, typing.Sequence):
            return PropertyType("list", _property_type(arguments[0]))
    return ANY
