"""What leaves the runner as text: no secret, no control character, no endless message."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from cloud.ports.runner import Secret

SECRET_MARK = "[secret]"  # noqa: S105 (Pulumi's own mark for a hidden value)
MESSAGE_LIMIT = 4_000
"""Characters of one message. An event row of DynamoDB holds 400 KB and a batch of 50 rows 4 MB in one transaction."""

_COLOUR = re.compile(r"<\{%.*?%\}>")  # Pulumi's own markup
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# C0 but tab and newline, DEL, C1, and the marks that reverse the reading direction: they can forge what a terminal shows.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_WORD_LENGTH = 4
_LINE_LENGTH = 8
_SMALLEST_NUMBER = 1_000


class Redactor:
    """Replaces every known secret by ``[secret]``. It learns more of them as a run goes on.

    A secret is also found as JSON, as base64, as part of a URL and, when it has several lines, line by line (programs print
    by line). One of fewer than four characters is replaced only where it stands alone, lest ``a`` should blank every word;
    an empty one, a number below 1,000, true, false and null are nothing to hide. ``folder`` is where the program lies, which
    means nothing to anybody else: messages name its files without it.
    """

    def __init__(self, secrets: Iterable[Any] = (), *, folder: str = "") -> None:
        self._folder = folder
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.learn(secret)

    def learn(self, value: Any) -> None:
        """Hide ``value`` (JSON, or with ``Secret`` anywhere in it) and every part of it from now on."""
        before = len(self._known)
        for leaf in _leaves(value):
            self._known.update(_forms(leaf))
        if len(self._known) != before:
            self._pattern = _one_of(self._known)

    def scrub(self, text: str) -> str:
        """``text`` without any known secret."""
        return self._pattern.sub(SECRET_MARK, text) if self._pattern else text

    def message(self, text: str, limit: int = MESSAGE_LIMIT) -> str:
        """``text`` fit to be shown: scrubbed, without control characters, not longer than about ``limit``."""
        # Twice, because a secret may hold control characters, and may only appear once they are gone.
        if self._folder:
            text = text.replace(f"{self._folder}/", "")
        clean = self.scrub(_CONTROL.sub("", _ANSI.sub("", _COLOUR.sub("", self.scrub(text))))).strip()
        if len(clean) <= limit:
            return clean
        return f"{clean[:limit].rstrip()} … ({len(clean) - limit:,} more characters left out)"


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _leaves(value.value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= _SMALLEST_NUMBER:
        yield json.dumps(value)


def _forms(secret: str) -> Iterator[str]:
    if not secret.strip():
        return
    yield secret
    yield secret.strip()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    if len(secret) >= _LINE_LENGTH:
        yield base64.b64encode(secret.encode()).decode()
        yield quote(secret, safe="")
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= _LINE_LENGTH)


def _one_of(secrets: set[str]) -> re.Pattern[str]:
    # The longest first: one secret may be part of another.
    ordered = sorted(secrets, key=lambda secret: (-len(secret), secret))
    return re.compile("|".join(_exactly(secret) for secret in ordered))


def _exactly(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) >= _WORD_LENGTH else rf"(?<!\w){escaped}(?!\w)"
