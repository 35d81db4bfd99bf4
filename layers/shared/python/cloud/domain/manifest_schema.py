"""The form of ``manifest.yaml`` as pydantic models: what is checked of each value alone, and the published JSON Schema.

Strict: a text is no number and ``"true"`` is no boolean. What lies between values (dependencies, layers, placeholders) is
checked by ``manifest_checks``. ``python -m cloud.domain.manifest_schema`` prints the schema that
``docs/reference/manifest.schema.json`` publishes.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from cloud.domain.manifest import Executor
from cloud.domain.manifest_values import (
    Account,
    Config,
    DeploymentId,
    EnvironmentName,
    Folder,
    MaxAge,
    Organisation,
    Project,
    Region,
    RoleArn,
    StackName,
    Tags,
    Timeout,
    wrong,
)

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"

# A default_factory instead of a default keeps what only means "left out" from the published schema.


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DeploymentModel(_Model):
    id: DeploymentId
    org: Organisation
    project: Project
    description: str = Field(default="", max_length=1_000)
    tags: Tags = {}


class EnvironmentModel(_Model):
    """``account`` and ``region`` are required while the environment is enabled."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"enabled": {"const": False}}, "required": ["enabled"]},
            "else": {"required": ["account", "region"]},
        }
    )

    enabled: bool = True
    account: Account = Field(default_factory=str)
    region: Region = Field(default_factory=str)
    role_arn: RoleArn = Field(default_factory=str)
    config: Config = {}
    tags: Tags = {}
    developers: Literal["allow", "deny"] = Field(
        default="deny", description="whether developers may destroy, roll back and approve here"
    )
    approval: Literal["none", "required"] = "none"


class StackEnvironmentModel(_Model):
    """What is left out is as the stack itself says."""

    enabled: bool = Field(default_factory=bool)
    config: Config = {}
    tags: Tags = {}
    executor: Executor = Field(default_factory=lambda: "auto")
    timeout: Timeout = Field(default_factory=str)


class StackModel(_Model):
    source: Folder = Field(default_factory=str, description="the Pulumi project; stacks/{name} when left out")
    dependencies: list[StackName] = Field(default=[], description="deployed first, always")
    optional_dependencies: list[StackName] = Field(default=[], description="waited for where they are enabled")
    layer: int = Field(default_factory=int, ge=1, description="checked against the computed layer")
    enabled: bool = True
    tags: Tags = {}
    executor: Executor = "auto"
    timeout: Timeout = "30m"
    config: Config = {}
    environments: dict[EnvironmentName, StackEnvironmentModel] = {}
    fingerprint: Literal["on", "off"] = Field(default="on", description="off runs Pulumi every time")
    max_age: MaxAge = Field(default="24h", description="how long a stack counts as unchanged")
    include: list[Folder] = Field(
        default=[], description="further folders, packed with the program under their own paths"
    )


def _check_on_failure(value: str) -> str:
    if value == "rollback":
        raise wrong("this version cannot roll back by itself", "stop or continue", "write stop")
    return value


class PolicyModel(_Model):
    on_failure: Annotated[Literal["stop", "continue", "rollback"], AfterValidator(_check_on_failure)] = Field(
        default="stop", json_schema_extra={"enum": ["stop", "continue"]}
    )
    max_parallel: int = Field(default=8, ge=1, le=1000)
    strict_layers: bool = False


def _check_version(value: Any) -> Any:
    # Both equal 1, which is all that a Literal asks for.
    if isinstance(value, bool | float):
        raise wrong("this is no whole number", "1")
    return value


class ManifestModel(_Model):
    model_config = ConfigDict(title="manifest.yaml")

    version: Annotated[Literal[1], BeforeValidator(_check_version)]
    deployment: DeploymentModel
    environments: dict[EnvironmentName, EnvironmentModel] = Field(min_length=1, max_length=50)
    defaults: Config = Field(default={}, description="configuration of every stack")
    stacks: dict[StackName, StackModel] = Field(max_length=10_000)
    policy: PolicyModel = PolicyModel()


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of a manifest, as published."""
    schema = {"$schema": SCHEMA_ID, **closed(ManifestModel.model_json_schema())}
    return json.dumps(schema, indent=2) + "\n"


def closed(schema: Any) -> Any:
    """pydantic gives the pattern of a map's keys, but leaves the map open to others."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return {**inner, "additionalProperties": False} if "patternProperties" in inner else inner
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    sys.stdout.write(schema_text())
