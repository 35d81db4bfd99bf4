"""The form of ``template.yaml`` as pydantic models: what is checked of each value alone, and the published JSON Schema.

``python -m cloud.domain.template_schema`` prints the schema that ``docs/reference/template.schema.json`` publishes. What
lies between values (a default that its pattern refuses, a variable that hides another) is checked by ``template_parsing``.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.domain.manifest_schema import SCHEMA_ID, closed
from cloud.domain.manifest_values import matching

MAX_VARIABLES = 200

VARIABLE_NAME = r"[a-z][A-Za-z0-9_]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){0,8}"
VARIABLE_FORM = "letters, digits and _ in parts with dots between, such as region or accounts.dev"

VariableName = Annotated[str, matching(re.compile(VARIABLE_NAME), "the name of a variable", VARIABLE_FORM)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class VariableModel(_Model):
    """A value is needed where there is no ``default``, unless every place that has the variable brings one."""

    type: Literal["string", "number", "boolean", "list", "map"] = "string"
    description: str = Field(default="", max_length=500)
    pattern: str = Field(
        default_factory=str,
        max_length=500,
        description="a regular expression for the whole of a text, without look-around and back-references",
    )
    choices: list[Any] = Field(default_factory=list, max_length=100, description="the values that there are")
    default: Any = Field(default_factory=lambda: None, description="of the variable's type")
    example: Any = Field(
        default_factory=lambda: None,
        description="the template is tried with it; needed where nothing else gives a value",
    )


class TemplateModel(_Model):
    model_config = ConfigDict(title="template.yaml")

    version: Literal[1]
    description: str = Field(default="", max_length=500)
    variables: dict[VariableName, VariableModel] = Field(
        default={}, max_length=MAX_VARIABLES, description="id, org and project are always there"
    )


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of a template, as published."""
    return json.dumps({"$schema": SCHEMA_ID, **closed(TemplateModel.model_json_schema())}, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
