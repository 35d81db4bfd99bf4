"""Calls that this process makes to its own emulated AWS, without a socket.

The functions run in the process that emulates AWS. What boto3 has made of their calls (a signed HTTP request) goes to the same
application that serves the socket, and its response back to boto3; between the two nothing is left out but the socket, its
threads and the parsing of HTTP, which would take a third of a call. Everybody outside of this process comes by HTTP, and so
does, from within, what isn't a call of the JSON protocols or of Lambda's Invoke API: S3's bodies are streams.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from botocore import handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from cloud_local.aws.http_server import environ_of, respond

_applications: dict[str, WSGIApplication] = {}
"""By ``host:port`` of the endpoint."""


def serve(port: int, application: WSGIApplication) -> None:
    """Answer this process's calls to 127.0.0.1:``port`` here. Clients that were made before go on by HTTP."""
    _applications[f"127.0.0.1:{port}"] = application
    if _ENTRY not in handlers.BUILTIN_HANDLERS:
        handlers.BUILTIN_HANDLERS.append(_ENTRY)


def forget(port: int) -> None:
    """Stop answering; forgetting twice is harmless."""
    _applications.pop(f"127.0.0.1:{port}", None)


class _Body(io.BytesIO):
    """A response's body as botocore reads it of urllib3."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


def _answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    """For botocore's event ``before-send``: a response, or None for what is to be sent by HTTP."""
    url = urlsplit(request.url)
    application = _applications.get(url.netloc)
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    is_call = "X-Amz-Target" in request.headers or url.path.startswith("/2015-03-31/functions/")
    if application is None or not is_call or request.method != "POST" or url.query:
        return None
    pairs = [("Host", url.netloc), ("Content-Length", str(len(body)))]
    pairs += [
        (name, value.decode() if isinstance(value, bytes) else str(value))
        for name, value in request.headers.items()
        if name.lower() not in ("host", "content-length")
    ]
    host, _, port = url.netloc.partition(":")
    environ = environ_of(request.method, url.path, pairs, body, client=(host, 0), server=(host, int(port)))
    status, headers, content = respond(application, environ)
    return AWSResponse(request.url, int(status.partition(" ")[0]), dict(headers), _Body(content))


_ENTRY = ("before-send", _answer)
