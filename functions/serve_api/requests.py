"""Request bodies as the doors accept them: strict, with every problem of a body told at once."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloud.domain.errors import ConfigurationError, NotFound, Problem
from cloud.domain.identifiers import DEPLOYMENT_ID, ENVIRONMENT, STACK
from cloud.domain.operations import OnFailure, OperationOptions, Selection

Body = TypeVar("Body", bound=BaseModel)

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

MAX_LIMIT = 500
MAX_KEY = 255


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hex."""


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
    programs: dict[str, Digest] = Field(default_factory=dict)


class ValidateBody(_Strict):
    manifest: str


class ProgramBody(_Strict):
    digest: Digest


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
    operation: str = Field(default="deploy", pattern="^(deploy|destroy|preview|refresh|drift)$")


class RetryBody(_Strict):
    """What is retried: the operation, else the latest of the environment, else the latest of the deployment."""

    operation_id: str = Field(default="", max_length=26)
    environment: str = Field(default="", max_length=16)


class CancelBody(_Strict):
    """One of the two: the operation, or the environment whose running operation is meant."""

    operation_id: str = Field(default="", max_length=26)
    environment: str = Field(default="", max_length=16)
    force: bool = False

    @model_validator(mode="after")
    def _require_one(self) -> CancelBody:
        if bool(self.operation_id) == bool(self.environment):
            raise ValueError("name either operation_id or environment")
        return self


def parse_body(model: type[Body], text: str | None) -> Body:
    """The body as ``model``. Raises ConfigurationError with a Problem for each thing that is wrong."""
    try:
        data = json.loads(text or "{}", parse_constant=_refuse_constant, object_pairs_hook=_once)
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is valid JSON and no text
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"The request's body is not JSON: {_what(error)}.") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [
            Problem(str(item["msg"]), path=".".join(str(part) for part in item["loc"]))
            for item in error.errors(include_url=False)
        ]
        raise ConfigurationError("The request's body is not as it should be.", problems=problems) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON allows a key twice, and parsers disagree about which one counts."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} is given twice")
        found[key] = value
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _what(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "a text has half a surrogate pair"
    return str(error)


def require_deployment_id(text: str) -> str:
    """Raises NotFound for what can't be one, so that it never becomes part of a key."""
    if not DEPLOYMENT_ID.matches(text):
        raise NotFound(f"There is no deployment {text[:40]!r}.", hint=f"An id is {DEPLOYMENT_ID.form}.")
    return text


def require_operation_id(text: str) -> str:
    """Raises NotFound for what is no ULID."""
    if not _ULID.fullmatch(text):
        raise NotFound(f"There is no operation {text[:40]!r}.", hint="`cloud status` shows the operations.")
    return text


def require_stack_name(text: str) -> str:
    """Raises NotFound for what can't be a stack's name."""
    if not STACK.matches(text):
        raise NotFound(f"There is no stack {text[:40]!r}.", hint=f"A name is {STACK.form}.")
    return text


def require_environment_name(text: str) -> str:
    """Raises NotFound for what can't be an environment's name."""
    if not ENVIRONMENT.matches(text):
        raise NotFound(f"There is no environment {text[:40]!r}.", hint=f"A name is {ENVIRONMENT.form}.")
    return text


PATH_PARAMETERS = {
    "id": require_deployment_id,
    "operation_id": require_operation_id,
    "name": require_stack_name,
    "environment": require_environment_name,
}
"""The check of each parameter of a path, by its name in the topology's routes."""


def parse_idempotency_key(text: str) -> str:
    """Raises ConfigurationError for a key that is too long, or has what is no visible ASCII."""
    if len(text) > MAX_KEY or not all("!" <= character <= "~" for character in text):
        raise ConfigurationError(
            "The Idempotency-Key cannot be used.", hint=f"It has at most {MAX_KEY} visible ASCII characters."
        )
    return text


def parse_limit(text: str | None, default: int) -> int:
    """A page's size. Raises ConfigurationError."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise ConfigurationError(f"limit is {text!r}.", hint=f"It is a number from 1 to {MAX_LIMIT}.")
    return int(text)
