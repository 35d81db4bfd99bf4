"""The values of a template's variables: of their type and form, or a Problem that says what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloud.domain.document_reader import read_value
from cloud.domain.document_scalars import Ambiguous, NotJson, read_plain
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.suggestions import did_you_mean
from cloud.domain.template import EXPECTED, Template, Variable, VariableType

MAX_CHARACTERS = 100_000
"""Of one value, as JSON."""

_MISSING = object()
_PYTHON_TYPES: Mapping[VariableType, tuple[type, ...]] = {
    VariableType.STRING: (str,),
    VariableType.NUMBER: (int, float),
    VariableType.BOOLEAN: (bool,),
    VariableType.LIST: (list,),
    VariableType.MAP: (dict,),
}


def value_problem(variable: Variable, value: Any) -> Problem | None:
    """What is wrong with a value, or None. Its path is the variable's name."""
    fits = isinstance(value, _PYTHON_TYPES[variable.type])
    if not fits or (isinstance(value, bool) and variable.type is not VariableType.BOOLEAN):
        return Problem("this is of another type", variable.name, expected=EXPECTED[variable.type])
    problem = _unwritable(value)
    if problem:
        return Problem(problem, variable.name, expected=variable.form)
    if variable.identifier and not variable.identifier.matches(value):
        kind = variable.identifier.kind
        article = "an" if kind[0] in "aeiou" else "a"
        message = f"{_shown(value)} is not {article} {kind}" if value else "a value is needed"
        return Problem(message, variable.name, expected=variable.form)
    if variable.choices and value not in variable.choices:
        nearest = did_you_mean(str(value)[:60], map(str, variable.choices))
        return Problem(f"{_shown(value)} is none of the choices", variable.name, "", 0, 0, variable.form, nearest)
    if variable.pattern and not variable.matcher.isinstance_python(value):
        return Problem(f"{_shown(value)} is not of its form", variable.name, expected=variable.form)
    return None


def fill(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for every variable that has one: given, else its default.

    Raises one ConfigurationError with a Problem, its path the variable, for every value that is missing, unknown or wrong.
    """
    problems = [_unknown(template, name) for name in given if name not in template.variables]
    values: dict[str, Any] = {}
    for name, variable in template.variables.items():
        value = given.get(name, variable.default if variable.has_default else _MISSING)
        if value is _MISSING:
            if template.is_required(name):
                problems.append(Problem("a value is needed", name, expected=variable.form))
            continue
        values[name] = value
        problem = value_problem(variable, value)
        problems += [problem] if problem else []
    if problems:
        raise ConfigurationError(f"The template {template.name} cannot be filled in.", problems=problems)
    return values


def read_assignments(
    variables: Mapping[str, Variable], assignments: Iterable[tuple[str, str]]
) -> tuple[dict[str, Any], list[Problem]]:
    """What texts as ``("count", "3")`` give the variables, each read as its variable's type. Problems have the name as path.

    ``tags.cost_center`` sets one key of the map ``tags``, over its default. An unknown variable is left to ``fill``.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    inner: list[tuple[str, tuple[str, ...], str]] = []
    for name, text in assignments:
        found = declared_for(name, variables)
        if found and found[1] and variables[found[0]].type is VariableType.MAP:
            inner.append((found[0], found[1], text))
        elif name in values:
            problems.append(Problem("a value is given twice", name, expected="one"))
        else:
            values[name] = _read(variables.get(name), name, text, problems)
    for name, path, text in inner:
        base = values.get(name, variables[name].default)
        values[name] = _with(
            base if isinstance(base, dict) else {}, path, _plain(".".join((name, *path)), text, problems)
        )
    wrong = {problem.path for problem in problems}
    return {name: value for name, value in values.items() if name not in wrong}, problems


def declared_for(name: str, variables: Mapping[str, Variable]) -> tuple[str, tuple[str, ...]] | None:
    """The variable that a dotted name is of, and the path in its value; None when there is none."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        variable = variables.get(".".join(parts[:length]))
        if variable is not None:
            path = tuple(parts[length:])
            return (variable.name, path) if not path or variable.type.is_deep else None
    return None


def look_up(value: Any, path: Iterable[str]) -> tuple[bool, Any]:
    """Whether there is something at ``path`` in a value, and what."""
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and part.isascii() and int(part[:9]) < len(value):
            value = value[int(part)]
        else:
            return False, None
    return True, value


def _unknown(template: Template, name: str) -> Problem:
    known = ", ".join(template.variables)
    message = f"the template {template.name} has no variable {name[:60]!r}"
    return Problem(message, name, "", 0, 0, f"one of {known}", did_you_mean(name[:60], template.variables))


def _unwritable(value: Any) -> str:
    """Why a value cannot stand in a manifest, or an empty text."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "this is not a value that JSON can hold"
    if len(text) > MAX_CHARACTERS:
        return f"the value has more than {MAX_CHARACTERS:,} characters"
    if any(not _is_writable(item) for item in _texts(value)):
        return "the value has control characters"
    problems = read_value(text, file="").problems if isinstance(value, list | dict) else ()
    return problems[0].message if problems else ""


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _texts(item)


def _is_writable(text: str) -> bool:
    """Line feeds and tabs are; other control characters, and halves of surrogate pairs, no YAML file may have."""
    return not any(
        (character < " " and character not in "\t\n")
        or "\x7f" <= character <= "\x9f"
        or "\ud800" <= character <= "\udfff"
        for character in text
    )


def _read(variable: Variable | None, name: str, text: str, problems: list[Problem]) -> Any:
    if variable is None or variable.type is VariableType.STRING:
        return text
    return _plain(name, text, problems)


def _plain(name: str, text: str, problems: list[Problem]) -> Any:
    """A YAML scalar, a list or map in brackets, or a text in quotes; as ``--set`` reads it."""
    if text.startswith(("[", "{", '"', "'")) and not text.startswith("{{"):
        document = read_value(text, file="")
        found = [*document.problems, *document.ambiguous.values()]
        problems += [Problem(item.message, name, "", 0, 0, item.expected, item.suggestion) for item in found]
        return document.value
    read = read_plain(text) if text else ""
    if isinstance(read, Ambiguous):
        problems.append(Problem(read.message, name, suggestion=read.suggestion))
    elif isinstance(read, NotJson):
        problems.append(Problem(read.message, name, expected=read.expected))
    return read


def _with(value: dict[str, Any], path: tuple[str, ...], item: Any) -> dict[str, Any]:
    """A copy of a map with ``item`` at ``path``."""
    head, *rest = path
    below = value.get(head)
    return {**value, head: _with(below if isinstance(below, dict) else {}, tuple(rest), item) if rest else item}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
