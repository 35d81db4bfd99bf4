"""A door in front of the emulated AWS that holds one call: before it is made, or when it is made and its answer is due."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

Matches = Callable[[str, str, bytes], bool]
"""Whether a call is the one to hold: its method, path and body."""


class HoldingProxy:
    """Passes everything on to ``target``. ``held`` is set when the call that ``hold`` names has come so far.

    The held call waits for the end of the proxy, or of the caller: its answer is never given.
    """

    def __init__(self, target: str) -> None:
        self.held = threading.Event()
        self._over = threading.Event()
        self._hold: tuple[Matches, bool] | None = None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, urlsplit(target).netloc))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def hold(self, matches: Matches, *, made: bool) -> None:
        """Hold the next call that matches: with ``made`` after AWS has done it, else before it hears of it."""
        self.held.clear()
        with self._lock:
            self._hold = (matches, made)

    def holds(self, method: str, path: str, body: bytes, *, made: bool) -> bool:
        """For the handler: hold this call here and now. True when it was held."""
        with self._lock:
            if self._hold is None or self._hold[1] is not made or not self._hold[0](method, path, body):
                return False
            self._hold = None
        self.held.set()
        self._over.wait()
        return True

    def __enter__(self) -> HoldingProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(proxy: HoldingProxy, target: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if proxy.holds(self.command, self.path, body, made=False):
                self.close_connection = True
                return
            upstream = http.client.HTTPConnection(target, timeout=30)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
                upstream.request(self.command, self.path, body, headers)
                answer = upstream.getresponse()
                content = answer.read()
            finally:
                upstream.close()
            if proxy.holds(self.command, self.path, body, made=True):
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    return Handler
