"""The single values of ``manifest.yaml``: the form of each, as pydantic checks it and JSON Schema describes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from cloud.domain import durations, identifiers
from cloud.domain.configuration import check_key
from cloud.domain.errors import ConfigurationError

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}")
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+){1,3}-[1-9][0-9]?")
_ACCOUNT = re.compile(r"[0-9]{12}")
_TAG = re.compile(r"[\w +\-=.:/@]*")
_FOLDER = re.compile(r"(?:\./)?[^/\\:\x00-\x1f\x7f]+(?:/[^/\\:\x00-\x1f\x7f]+)*/?")

MAX_TIMEOUT_SECONDS = 36 * 3_600
"""The longest build that CodeBuild runs."""
MAX_AGE_SECONDS = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a text: ``check`` returns it or raises ``wrong(…)``; the others describe it in the JSON Schema."""

    check: Callable[[str], str]
    pattern: str
    description: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^{self.pattern}$", "description": self.description}


def wrong(message: str, expected: str = "", suggestion: str = "") -> PydanticCustomError:
    """``manifest_problems`` reads the parts of the message back from the context."""
    context = {"message": message, "expected": expected, "suggestion": suggestion}
    return PydanticCustomError("manifest", "{message}", context)


def matching(pattern: re.Pattern[str], what: str, expected: str) -> Form:
    def check(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise wrong(f"{_shown(value)} is not {what}", expected)
        return value

    return Form(check, pattern.pattern, expected)


def _identifier(identifier: identifiers.Identifier) -> Form:
    def check(value: str) -> str:
        if not identifier.matches(value):
            article = "an" if identifier.kind[0] in "aeiou" else "a"
            raise wrong(f"{_shown(value)} is not {article} {identifier.kind}", identifier.form)
        return value

    return Form(check, identifier.pattern, identifier.form)


def _duration(least: int, most: int) -> Form:
    def check(value: str) -> str:
        try:
            seconds = durations.parse_duration(value)
        except ConfigurationError as error:
            raise wrong(error.problems[0].message, durations.FORM) from None
        if not least <= seconds <= most:
            between = f"{durations.format_duration(least)} to {durations.format_duration(most)}"
            raise wrong(f"{value} is out of range", between)
        return value

    return Form(check, durations.PATTERN, durations.FORM)


def _check_folder(value: str) -> str:
    expected = "a folder below the repository's root, such as stacks/network"
    if not value:
        raise wrong("the path is empty", expected)
    if value.startswith(("/", "~")) or re.match(r"[A-Za-z]:", value):
        raise wrong("the path leads out of the repository: it is absolute", expected)
    if ".." in re.split(r"[/\\]", value):
        raise wrong("the path leads out of the repository: it has ..", expected)
    if "\\" in value:
        raise wrong("the path has a backslash", expected, f"write {value.replace(chr(92), '/')[:120]!r}")
    if len(value) > 500 or not _FOLDER.fullmatch(value) or "." in value.rstrip("/").removeprefix("./").split("/"):
        raise wrong(f"{_shown(value)} is not a relative path", expected)
    return value


def _check_tag_key(value: str) -> str:
    if not 1 <= len(value) <= 128 or not _TAG.fullmatch(value) or value.lower().startswith("aws:"):
        raise wrong(
            f"{_shown(value)} is not a tag key",
            "1 to 128 letters, digits, spaces and + - = . _ : / @, not beginning aws:",
        )
    return value


def _check_tag_value(value: str) -> str:
    if len(value) > 256 or not _TAG.fullmatch(value):
        raise wrong("this is not a tag value", "at most 256 letters, digits, spaces and + - = . _ : / @")
    return value


def _check_config_key(value: str) -> str:
    problem = check_key(value)
    if problem:
        raise wrong(problem.message, problem.expected, problem.suggestion)
    return value


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else f"{value[:57]}…")


DeploymentId = Annotated[str, _identifier(identifiers.DEPLOYMENT_ID)]
Organisation = Annotated[str, _identifier(identifiers.ORGANISATION)]
Project = Annotated[str, _identifier(identifiers.PROJECT)]
StackName = Annotated[str, _identifier(identifiers.STACK)]
EnvironmentName = Annotated[str, _identifier(identifiers.ENVIRONMENT)]

Account = Annotated[str, matching(_ACCOUNT, "an AWS account id", "12 digits in quotes")]
Region = Annotated[str, matching(_REGION, "an AWS region", "a region such as us-east-1")]
RoleArn = Annotated[str, matching(_ROLE, "the ARN of an IAM role", "arn:aws:iam::111111111111:role/NAME")]
Folder = Annotated[str, Form(_check_folder, r"[^/\\~][^\\]*", "a relative folder with slashes and without ..")]
Timeout = Annotated[str, _duration(1, MAX_TIMEOUT_SECONDS)]
MaxAge = Annotated[str, _duration(0, MAX_AGE_SECONDS)]

TagKey = Annotated[str, AfterValidator(_check_tag_key)]
TagValue = Annotated[str, Form(_check_tag_value, r"[^\x00-\x1f]{0,256}", "at most 256 characters that AWS allows")]
Tags = dict[TagKey, TagValue]
Config = dict[Annotated[str, AfterValidator(_check_config_key)], Any]
