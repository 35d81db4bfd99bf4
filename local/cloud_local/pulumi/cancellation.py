"""SIGINT and SIGTERM during an operation: the first cancels gracefully, the second ends the engine at once.

A signal may come while this very thread is inside a write or holds a lock, and neither can be entered twice. So the handler
does neither: a thread of its own tells and cancels, and Terminated is dealt with where it has unwound to.
"""

from __future__ import annotations

import queue
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .deployment import Deployment
    from .events import EventStream


class Terminated(BaseException):
    """The user wants out at once. Raised in the main thread, out of whatever it waits for; its text names the signal."""


class Cancellation:
    """While entered, signals go to the deployment; the second one raises Terminated. Only for the main thread."""

    def __init__(self, deployment: Deployment, events: EventStream, *, preview: bool) -> None:
        self._deployment = deployment
        self._events = events
        self._preview = preview
        self._previous: dict[int, Any] = {}
        self._received = 0
        # Its put() may be called again inside of itself, unlike that of queue.Queue.
        self._first: queue.SimpleQueue[int] = queue.SimpleQueue()

    def __enter__(self) -> None:
        threading.Thread(target=self._cancel, daemon=True).start()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._first.put(0)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        # Counted before anything else: the next signal may interrupt this very handler.
        self._received += 1
        if self._received > 1:
            raise Terminated(_name(number))
        self._first.put(number)

    def _cancel(self) -> None:
        number = self._first.get()
        if not number:
            return
        verb = "press ^C" if number == signal.SIGINT else "send SIGTERM"
        message = f"{_name(number)} received; cancelling. If you would like to terminate immediately, {verb} again.\n"
        if not self._preview:
            message += "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n"
        self._events.stdout(message)
        self._deployment.cancel()


def _name(number: int) -> str:
    return "^C" if number == signal.SIGINT else "SIGTERM"
