"""The WSGI middleware in front of moto: who may call, Lambda's Invoke API, and one request at a time where moto needs it."""

from __future__ import annotations

import functools
import importlib
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cloud_local.aws.faults import InvokeRefused
from cloud_local.aws.lambda_runtime import FunctionRegistry

_SIGNED_FOR = re.compile(r"/([a-z0-9-]+)/aws4_request")
"""The service in a signature's scope."""
_INVOKE = re.compile(r"^/2015-03-31/functions/(?P<reference>[^/]+)/invocations$")
_LOOPBACK_HOST = re.compile(r"^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9.-]+\.)?localhost)(?::\d+)?$", re.IGNORECASE)
_REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
}

Observer = Callable[[str, bytes, bytes], None]
"""Called with (operation, request body, response body) after a call succeeded."""


class Front:
    """The application that the server runs. ``moto`` is moto's own, ``functions`` answers Lambda's Invoke API.

    DynamoDB requests are taken one at a time: moto checks a condition and writes in two steps, so concurrent writers would
    lose updates. Step Functions requests too: an execution is visible before it can be asked anything. ``observers`` hear of
    the calls of both, and of EventBridge. ``prepare`` is called with a service's name before its requests: for those
    the one in their target, for others the one that they are signed for.
    """

    def __init__(self, moto: WSGIApplication, functions: FunctionRegistry, prepare: Callable[[str], None]) -> None:
        self._moto = moto
        self._prepare = prepare
        self._functions = functions
        self.dynamodb_lock = threading.RLock()
        self._locks = {
            "DynamoDB": self.dynamodb_lock,
            "DynamoDBStreams": self.dynamodb_lock,
            "AWSStepFunctions": threading.RLock(),
        }
        self.observers: dict[str, list[Observer]] = {}
        self._direct: dict[str, WSGIApplication] = {
            "DynamoDB": _backend("moto.dynamodb.responses", "DynamoHandler"),
            "AWSStepFunctions": _backend("moto.stepfunctions.responses", "StepFunctionResponse"),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(environ)
        if refusal is not None:
            return _answer(start_response, 403, {"__type": "AccessDeniedException", "message": refusal})
        if environ["REQUEST_METHOD"] == "POST":
            invoke = _INVOKE.match(environ.get("PATH_INFO", ""))
            if invoke is not None:
                return self._invoke(invoke["reference"], environ, start_response)
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        service = service.partition("_")[0]  # DynamoDB_20120810
        if service in self._locks or service in self.observers:
            return self._observed(service, operation, environ, start_response)
        signed = _SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is not None:
            self._prepare(signed[1])
        return self._moto(environ, start_response)

    def _observed(
        self, service: str, operation: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        self._prepare(service)
        observers = self.observers.get(service, ())
        request = b""
        if observers:
            request = environ["wsgi.input"].read()
            environ["wsgi.input"].seek(0)
        succeeded = False

        def note_status(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal succeeded
            succeeded = status.startswith("2")
            return start_response(status, headers, exc_info)

        lock = self._locks.get(service)
        application = self._direct.get(service, self._moto)
        if lock is None:
            response = list(application(environ, note_status))
        else:
            with lock:
                response = list(application(environ, note_status))
        if succeeded:
            for observer in observers:
                observer(operation, request, b"".join(response))
        return response

    def _invoke(self, reference: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        try:
            if kind == "DryRun":
                self._functions.find(reference)
                return _answer(start_response, 204, None)
            if kind == "Event":
                self._functions.invoke_async(reference, body)
                return _answer(start_response, 202, None)
            if kind != "RequestResponse":
                raise InvokeRefused(400, "InvalidParameterValueException", f"Unknown InvocationType {kind!r}.")
            outcome = self._functions.invoke(reference, body)
        except InvokeRefused as refused:
            headers = [("X-Amzn-ErrorType", refused.code)]
            side = "User" if refused.status < 500 else "Service"
            return _answer(start_response, refused.status, {"Type": side, "Message": refused.message}, headers)
        headers = [("X-Amz-Executed-Version", "$LATEST"), ("X-Amzn-RequestId", outcome.request_id)]
        if outcome.function_error:
            headers.append(("X-Amz-Function-Error", outcome.function_error))
        return _answer(start_response, 200, outcome.payload, headers)


def _backend(module: str, name: str) -> WSGIApplication:
    """moto's handler of one service without its Flask application, which finds that handler by the host's name, and adds
    headers for browsers: a fifth of a request."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        handler = getattr(importlib.import_module(module), name)
        request = _request_class()(environ)
        status, headers, body = handler.dispatch(request, request.raw_url, dict(request.headers))
        data = body.encode() if isinstance(body, str) else body
        given = [(key, str(value)) for key, value in headers.items() if key.lower() not in ("status", "content-length")]
        start_response(f"{status} {_REASONS.get(int(status), 'Error')}", given)
        return [data]

    return application


@functools.cache
def _request_class() -> Any:
    from moto.core.request import Request

    class ServedRequest(Request):  # type: ignore[misc]  # moto is not typed for us
        """As moto's own server marks its requests: the server adds the Date header, not moto."""

        from_wsgi_server = True

    return ServedRequest


def _refusal(environ: WSGIEnvironment) -> str | None:
    """Why this caller may not be served, or None.

    A web page can reach loopback: by a name of its own that resolves here (the Host header tells), or by a cross-origin
    request (browsers send Origin, or Sec-Fetch-Site for what needs no CORS). AWS SDKs send neither.
    """
    host = environ.get("HTTP_HOST", "")
    if not _LOOPBACK_HOST.match(host):
        return f"The emulated AWS answers on loopback names only, not on {host!r}."
    if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
        return "The emulated AWS doesn't serve web pages."
    return None


def _answer(
    start_response: StartResponse, status: int, payload: Any, headers: list[tuple[str, str]] | None = None
) -> list[bytes]:
    body = b"" if payload is None else payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    reason = _REASONS.get(status, "Error" if status >= 400 else "OK")
    given = headers or []
    if "X-Amzn-RequestId" not in dict(given):  # SDKs, and moto's own Lambda tasks, take it from every answer
        given = [*given, ("X-Amzn-RequestId", str(uuid.uuid4()))]
    start_response(f"{status} {reason}", [("Content-Type", "application/json"), *given])
    return [body]
