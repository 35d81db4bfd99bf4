"""The loopback HTTP server under the emulated AWS: werkzeug's threads with connections that stay open.

werkzeug closes every connection after one response (its handler cannot know whether the request's body was read). Here the
body is read whole before the application runs, so connections can be kept: a call by boto3 then costs no TCP handshake and
no new thread. Responses are written at once, with Nagle's algorithm off: a header and a body in two segments would wait
40 ms for the client's delayed acknowledgement.
"""

from __future__ import annotations

import io
import json
import logging
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPMessage
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

_logger = logging.getLogger(__name__)
_LOOPBACK = "127.0.0.1"
_MAX_HEADERS = 100
_MAX_LINE = 65536
_INTERNAL_ERROR = b'{"__type": "InternalFailure", "message": "The emulated AWS failed; its log has the traceback."}'


class KeepAliveRequestHandler(MotoRequestHandler):  # type: ignore[misc]  # moto and werkzeug are not typed for us
    """moto's handler (it keeps header names with underscores for S3 metadata) on connections that stay open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: status line, headers and body leave in one segment

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with suppress(ConnectionError, ValueError):  # the client left first
            super().finish()

    def parse_request(self) -> bool:
        """The ordinary request of an SDK, read without the parser of e-mail that the standard library reads headers with.

        That parser takes a tenth of a request. What isn't ordinary is left to it: nothing has been read by then.
        """
        words = str(self.raw_requestline, "iso-8859-1").rstrip("\r\n").split(" ")
        if len(words) != 3 or words[2] != "HTTP/1.1" or words[1].startswith("//"):
            return bool(super().parse_request())
        self.requestline = " ".join(words)
        self.command, self.path, self.request_version = words
        self.close_connection = False
        headers = HTTPMessage()
        for _ in range(_MAX_HEADERS):
            line = self.rfile.readline(_MAX_LINE + 1)
            if line in (b"\r\n", b"\n"):
                break
            name, colon, value = line.decode("iso-8859-1").partition(":")
            if len(line) > _MAX_LINE or not line.endswith(b"\n") or not colon or name != name.strip():
                self.close_connection = True
                self.send_error(HTTPStatus.BAD_REQUEST, "A header line is malformed or too long")
                return False
            headers[name] = value.strip()
        else:
            self.close_connection = True
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many headers")
            return False
        self.headers = headers
        if headers.get("Connection", "").lower() == "close":
            self.close_connection = True
        if headers.get("Expect", "").lower() == "100-continue":
            return self.handle_expect_100()
        return True

    def make_environ(self) -> dict[str, Any]:
        """As werkzeug and moto make it; made here for calls of the JSON protocols, which all go to the path ``/``."""
        items = self.headers.items()
        if self.path != "/" or any("_" in name for name, _ in items) or "Transfer-Encoding" in self.headers:
            made: dict[str, Any] = super().make_environ()
            return made
        return environ_of(self.command, "/", items, b"", client=self.client_address, server=self.server.server_address)

    def handle_expect_100(self) -> bool:
        """Ask for the body at once; botocore waits for it before it sends an S3 object."""
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._read_body(environ))
        environ["wsgi.input_terminated"] = True
        status, headers, body = respond(self.server.app, environ)
        self._write(status, headers, body)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        """The whole body, chunked or not; what was chunked gets its length, as the application expects one of the two."""
        body: bytes
        if environ.get("HTTP_TRANSFER_ENCODING"):
            body = environ["wsgi.input"].read()
            del environ["HTTP_TRANSFER_ENCODING"]
            environ["CONTENT_LENGTH"] = str(len(body))
            return body
        body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        return body

    def _write(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        without_body = self.command == "HEAD" or code in ("204", "304")
        if "content-length" not in names and code not in ("204", "304"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not without_body:
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", *_: int | str) -> None:
        """One debug line per request; the AWS calls of a deployment are thousands."""
        _logger.debug("%s %s %s", self.command, self.path, code)


class LoopbackServer(ThreadedWSGIServer):  # type: ignore[misc]
    """A server on 127.0.0.1, one thread per connection; ``port`` 0 takes a free one.

    Raises OSError when the port is taken.
    """

    daemon_threads = True

    def __init__(self, app: WSGIApplication, port: int = 0) -> None:
        self.connections: set[socket.socket] = set()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            # Bound here, not by werkzeug: it prints and exits the process when a port is taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((_LOOPBACK, port))
            listener.listen(128)
            super().__init__(_LOOPBACK, port, app, KeepAliveRequestHandler, fd=listener.fileno())
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self._serve, name="emulated-aws", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, close what is open, and return when the accepting thread has ended."""
        self.shutdown()
        self._thread.join()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        self.serve_forever(poll_interval=0.05)


def environ_of(
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    client: tuple[str, int],
    server: tuple[str, int],
) -> dict[str, Any]:
    """A WSGI environment without a query, as werkzeug would make it."""
    environ: dict[str, Any] = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "SERVER_SOFTWARE": "cloud-local",
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": "",
        "REQUEST_URI": path,
        "RAW_URI": path,
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": client[1],
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
            if key in environ:
                value = f"{environ[key]},{value}"
        environ[key] = value
    return environ


def respond(app: WSGIApplication, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Run the application and gather its response; what it can't do, or fails at, is an error of the API too."""
    try:
        return _gathered(app, environ)
    except NotImplementedError as error:
        # 501, so that the SDK doesn't try it again.
        _logger.warning("Not emulated: %s", error)
        message = json.dumps({"__type": "NotImplemented", "message": f"The emulated AWS doesn't know this: {error}"})
        return "501 Not Implemented", [("Content-Type", "application/json")], message.encode()
    except Exception:
        _logger.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
        return "500 Internal Server Error", [("Content-Type", "application/json")], _INTERNAL_ERROR


def _gathered(app: WSGIApplication, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        begun[:] = [(status, headers)]
        return written.append

    start: StartResponse = start_response
    chunks: Iterable[bytes] = app(environ, start)
    try:
        written.extend(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = begun[0]
    return status, headers, b"".join(written)
