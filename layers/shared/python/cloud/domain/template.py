"""A template: what it asks for, and the manifest that is filled in.

Three variables are always there, for no deployment is without them: ``id``, ``org`` and ``project``. The others are
declared in ``template.yaml``; ``template_parsing`` reads it, ``template_rendering`` fills in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic_core import SchemaValidator, core_schema

from cloud.domain.identifiers import DEPLOYMENT_ID, ORGANISATION, PROJECT, Identifier

TEMPLATE = Identifier(
    "template name",
    PROJECT.pattern,
    "2 to 40 of a-z, 0-9 and hyphen, beginning with a letter and not ending with a hyphen",
)


class VariableType(StrEnum):
    """What a value is. ``number`` takes whole ones too; ``map`` and ``list`` are reached into: ``{{tags.cost_center}}``."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    MAP = "map"

    @property
    def is_deep(self) -> bool:
        return self in (VariableType.LIST, VariableType.MAP)


@dataclass(frozen=True)
class Variable:
    """``default`` counts only with ``has_default``, ``example`` only with ``has_example``; both are JSON values.

    ``pattern`` is matched against the whole of a text. ``identifier`` is the form of the variables that are always there.
    """

    name: str
    type: VariableType = VariableType.STRING
    description: str = ""
    pattern: str = ""
    choices: tuple[Any, ...] = ()
    default: Any = None
    has_default: bool = False
    example: Any = None
    has_example: bool = False
    identifier: Identifier | None = None

    @property
    def form(self) -> str:
        """What a value looks like, in words."""
        if self.identifier:
            return self.identifier.form
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        named = self.description or EXPECTED[self.type]
        return f"{named}, as {self.pattern}" if self.pattern else named

    @property
    def sample(self) -> Any:
        """A value to try the template with."""
        if self.has_default:
            return self.default
        return self.example if self.has_example else self.choices[0] if self.choices else None

    @cached_property
    def matcher(self) -> SchemaValidator:
        """Raises pydantic_core.SchemaError for what is no pattern.

        The engine is linear in the length of the text, so that no template can keep a server busy with a pattern.
        """
        return SchemaValidator(core_schema.str_schema(pattern=rf"\A(?:{self.pattern})\z", regex_engine="rust-regex"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON; what is not said is left out."""
        said: dict[str, Any] = {"name": self.name, "type": self.type.value, "description": self.description}
        said |= {"pattern": self.pattern} if self.pattern else {}
        said |= {"choices": list(self.choices)} if self.choices else {}
        said |= {"default": self.default} if self.has_default else {}
        return said | ({"example": self.example} if self.has_example else {})


EXPECTED = {
    VariableType.STRING: "a text",
    VariableType.NUMBER: "a number",
    VariableType.BOOLEAN: "true or false",
    VariableType.LIST: "a list, such as [a, b]",
    VariableType.MAP: "a map, such as {a: 1}",
}


def _always(name: str, description: str, identifier: Identifier, example: str) -> Variable:
    return Variable(name, description=description, identifier=identifier, example=example, has_example=True)


BUILT_IN: Mapping[str, Variable] = {
    variable.name: variable
    for variable in (
        _always("id", "Deployment id", DEPLOYMENT_ID, "D000000"),
        _always("org", "Organisation", ORGANISATION, "acme"),
        _always("project", "Business project; the Pulumi project of every stack", PROJECT, "shop"),
    )
}


@dataclass(frozen=True)
class Template:
    """``text`` is the manifest with its variables; ``variables`` has the built-in ones too, in the order to ask for them.

    ``optional`` are variables without a default of their own that stand nowhere without one: no value is needed.
    """

    name: str
    description: str
    variables: Mapping[str, Variable]
    text: str
    file: str = "manifest.yaml.template"
    optional: frozenset[str] = field(default_factory=frozenset)

    def is_required(self, name: str) -> bool:
        return not self.variables[name].has_default and name not in self.optional

    def to_dict(self) -> dict[str, Any]:
        """As JSON. An id is made at random where none is given."""
        variables = [
            {**variable.to_dict(), "required": self.is_required(name) and name != "id"}
            for name, variable in self.variables.items()
        ]
        return {"name": self.name, "description": self.description, "variables": variables}
