"""The variables that ``template.yaml`` declares, and what is wrong between the values of a declaration."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from pydantic_core import SchemaError

from cloud.domain.document import Document, Path
from cloud.domain.errors import Problem
from cloud.domain.placeholders import NAMESPACES
from cloud.domain.template import BUILT_IN, Template, Variable, VariableType
from cloud.domain.template_values import value_problem


def declared_names(document: Document) -> Collection[str]:
    """All that the file declares, refused ones included."""
    declared = document.at(("variables",))
    return declared.keys() if isinstance(declared, dict) else frozenset()


def read_variables(document: Document, wrong: Collection[Path]) -> dict[str, Variable]:
    """The variables of the file, without those of which anything stands in ``wrong``."""
    refused = {path[1] for path in wrong if len(path) > 1 and path[0] == "variables"}
    found: dict[str, Variable] = {}
    for name in () if ("variables",) in wrong else declared_names(document):
        item = document.at(("variables", name))
        if name not in refused:
            found[name] = Variable(
                name,
                VariableType(item.get("type", "string")),
                item.get("description", ""),
                item.get("pattern", ""),
                tuple(item.get("choices", ())),
                item.get("default"),
                "default" in item,
                item.get("example"),
                "example" in item,
            )
    return found


def check_variables(document: Document, variables: Mapping[str, Variable]) -> tuple[dict[str, Variable], list[Problem]]:
    """The variables, without patterns and choices that are none, and every problem of them."""
    kept: dict[str, Variable] = {}
    problems: list[Problem] = []
    for name, variable in variables.items():
        problems += _name_problems(document, name, variables)
        kept[name] = _usable(document, variable, problems)
        problems += _value_problems(document, kept[name])
    return kept, problems


def untried(document: Document, template: Template) -> Iterator[Problem]:
    """Variables for which there is nothing to try the template with."""
    for name, variable in template.variables.items():
        if template.is_required(name) and not variable.has_example and not variable.choices:
            expected = "a default, choices, or an example to try the template with"
            yield document.problem(
                "nothing says what a value looks like", ("variables", name), key=True, expected=expected
            )


def _name_problems(document: Document, name: str, variables: Collection[str]) -> Iterator[Problem]:
    path: Path = ("variables", name)
    first = name.partition(".")[0]
    if first in BUILT_IN:
        yield document.problem(f"{first} is always there", path, key=True, suggestion="remove it, or rename it")
    elif first in NAMESPACES:
        expected = f"a name that does not begin with {', '.join(NAMESPACES)}"
        yield document.problem(f"{first} is a namespace of runtime placeholders", path, key=True, expected=expected)
    parts = name.split(".")
    for length in range(1, len(parts)):
        if ".".join(parts[:length]) in variables:
            hiding = ".".join(parts[:length])
            yield document.problem(f"the variable {hiding!r} hides this one", path, key=True, suggestion="rename one")


def _usable(document: Document, variable: Variable, problems: list[Problem]) -> Variable:
    path: Path = ("variables", variable.name)
    if variable.pattern and variable.type is not VariableType.STRING:
        message = f"a {variable.type} has no pattern"
        problems.append(document.problem(message, (*path, "pattern"), key=True, suggestion="remove it"))
        variable = replace(variable, pattern="")
    if variable.choices and variable.type.is_deep:
        message = f"a {variable.type} has no choices"
        problems.append(document.problem(message, (*path, "choices"), key=True, suggestion="remove it"))
        variable = replace(variable, choices=())
    try:
        if variable.pattern:
            variable.matcher.isinstance_python("")
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")[:200]
        expected = "a regular expression without look-around and back-references"
        problems.append(document.problem(f"this is no pattern: {reason}", (*path, "pattern"), expected=expected))
        variable = replace(variable, pattern="")
    return variable


def _value_problems(document: Document, variable: Variable) -> Iterator[Problem]:
    stated: list[Path] = [("choices", number) for number in range(len(variable.choices))]
    stated += [("default",)] if variable.has_default else []
    stated += [("example",)] if variable.has_example else []
    for key in stated:
        path: Path = ("variables", variable.name, *key)
        among = replace(variable, choices=()) if key[0] == "choices" else variable
        problem = value_problem(among, document.at(path))
        if problem:
            yield document.problem(problem.message, path, expected=problem.expected, suggestion=problem.suggestion)
