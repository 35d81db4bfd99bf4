"""The gateway's ASGI application: it builds Lambda events from what comes in, and has no rule of its own but who may call."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as HttpRoute
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloud_local.gateway.lambda_events import STAGE, Identity, rest_event, socket_event
from cloud_local.gateway.routes import RouteTable
from cloud_local.gateway.sockets import Socket, Sockets
from infra.topology import Route, SocketRoute

Invoke = Callable[[str, dict[str, Any]], Any]
"""Calls a function by its name in the topology; gives its result. Raises RuntimeError when the function failed."""

MAX_BODY_BYTES = 6 * 1024 * 1024
OPEN_ROUTES = frozenset({"/health"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
USER_HEADER = "x-cloud-user"


def make_app(invoke: Invoke, routes: Sequence[Route], socket_routes: Sequence[SocketRoute], token: str) -> Starlette:
    """The application for the declared routes. ``token`` is what every caller must show."""
    gateway = _Gateway(invoke, RouteTable(routes), {route.key: route.function for route in socket_routes}, token)
    return Starlette(
        routes=[
            HttpRoute(f"/{STAGE}/@connections/{{connection_id:path}}", gateway.connections, methods=METHODS),
            WebSocketRoute(f"/{STAGE}", gateway.socket),
            HttpRoute("/{path:path}", gateway.rest, methods=METHODS),
        ]
    )


class _Gateway:
    def __init__(self, invoke: Invoke, routes: RouteTable, socket_functions: dict[str, str], token: str) -> None:
        self._invoke = invoke
        self._routes = routes
        self._socket_functions = socket_functions
        self._token = token
        self._sockets = Sockets()

    def _identify(self, authorization: str, user: str) -> Identity | None:
        """The caller behind a bearer token, or None. Emulates the authoriser: there is one token, and it may say who it is."""
        given = authorization.removeprefix("Bearer ").strip()
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return None
        return Identity(user or "local")

    async def rest(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").split("?")[0]
        if not _is_ours(request.headers.get("host", ""), request.headers.get("origin")):
            return _problem(
                403, "AuthError", "auth", "The local gateway serves no web pages and answers on loopback only."
            )
        identity = self._identify(request.headers.get("authorization", ""), request.headers.get(USER_HEADER, ""))
        if identity is None and path not in OPEN_ROUTES:
            hint = "The context file that `cloud local start` writes holds it."
            return _problem(401, "AuthError", "auth", "The request shows no valid token.", hint)
        match = self._routes.match(request.method, path)
        if match is None:
            allowed = self._routes.methods(path)
            if allowed:
                return _problem(405, "NotFound", "not-found", f"{path} takes {', '.join(allowed)}.")
            return _problem(404, "NotFound", "not-found", f"There is no route {request.method} {path}.")
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            return _problem(413, "ConfigurationError", "configuration", f"A request may have {MAX_BODY_BYTES} bytes.")
        event = rest_event(
            method=request.method,
            path=unquote(path),
            resource=match.route.path,
            parameters=match.parameters,
            query=request.url.query,
            headers={key: value for key, value in request.headers.items() if key != "authorization"},
            body=body.decode(errors="replace"),
            identity=identity or Identity("anonymous"),
        )
        try:
            answer = await run_in_threadpool(self._invoke, match.route.function, event)
        except RuntimeError as error:
            return _problem(502, "InternalError", "internal", f"The function {match.route.function} failed: {error}")
        return Response(answer.get("body") or "", answer["statusCode"], _headers(answer))

    async def connections(self, request: Request) -> Response:
        """``@connections``: POST a frame, DELETE the connection, GET what is known of it. Only our own functions call it."""
        if not _is_ours(request.headers.get("host", ""), request.headers.get("origin")):
            return JSONResponse({"message": "Forbidden"}, 403)
        socket = self._sockets.get(unquote(request.path_params["connection_id"]))
        if socket is None:
            return JSONResponse({"message": "Gone"}, 410, {"x-amzn-ErrorType": "GoneException"})
        if request.method == "POST":
            if not socket.offer(await request.body()):
                return JSONResponse({"message": "slow client"}, 504, {"x-amzn-ErrorType": "EndpointRequestTimedOut"})
            return Response(status_code=200)
        if request.method == "DELETE":
            self._sockets.remove(socket.id)
            await socket.socket.close()
            return Response(status_code=204)
        return JSONResponse({"connectedAt": socket.connected_at, "identity": {"sourceIp": "127.0.0.1"}})

    async def socket(self, websocket: WebSocket) -> None:
        """One client: ``$connect`` before it is accepted, ``$default`` for each message, ``$disconnect`` at the end."""
        given = websocket.headers.get("authorization") or f"Bearer {websocket.query_params.get('token', '')}"
        identity = self._identify(given, websocket.headers.get(USER_HEADER, ""))
        if identity is None or not _is_ours(websocket.headers.get("host", ""), websocket.headers.get("origin")):
            await websocket.close(4401)
            return
        socket = self._sockets.add(websocket, identity)
        try:
            if not await self._call("$connect", socket):
                await websocket.close(4403)
                return
            await websocket.accept()
            pump = asyncio.create_task(socket.pump())
            try:
                await self._receive(socket)
            finally:
                pump.cancel()
                await asyncio.gather(pump, return_exceptions=True)
        finally:
            self._sockets.remove(socket.id)
            await self._call("$disconnect", socket)

    async def _receive(self, socket: Socket) -> None:
        try:
            while True:
                await self._call("$default", socket, await socket.socket.receive_text())
        except (WebSocketDisconnect, RuntimeError, KeyError):
            return  # closed by either side, or a binary frame: API Gateway closes on those too

    async def _call(self, key: str, socket: Socket, body: str | None = None) -> bool:
        event = socket_event(
            route_key=key,
            connection_id=socket.id,
            connected_at=socket.connected_at,
            identity=socket.identity,
            body=body,
        )
        try:
            answer = await run_in_threadpool(self._invoke, self._socket_functions[key], event)
        except RuntimeError:
            return False
        return bool(answer and answer.get("statusCode") == 200)


def _is_ours(host: str, origin: str | None) -> bool:
    """Not a web page: browsers send Origin, and a name that resolves here is not loopback's own (DNS rebinding)."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name in LOOPBACK_NAMES and origin is None


def _headers(answer: dict[str, Any]) -> dict[str, str]:
    headers = {key: values[0] for key, values in (answer.get("multiValueHeaders") or {}).items() if values}
    return {**headers, **(answer.get("headers") or {})}


def _problem(status: int, title: str, code: str, detail: str, hint: str = "") -> Response:
    body = {"type": f"urn:cloud:error:{code}", "title": title, "status": status, "detail": detail, "code": code}
    text = json.dumps({**body, "errors": [], "request_id": "", "hint": hint})
    return Response(text, status, media_type="application/problem+json")
