"""Values as YAML that every version of YAML reads alike, whatever is in them."""

from __future__ import annotations

import json
import re
from typing import Any

_LEFT_PLAIN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""What JSON leaves as it is, and YAML takes for a line break, or refuses."""
_NOT_IN_SINGLE_QUOTES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_BREAKS = re.compile("[\r\x85\u2028\u2029]")
_HEADER = re.compile(r"\|[+-]?")


def flow(value: Any) -> str:
    """A JSON value on one line, as it may stand in any place."""
    if isinstance(value, float):
        mantissa, exponent, power = repr(value).partition("e")
        # YAML's versions agree about 1.0e+16, not about 1e16 or 1e+16.
        return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}{exponent}{power}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    return _LEFT_PLAIN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def quoted(text: str, raw: str) -> str:
    """``text`` in the style of the scalar ``raw`` where that can hold it, else in double quotes."""
    if raw.startswith("'") and not _NOT_IN_SINGLE_QUOTES.search(text):
        return "'" + text.replace("'", "''") + "'"
    return (_block(text, raw) if raw.startswith("|") else "") or flow(text)


def _block(text: str, raw: str) -> str:
    """``text`` as a literal block with the header of ``raw``; empty where it would be read otherwise."""
    header, _, body = raw.partition("\n")
    content, old = text.rstrip("\n"), body.rstrip("\n")
    first = content.split("\n", 1)[0]
    indent = old[: len(old) - len(old.lstrip(" "))]
    if not _HEADER.fullmatch(header) or not indent or first != first.lstrip() or not first or _BREAKS.search(text):
        return ""
    breaks = len(text) - len(content)
    if breaks != {"|-": 0, "|": 1}.get(header, len(body) - len(old)):
        return ""
    lines = [f"{indent}{line}" if line else "" for line in content.split("\n")]
    return "\n".join([header, *lines]) + body[len(old) :]
