"""The WebSocket API: ``$connect`` before a client is let in, ``$default`` for each message, ``$disconnect`` at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloud_local.gateway.access import USER_HEADER, Access, is_ours
from cloud_local.gateway.invocation import Caller, FunctionFailed
from cloud_local.gateway.lambda_events import Identity, query_pairs, socket_event
from cloud_local.gateway.problems import forbidden, unauthorized
from cloud_local.gateway.sockets import Socket, Sockets

MAX_MESSAGE_BYTES = 128 * 1024
"""Of one message (API Gateway quotas); a longer one closes the connection with 1009."""
FLUSH_SECONDS = 1.0
"""What a client has to take its last frames when our side closes."""
CLOSED, UNSUPPORTED, ABNORMAL = 1000, 1003, 1006


class WebSocketDoor:
    """Serves the connections. Messages of one connection are handled one after the other (AWS may overlap them)."""

    def __init__(self, caller: Caller, functions: Mapping[str, str], access: Access, sockets: Sockets) -> None:
        self._caller = caller
        self._functions = functions
        self._access = access
        self._sockets = sockets

    async def serve(self, websocket: WebSocket) -> None:
        identity = self._identity(websocket)
        if not is_ours(websocket.headers):
            await _refuse(websocket, forbidden())
        elif identity is None:
            await _refuse(websocket, unauthorized())
        else:
            await self._serve(Socket(websocket, identity))

    def _identity(self, websocket: WebSocket) -> Identity | None:
        """By the Authorization header where there is one, else by ``?token=``: browsers can't send headers."""
        given = websocket.headers.get("authorization") or websocket.query_params.get("token", "")
        return self._access.identify(given, websocket.headers.get(USER_HEADER, ""))

    async def _serve(self, socket: Socket) -> None:
        refusal = await self._connect(socket)
        if refusal is not None:
            await _refuse(socket.socket, refusal)
            return
        closed = (ABNORMAL, "")
        try:
            # Only an accepted connection can be posted to, as in AWS, but one that $connect knows always gets $disconnect.
            await socket.socket.accept()
            self._sockets.add(socket)
            closed = await self._converse(socket)
        except WebSocketDisconnect as gone:
            closed = (gone.code, gone.reason or "")
        finally:
            self._sockets.remove(socket.id)
            with contextlib.suppress(FunctionFailed):
                await self._call("$disconnect", socket, finish=True, closed=closed)

    async def _connect(self, socket: Socket) -> Response | None:
        """Why the connection is refused, or None."""
        websocket = socket.socket
        headers = self._access.without_secrets(websocket.headers.items())
        query = [
            (name, value)
            for name, value in self._access.without_secrets(query_pairs(websocket.scope["query_string"]))
            if name != "token"
        ]
        try:
            answer = await self._call("$connect", socket, headers=headers, query=query)
        except FunctionFailed as failed:
            return JSONResponse({"message": "Internal server error"}, failed.status)
        status = answer.get("statusCode") if isinstance(answer, Mapping) else None
        if not isinstance(status, int) or status not in range(200, 600):
            return JSONResponse({"message": "Internal server error"}, 502)
        return None if status < 300 else JSONResponse({"message": "Forbidden"}, max(status, 400))

    async def _converse(self, socket: Socket) -> tuple[int, str]:
        """Until either side closes; gives the code and reason of the end."""
        reading = asyncio.create_task(self._receive(socket))
        sending = asyncio.create_task(socket.pump())
        closing = asyncio.create_task(socket.closing.wait())
        tasks = {reading, sending, closing}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            if closing.done():
                self._sockets.remove(socket.id)
                # A client that doesn't take its last frames is dropped without a farewell: it could not be sent either.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(FLUSH_SECONDS):
                        await socket.outbox.join()
                        await socket.socket.close(CLOSED)
                return CLOSED, ""
            return ABNORMAL, ""
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, socket: Socket) -> tuple[int, str]:
        while True:
            message = await socket.socket.receive()
            if message["type"] == "websocket.disconnect":
                return message.get("code", ABNORMAL), message.get("reason") or ""
            if message.get("text") is None:
                await socket.socket.close(UNSUPPORTED)  # as API Gateway, which takes no binary frames
                return UNSUPPORTED, ""
            try:
                await self._call("$default", socket, body=message["text"])
            except FunctionFailed:
                answer = {"message": "Internal server error", "connectionId": socket.id, "requestId": str(uuid.uuid4())}
                socket.offer(json.dumps(answer))

    async def _call(self, key: str, socket: Socket, *, finish: bool = False, **details: Any) -> Any:
        event = socket_event(
            route_key=key,
            connection_id=socket.id,
            connected_at=socket.connected_at,
            identity=socket.identity,
            **details,
        )
        return await self._caller.call(self._functions[key], event, finish=finish)


async def _refuse(websocket: WebSocket, response: Response) -> None:
    with contextlib.suppress(WebSocketDisconnect):  # it has left
        await websocket.send_denial_response(response)
