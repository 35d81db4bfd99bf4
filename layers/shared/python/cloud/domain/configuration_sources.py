"""Configuration from outside the manifest: ``config/{stack}.{environment}.yaml`` and ``--set key=value``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloud.domain.configuration import check_key
from cloud.domain.document import Document
from cloud.domain.document_reader import read_document, read_value
from cloud.domain.document_scalars import Ambiguous, NotJson, read_plain
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.placeholders import occurrences
from cloud.domain.secret import is_secret_form

_DOT = re.compile(r"(?<!\\)\.")


def parse_config_file(text: str | bytes, *, file: str) -> dict[str, Any]:
    """The configuration that a file holds; a file without anything in it is an empty one.

    Raises one ConfigurationError with every problem, each with line and column.
    """
    document = read_document(text, file=file)
    if document.is_empty:
        return {}
    problems = [*document.problems, *document.ambiguous.values(), *_value_problems(document)]
    for key in document.value or {}:
        problem = check_key(key)
        if problem:
            problems.append(
                document.problem(
                    problem.message, (key,), key=True, expected=problem.expected, suggestion=problem.suggestion
                )
            )
    if problems:
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise ConfigurationError(f"{file} cannot be used: {_count(problems)}.", problems=problems)
    values: dict[str, Any] = document.value
    return values


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    r"""The configuration that ``--set`` options give: ``network.cidr=10.0.0.0/16`` is ``{network: {cidr: …}}``.

    A value is a YAML scalar (``8`` a number, ``true`` a boolean, ``null``), a list or map in brackets, or a text in quotes;
    nothing after the ``=`` is the empty text. ``\.`` is a dot inside a key. Raises one ConfigurationError with every
    problem.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        parts = [part.replace(r"\.", ".") for part in _DOT.split(key)]
        if not equals or not all(parts):
            # What stands without a key may be a secret: it is not quoted.
            shown = f"--set {key}" if equals else "--set without ="
            problems.append(Problem("this is not a setting", shown, expected="key=value, such as cidr=10.0.0.0/16"))
            continue
        problem = check_key(parts[0])
        if problem:
            problems.append(
                Problem(problem.message, f"--set {key}", expected=problem.expected, suggestion=problem.suggestion)
            )
            continue
        value = _setting_value(key, text, problems)
        clash = _put(values, parts, value)
        if clash:
            problems.append(
                Problem("a value and values inside it are both set", f"--set {key}", expected=f"either of {clash}")
            )
    if problems:
        raise ConfigurationError(f"--set cannot be used: {_count(problems)}.", problems=problems)
    return values


def _setting_value(key: str, text: str, problems: list[Problem]) -> Any:
    where = f"--set {key}"
    if text.startswith(("[", "{", '"', "'")) and not text.startswith("{{"):
        document = read_value(text, file="")
        found = [*document.problems, *document.ambiguous.values()]
        problems.extend(Problem(item.message, where, "", 0, 0, item.expected, item.suggestion) for item in found)
        value = document.value
    else:
        value = read_plain(text) if text else ""
        if isinstance(value, Ambiguous):
            problems.append(Problem(value.message, where, suggestion=f"{value.suggestion}: '{key}=\"…\"'"))
            return None
        if isinstance(value, NotJson):
            problems.append(Problem(value.message, where, expected=value.expected))
            return None
    problems.extend(
        Problem(item.problem.message, where, expected=item.problem.expected, suggestion=item.problem.suggestion)
        for item in occurrences(value)
        if item.problem
    )
    return value


def _put(values: dict[str, Any], parts: Sequence[str], value: Any) -> str:
    """Set ``value`` at its place; returns the place that holds, or would replace, another setting, else an empty text."""
    place = values
    for depth, part in enumerate(parts[:-1]):
        inner = place.setdefault(part, {})
        if not isinstance(inner, dict) or is_secret_form(inner):
            return ".".join(parts[: depth + 1])
        place = inner
    if isinstance(place.get(parts[-1]), Mapping) and place[parts[-1]]:
        return ".".join(parts)
    place[parts[-1]] = value
    return ""


def _value_problems(document: Document) -> list[Problem]:
    found = [(item.path, item.problem) for item in occurrences(document.value)]
    return [
        document.problem(problem.message, path, expected=problem.expected, suggestion=problem.suggestion)
        for path, problem in found
        if problem
    ]


def _count(problems: Sequence[Problem]) -> str:
    first = problems[0].render()
    return first if len(problems) == 1 else f"{len(problems)} problems, first {first}"
