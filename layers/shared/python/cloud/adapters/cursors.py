"""Cursors and limits of lists: opaque to callers, checked when they come back.

A cursor is base64url JSON of the key after which the next page begins. It is no secret and no permission: it is only ever
used inside the partition that the caller was allowed to read, and one that names another partition is refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping

from cloud.domain.errors import ConfigurationError

MAX_LIMIT = 1000
_MAX_LENGTH = 4096  # two keys of at most 1 KB and 2 KB, and their names


def encode_cursor(position: Mapping[str, str]) -> str:
    """The cursor of a position: names and values of its keys."""
    text = json.dumps(dict(position), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, names: Collection[str], fixed: Mapping[str, str]) -> dict[str, str]:
    """The position in ``cursor``, which must have exactly ``names`` as its keys and the values of ``fixed``.

    Raises ConfigurationError for anything else.
    """
    try:
        if len(cursor) > _MAX_LENGTH:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _not_a_cursor() from error
    if not isinstance(position, dict) or set(position) != set(names):
        raise _not_a_cursor()
    if not all(isinstance(value, str) and value for value in position.values()):
        raise _not_a_cursor()
    if any(position[name] != value for name, value in fixed.items()):
        raise _not_a_cursor()
    return position


def checked_limit(limit: int) -> int:
    """``limit`` when it is one that a list takes. Raises ConfigurationError."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ConfigurationError(f"A page has 1 to {MAX_LIMIT} items, not {limit}.")
    return limit


def _not_a_cursor() -> ConfigurationError:
    return ConfigurationError(
        "The cursor is not one of this list.", hint="Give back the cursor of the page before, unchanged, or none."
    )
