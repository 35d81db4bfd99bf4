"""Reading a request's body without trusting its size."""

from __future__ import annotations

from starlette.requests import Request

MAX_DISCARDED_BYTES = 64 * 1024 * 1024
"""A client writes first and reads then: it sees the refusal of a body only if the body was taken, up to here."""


async def read_body(request: Request, limit: int) -> bytes | None:
    """The body, or None when it is longer than ``limit`` bytes. Raises ClientDisconnect when the client leaves."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > MAX_DISCARDED_BYTES:
            break
        else:
            chunks.clear()
    return b"".join(chunks) if size <= limit else None
