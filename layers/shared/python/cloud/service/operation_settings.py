"""``--set`` of one operation: checked at the door like every other tier, and sealed before the operation's row is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cloud.domain.configuration import check_key
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.placeholders import occurrences

MAX_SETTINGS_BYTES = 64 * 1024
"""The settings stand on the operation's row, of which an item of DynamoDB takes 400 KB."""
MAX_DEPTH = 20


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raises ConfigurationError with every key and placeholder that can't be, and for what is too large or too deep."""
    if _is_too_deep(settings):
        raise _refused([Problem(f"the settings are nested deeper than {MAX_DEPTH} levels", "settings")])
    problems = list(_key_problems(settings))
    problems += [item.problem for item in occurrences(settings, ("settings",)) if item.problem]
    size = len(json.dumps(dict(settings)))
    if size > MAX_SETTINGS_BYTES:
        expected = f"at most {MAX_SETTINGS_BYTES:,}"
        problems.append(Problem(f"the settings have {size:,} bytes", "settings", expected=expected))
    if problems:
        raise _refused(problems)


def _refused(problems: list[Problem]) -> ConfigurationError:
    return ConfigurationError(f"The settings cannot be used: {problems[0].render()}.", problems=problems)


def _key_problems(settings: Mapping[str, Any]) -> Iterator[Problem]:
    for key in settings:
        problem = check_key(key)
        if problem:
            yield Problem(problem.message, "settings", expected=problem.expected, suggestion=problem.suggestion)


def _is_too_deep(settings: Mapping[str, Any]) -> bool:
    """Level by level: what is nested very deeply must not be walked by recursion, here or later."""
    level: list[Any] = [settings]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, Mapping | list)
            for inner in (value.values() if isinstance(value, Mapping) else value)
        ]
    return any(isinstance(value, Mapping | list) for value in level)
