"""The system's clock and its randomness."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime

from cloud.domain.errors import ConfigurationError

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DEPLOYMENT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RANDOM_BITS = 80


class SystemClock:
    """The port ``Clock`` on the machine's clock and its secure random source.

    ULIDs of one process ascend even within one millisecond (the random part counts up), as the ULID specification has it:
    the order of two operations that were asked for at once is the order in which they were asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = (0, 0)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_ulid(self) -> str:
        milliseconds = int(self.now().timestamp() * 1000)
        with self._lock:
            last_time, last_random = self._last
            if milliseconds > last_time:
                self._last = (milliseconds, secrets.randbits(_RANDOM_BITS))
            else:  # the same millisecond, or a clock that was set back
                overflow, random = divmod(last_random + 1, 1 << _RANDOM_BITS)
                self._last = (last_time + overflow, random)
            return ulid(*self._last)

    def new_deployment_id(self) -> str:
        return "D" + "".join(secrets.choice(_DEPLOYMENT) for _ in range(6))


def ulid(milliseconds: int, random: int) -> str:
    """26 characters of Crockford's base 32: 48 bits of time, 80 bits of randomness."""
    number = (milliseconds << _RANDOM_BITS) | random
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and ``Z``: the one form that is stored, so that text sorts as time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def stored_timestamp(text: str) -> str:
    """An RFC 3339 time in the form that is stored. Raises ConfigurationError when it is none, or has no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a time.", hint="Write RFC 3339: 2025-01-31T12:00:00Z.") from error
    if moment.tzinfo is None:
        raise ConfigurationError(f"{text!r} has no time zone.", hint="Write RFC 3339: 2025-01-31T12:00:00Z.")
    return timestamp(moment)
