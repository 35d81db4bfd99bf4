"""Durations as people write them: ``90s``, ``30m``, ``1h30m``, ``2d``."""

from __future__ import annotations

import re

from cloud.domain.errors import ConfigurationError, Problem

PATTERN = r"(?=[0-9])(?:[0-9]{1,6}d)?(?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,6}s)?"
FORM = "a duration such as 90s, 30m, 1h30m or 2d"

_PARTS = re.compile(r"([0-9]+)([dhms])")
_WHOLE = re.compile(PATTERN)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration(text: str) -> int:
    """Whole seconds. Raises ConfigurationError when ``text`` is no duration."""
    if not text or _WHOLE.fullmatch(text) is None:
        problem = Problem(f"{text[:60]!r} is not a duration", expected=FORM)
        raise ConfigurationError(f"{problem.render()}.", problems=[problem])
    return sum(int(number) * _SECONDS[unit] for number, unit in _PARTS.findall(text))


def format_duration(seconds: int) -> str:
    """The shortest text that ``parse_duration`` reads back."""
    text, rest = "", seconds
    for unit, size in _SECONDS.items():
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
