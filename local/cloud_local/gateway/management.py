"""``@connections``, API Gateway's management API: POST a frame, DELETE the connection, GET what is known of it."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cloud_local.gateway.access import Access, is_ours
from cloud_local.gateway.sockets import Socket, Sockets

MAX_FRAME_BYTES = 128 * 1024
"""Of one frame that is posted (API Gateway quotas)."""
ALLOWED = ("POST", "GET", "DELETE")


class ManagementDoor:
    """Serves requests that our functions signed; see ``Access``."""

    def __init__(self, access: Access, sockets: Sockets) -> None:
        self._access = access
        self._sockets = sockets

    async def serve(self, request: Request, connection_id: str, body: bytes | None) -> Response:
        """``body`` is None when it is longer than a frame may be."""
        if not is_ours(request.headers):
            return _error(403, "ForbiddenException", "Forbidden")
        target = (request.scope["raw_path"] + b"?" + request.scope["query_string"]).decode("latin-1")
        problem = self._access.signature_problem(request.method, target, request.headers, body or b"")
        # What is too long was not read, so its signature can't be checked; it is refused in any case.
        if problem is not None and not (body is None and problem[0] == "InvalidSignatureException"):
            return _error(403, *problem)
        if body is None:
            return _error(413, "PayloadTooLargeException", f"A frame may have {MAX_FRAME_BYTES} bytes.")
        if request.method not in ALLOWED:
            return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        socket = self._sockets.get(connection_id)
        if socket is None:
            return _error(410, "GoneException", "Gone")
        if request.method == "POST":
            return _post(socket, body)
        if request.method == "DELETE":
            self._sockets.remove(socket.id)
            socket.closing.set()
            return Response(status_code=204)
        since = datetime.fromtimestamp(socket.connected_at / 1000, UTC)
        stamp = f"{since:%Y-%m-%dT%H:%M:%S}.{since.microsecond // 1000:03}Z"
        return JSONResponse({"connectedAt": stamp, "lastActiveAt": stamp, "identity": {"sourceIp": "127.0.0.1"}})


def _post(socket: Socket, body: bytes) -> Response:
    try:
        frame = body.decode()
    except UnicodeDecodeError:
        return _error(400, "BadRequestException", "A frame is text in UTF-8.")
    if not socket.offer(frame):
        return _error(504, "EndpointRequestTimedOutException", "The client takes nothing.")
    return Response(status_code=200)


def _error(status: int, kind: str, message: str) -> Response:
    return JSONResponse({"message": message}, status, {"x-amzn-ErrorType": kind})
