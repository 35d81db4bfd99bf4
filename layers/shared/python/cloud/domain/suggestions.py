"""What the user may have meant: the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'network'?``, or an empty text when nothing known is near.

    The same for any order of ``known``.
    """
    # Imported here: difflib brings re, and the handlers that import this module seldom fail.
    from difflib import get_close_matches

    nearest = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else ""
