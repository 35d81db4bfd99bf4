"""Request bodies as the doors accept them: strict, with every problem of a body told at once."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.operations import OnFailure, OperationOptions, Selection

Body = TypeVar("Body", bound=BaseModel)

MAX_LIMIT = 500


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class InitBody(_Strict):
    org: str
    project: str
    id: str = ""
    description: str = ""
    template: str = ""
    tags: dict[str, str] = Field(default_factory=dict)


class ManifestBody(_Strict):
    """``manifest`` is the YAML text, ``configs`` the text of each ``config/{stack}.{environment}.yaml`` by file name,
    ``programs`` the digest of each stack's uploaded zip."""

    manifest: str
    configs: dict[str, str] = Field(default_factory=dict)
    programs: dict[str, str] = Field(default_factory=dict)


class ValidateBody(_Strict):
    manifest: str


class ProgramBody(_Strict):
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class OperationBody(_Strict):
    environment: str
    stacks: list[str] = Field(default_factory=list)
    only: list[str] = Field(default_factory=list)
    start: list[str] = Field(default_factory=list, alias="from")
    on_failure: str | None = Field(default=None, pattern="^(stop|continue)$")
    max_parallel: int | None = Field(default=None, ge=1, le=1000)
    strict_layers: bool | None = None
    force: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)

    def selection(self) -> Selection:
        return Selection(tuple(self.stacks), tuple(self.only), tuple(self.start))

    def options(self) -> OperationOptions:
        return OperationOptions(
            OnFailure(self.on_failure) if self.on_failure else None,
            self.max_parallel,
            self.strict_layers,
            self.force,
            dict(self.settings),
        )


class PlanBody(OperationBody):
    operation: str = Field(default="deploy", pattern="^(deploy|destroy)$")


class CancelBody(_Strict):
    """One of the two: the operation, or the environment whose running operation is meant."""

    operation_id: str = ""
    environment: str = ""


def parse_body(model: type[Body], text: str | None) -> Body:
    """The body as ``model``. Raises ConfigurationError with a Problem for each thing that is wrong."""
    try:
        data = json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise ConfigurationError(f"The request's body is not JSON: {error}.") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [
            Problem(str(item["msg"]), path=".".join(str(part) for part in item["loc"]))
            for item in error.errors(include_url=False)
        ]
        raise ConfigurationError("The request's body is not as it should be.", problems=problems) from None


def parse_limit(text: str | None, default: int) -> int:
    """A page's size. Raises ConfigurationError."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise ConfigurationError(f"limit is {text!r}.", hint=f"It is a number from 1 to {MAX_LIMIT}.")
    return int(text)
