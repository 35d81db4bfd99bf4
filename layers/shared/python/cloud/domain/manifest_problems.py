"""What pydantic refuses, told as Problems: with a position, what was expected and the nearest known name."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cloud.domain.document import Document, Path
from cloud.domain.document_reader import MAX_PROBLEMS
from cloud.domain.errors import Problem
from cloud.domain.manifest_schema import ManifestModel
from cloud.domain.suggestions import did_you_mean

_EXPECTED = {
    "bool_type": "true or false",
    "string_type": "a text",
    "int_type": "a whole number",
    "dict_type": "a map",
    "model_type": "a map",
    "list_type": "a list",
}
_KINDS = {
    type(None): "null",
    bool: "a boolean",
    str: "a text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a map",
}
_KEY_MARK = "[key]"  # pydantic's last part of the place of an error in a key


def schema_problems(
    document: Document, model: type[BaseModel] = ManifestModel
) -> Iterator[tuple[Path, Problem | None]]:
    """Every value of the document that is not of the form of ``model``, with its path.

    The first ``MAX_PROBLEMS`` are told; of the others only the paths are given.
    """
    try:
        model.model_validate(document.value)
    except ValidationError as error:
        for number, item in enumerate(error.errors(include_url=False)):
            path = _path(item)
            yield path, _problem(document, path, item, model) if number < MAX_PROBLEMS else None


def _path(error: ErrorDetails) -> Path:
    location = error["loc"]
    return location[:-1] if location and location[-1] == _KEY_MARK else location


def _problem(document: Document, path: Path, error: ErrorDetails, model: type[BaseModel]) -> Problem:
    is_key = path != error["loc"]
    kind, context = error["type"], error.get("ctx", {})
    if kind == "manifest":
        message, expected, suggestion = context["message"], context["expected"], context["suggestion"]
        return document.problem(message, path, key=is_key, expected=expected, suggestion=suggestion)
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1], model)
        suggestion = did_you_mean(str(path[-1])[:60], known)
        expected = f"one of {', '.join(known)}"
        return document.problem("unknown key", path, key=True, expected=expected, suggestion=suggestion)
    if kind == "missing":
        return document.problem("a required key is missing", path, expected=f"the key {path[-1]!r}")
    if kind == "literal_error":
        return _choice(document, path, error["input"], str(context["expected"]))
    if kind in ("too_short", "too_long"):
        bound = f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']:,}"
        return document.problem(f"there are {len(error['input']):,} of them", path, key=True, expected=bound)
    if kind == "string_too_long":
        return document.problem("the text is too long", path, expected=f"at most {context['max_length']:,} characters")
    if kind in ("less_than_equal", "greater_than_equal"):
        bound = f"at most {context['le']}" if "le" in context else f"at least {context['ge']}"
        return document.problem(f"{error['input']} is out of range", path, expected=bound)
    return _wrong_type(document, path, error["input"], _EXPECTED.get(kind, error["msg"]))


def _choice(document: Document, path: Path, value: Any, expected: str) -> Problem:
    if isinstance(value, str):
        names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
        message = f"{value[:60]!r} is not known here"
        return document.problem(message, path, expected=expected, suggestion=did_you_mean(value[:60], names))
    if isinstance(value, int) and not isinstance(value, bool):
        return document.problem(f"{value} is not known here", path, expected=expected)
    return _wrong_type(document, path, value, expected)


def _wrong_type(document: Document, path: Path, value: Any, expected: str) -> Problem:
    suggestion = ""
    if value is None and expected == "a map":
        suggestion = "write {} for an empty map, or remove the key"
    elif value is None:
        suggestion = "remove the key to take its default"
    elif path[-1] in ("timeout", "max_age") and isinstance(value, int):
        suggestion = f"write {value}m or {value}s"
    elif expected == "a text" and isinstance(value, int | float):
        suggestion = "write it in quotes"
    elif expected == "a list" and isinstance(value, str):
        suggestion = "write [name] or a line beginning with -"
    elif expected == "true or false" and isinstance(value, str) and value.lower() in ("true", "false"):
        suggestion = "remove the quotes"
    return document.problem(f"this is {_KINDS[type(value)]}", path, expected=expected, suggestion=suggestion)


def _fields_at(path: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    """The keys that are known in the map at ``path``."""
    annotation: Any = model
    for part in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotation.model_fields[str(part)].annotation
        else:
            annotation = typing.get_args(annotation)[-1]
    return list(annotation.model_fields)
