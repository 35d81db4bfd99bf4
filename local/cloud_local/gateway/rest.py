"""The REST API: a request becomes an event for the function of its route, the function's answer the response."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cloud_local.gateway.access import USER_HEADER, Access, is_ours
from cloud_local.gateway.invocation import Caller, FunctionFailed, http_response
from cloud_local.gateway.lambda_events import Identity, query_pairs, rest_event
from cloud_local.gateway.problems import forbidden, problem, unauthorized
from cloud_local.gateway.requests import read_body
from cloud_local.gateway.routes import Match, RouteTable, decoded

MAX_BODY_BYTES = 6 * 1024 * 1024
"""Of a request: what Lambda takes as an event."""
OPEN_ROUTES = frozenset({"/health"})


class RestDoor:
    """Serves the declared routes to whoever shows the token."""

    def __init__(self, caller: Caller, routes: RouteTable, access: Access) -> None:
        self._caller = caller
        self._routes = routes
        self._access = access

    async def serve(self, request: Request) -> Response:
        if not is_ours(request.headers):
            return forbidden()
        path = decoded(request.scope["raw_path"])
        identity = self._access.identify(request.headers.get("authorization", ""), request.headers.get(USER_HEADER, ""))
        if identity is None and path not in OPEN_ROUTES:
            return unauthorized()
        if path is None:
            return problem(
                400, "ConfigurationError", "configuration", "The path is not UTF-8, or has control characters."
            )
        match = self._routes.match(request.method, path)
        if match is None:
            return self._no_route(request.method, path)
        body = await read_body(request, MAX_BODY_BYTES)
        if body is None:
            return problem(
                413, "ConfigurationError", "configuration", f"A request may have {MAX_BODY_BYTES} bytes at most."
            )
        return await self._call(request, path, match, body, identity or Identity("anonymous"))

    def _no_route(self, method: str, path: str) -> Response:
        allowed = ", ".join(self._routes.methods(path))
        if not allowed:
            return problem(404, "NotFound", "not-found", f"There is no route {method} {path}.")
        detail = f"There is no {method} for {path}; it takes {allowed}."
        return problem(405, "NotFound", "not-found", detail, headers={"Allow": allowed})

    async def _call(self, request: Request, path: str, match: Match, body: bytes, identity: Identity) -> Response:
        function = match.route.function
        event = rest_event(
            method=request.method,
            path=path,
            resource=match.route.path,
            parameters=match.parameters,
            query=self._access.without_secrets(query_pairs(request.scope["query_string"])),
            headers=self._access.without_secrets(request.headers.items()),
            body=body,
            identity=identity,
        )
        try:
            return http_response(await self._caller.call(function, event))
        except FunctionFailed as failed:
            code = "configuration" if failed.status == 413 else "internal"
            title = "ConfigurationError" if failed.status == 413 else "InternalError"
            hint = "" if failed.status == 413 else "The log of local mode holds the whole story."
            return problem(failed.status, title, code, f"The function {function} failed: {failed}", hint)
