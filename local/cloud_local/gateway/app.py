"""The gateway's ASGI application: REST and WebSocket routes as the topology declares them, and ``@connections``.

It builds Lambda events from what comes in, and has no rule of its own but who may call.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from cloud_local.gateway.access import Access
from cloud_local.gateway.invocation import Caller, Invoke
from cloud_local.gateway.lambda_events import STAGE
from cloud_local.gateway.management import MAX_FRAME_BYTES, ManagementDoor
from cloud_local.gateway.problems import problem
from cloud_local.gateway.requests import read_body
from cloud_local.gateway.rest import RestDoor
from cloud_local.gateway.routes import RouteTable, decoded
from cloud_local.gateway.sockets import Sockets
from cloud_local.gateway.websocket import WebSocketDoor
from infra.topology import Route, SocketRoute

_CONNECTIONS = f"/{STAGE}/@connections/"


def make_app(invoke: Invoke, routes: Sequence[Route], socket_routes: Sequence[SocketRoute], access: Access) -> ASGIApp:
    """The application for the declared routes."""
    sockets = Sockets()
    caller = Caller(invoke)
    functions = {route.key: route.function for route in socket_routes}
    rest = RestDoor(caller, RouteTable(routes), access)
    management = ManagementDoor(access, sockets)
    websocket = WebSocketDoor(caller, functions, access, sockets)

    async def respond(request: Request) -> Response:
        path = decoded(request.scope["raw_path"]) or ""
        if path.startswith(_CONNECTIONS):
            body = await read_body(request, MAX_FRAME_BYTES)
            return await management.serve(request, path.removeprefix(_CONNECTIONS), body)
        return await rest.serve(request)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            client = WebSocket(scope, receive, send)
            if scope["path"] == f"/{STAGE}":
                await websocket.serve(client)
            else:
                await client.send_denial_response(
                    problem(404, "NotFound", "not-found", f"WebSocket clients connect to /{STAGE}.")
                )
            return
        try:
            response = await respond(Request(scope, receive))
        except ClientDisconnect:
            return  # there is nobody to answer
        await response(scope, receive, send)

    return app
