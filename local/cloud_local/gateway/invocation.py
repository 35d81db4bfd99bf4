"""Calling a function for a request or a message, and making an HTTP response of what it answers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response

Invoke = Callable[[str, dict[str, Any]], Any]
"""Calls a function by its name in the topology; gives its result. Raises FunctionFailed."""

CONCURRENCY = 256
"""Calls at a time. AWS's default is 1,000 for an account; a thread of its own stands behind each one here."""

_BODYLESS = frozenset({204, 304})


class FunctionFailed(Exception):
    """There is no usable answer. ``status`` is what API Gateway makes of it: 502, 504 for a time-out, 413 for too large."""

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


class Caller:
    """Runs functions, which block, outside of the event loop. Belongs to one loop."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke
        self._limiter: anyio.CapacityLimiter | None = None

    async def call(self, function: str, event: dict[str, Any], *, finish: bool = False) -> Any:
        """The function's result. When the gateway stops, a call that runs is left alone, unless it must ``finish``.

        Raises FunctionFailed, and nothing else.
        """
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(CONCURRENCY)
        try:
            return await run_sync(
                self._invoke, function, event, abandon_on_cancel=not finish, limiter=None if finish else self._limiter
            )
        except FunctionFailed:
            raise
        except Exception as error:
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error


def http_response(answer: Any) -> Response:
    """The response that a proxy integration's answer describes. Raises FunctionFailed for one that describes none."""
    status = answer.get("statusCode") if isinstance(answer, Mapping) else None
    if not isinstance(status, int | str) or not str(status).isdecimal() or not 200 <= int(status) <= 599:
        raise FunctionFailed("its answer has no valid statusCode")
    response = Response(b"" if int(status) in _BODYLESS else _body(answer), int(status))
    for name, value in _headers(answer):
        if name.lower() not in ("content-length", "transfer-encoding", "connection"):
            response.raw_headers.append((name.lower().encode(), value.encode("latin-1")))
    return response


def _body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise FunctionFailed("the body of its answer is no text")
    if not answer.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise FunctionFailed("the body of its answer is no base64") from None


def _headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All values of ``multiValueHeaders``, and those of ``headers`` that are not among them, as API Gateway merges them."""
    single, multiple = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    try:
        pairs = [(str(name), str(value)) for name, values in multiple.items() for value in values]
        pairs += [(str(n), str(v)) for n, v in single.items() if (str(n).lower(), str(v)) not in _lowered(pairs)]
    except (AttributeError, TypeError):
        raise FunctionFailed("the headers of its answer are no headers") from None
    for name, value in pairs:
        if not name.isascii() or not all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name) or not name:
            raise FunctionFailed(f"its answer has a header named {name!r}")
        if any(ord(character) < 32 or ord(character) > 255 for character in value):
            raise FunctionFailed(f"the header {name} of its answer has characters that no header has")
    return pairs


def _lowered(pairs: list[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(name.lower(), value) for name, value in pairs}
