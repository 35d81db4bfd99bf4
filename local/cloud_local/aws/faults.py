"""What an interceptor may do to a delivery, so that tests inject faults without patching the control plane.

An interceptor is called with (function name, event) before every delivery, synchronous or not. It returns None to let the
event through, or one of the decisions below; or it raises InvokeRefused, which the caller sees as an error of the Lambda
service (throttling, for example).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class InvokeRefused(Exception):
    """The Lambda service itself refuses: ``status`` is the HTTP status, ``code`` AWS's name of the error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def throttled() -> InvokeRefused:
    """To raise: the error that a caller sees when the account's concurrency is used up."""
    return InvokeRefused(429, "TooManyRequestsException", "Rate Exceeded.")


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer in the function's place. With ``function_error`` ("Unhandled") the payload is an error payload."""

    payload: Any
    function_error: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Deliver the event ``times`` more times first; the caller gets the answer to the last."""

    times: int = 1


@dataclass(frozen=True, slots=True)
class LoseResponse:
    """Run the function, then fail the call with a 500: the caller can't know that it ran."""


Decision = Respond | Repeat | LoseResponse
Interceptor = Callable[[str, Any], Decision | None]
