"""The provider's schema as Pulumi's languages without an SDK of their own (YAML) and its tools ask for it.

It covers the types and functions of the table, not all of the real provider's, and says nothing that `pulumi_aws` doesn't:
descriptions are left out.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cloud_local.provider.schema import PropertyType, config_properties, loading, result_of, schema_of

_ANY: Mapping[str, Any] = {"$ref": "pulumi.json#/Any"}
_SNAKE = re.compile(r"_([a-z0-9])")


def package_schema(version: str, resources: Iterable[str], functions: Iterable[str]) -> str:
    """The JSON of a Pulumi package named `aws` with these tokens.

    Raises:
        UnknownType: pulumi_aws has no such type or function.
    """
    types = _Types()
    document = {
        "name": "aws",
        "version": version,
        "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},  # as the real one: aws:s3/bucket:Bucket is also aws:s3:Bucket
        "config": {"variables": {name: dict(_ANY) for name in sorted(config_properties())}},
        "provider": {"inputProperties": {name: dict(_ANY) for name in sorted(config_properties())}},
        "resources": {token: _resource(token, types) for token in sorted(resources)},
        "functions": {token: _function(token, types) for token in sorted(functions)},
    }
    return json.dumps({**document, "types": types.described})


class _Types:
    """The object types that were met, described once each."""

    def __init__(self) -> None:
        self.described: dict[str, Any] = {}

    def of(self, kind: PropertyType) -> dict[str, Any]:
        """A type in the schema's own form."""
        if kind.name == "list":
            return {"type": "array", "items": self.of(kind.item) if kind.item else dict(_ANY)}
        if kind.name == "map":
            return {"type": "object", "additionalProperties": self.of(kind.item) if kind.item else dict(_ANY)}
        if kind.name == "object" and kind.sdk_class is not None:
            return {"$ref": f"#/types/{self._token(kind)}"}
        if kind.name in ("string", "integer", "number", "boolean"):
            return {"type": kind.name}
        return dict(_ANY)

    def _token(self, kind: PropertyType) -> str:
        assert kind.sdk_class is not None  # noqa: S101 - only objects come here
        module = kind.sdk_class.__module__.split(".")[1]  # pulumi_aws.s3.outputs
        package = "index" if module == "outputs" else module
        token = f"aws:{package}/{kind.sdk_class.__name__}:{kind.sdk_class.__name__}"
        if token not in self.described:
            self.described[token] = {"type": "object"}  # first: a type may contain itself
            with loading():
                fields = kind.fields
            self.described[token]["properties"] = {name: self.of(item) for name, item in fields.items()}
        return token


def _resource(token: str, types: _Types) -> dict[str, Any]:
    schema = schema_of(token)
    return {
        "inputProperties": {name: types.of(kind) for name, kind in schema.inputs.items()},
        "requiredInputs": sorted(schema.required),
        "properties": {name: types.of(kind) for name, kind in schema.outputs.items()},
        "required": sorted(schema.outputs),
    }


def _function(token: str, types: _Types) -> dict[str, Any]:
    return {
        "inputs": {"type": "object", "properties": {name: dict(_ANY) for name in _arguments(token)}},
        "outputs": {
            "type": "object",
            "properties": {name: types.of(kind) for name, kind in result_of(token).items()},
        },
    }


def _arguments(token: str) -> list[str]:
    """The function's arguments, by the signature that the SDK gives it."""
    _, module, function = token.split(":")
    package = module.split("/")[0]
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", function)
    with loading():
        sdk = importlib.import_module("pulumi_aws" if package == "index" else f"pulumi_aws.{package}")
        found = getattr(sdk, name, None)
    parameters = inspect.signature(found).parameters if found is not None else {}
    return [_SNAKE.sub(lambda match: match[1].upper(), item) for item in parameters if item != "opts"]
