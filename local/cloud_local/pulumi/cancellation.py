"""SIGINT and SIGTERM during an operation: the first cancels gracefully, the second ends the engine at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .deployment import Deployment
    from .events import EventStream


class Terminated(BaseException):
    """The user wants out at once. Raised in the main thread, out of whatever it waits for."""


class Cancellation:
    """While entered, signals go to the deployment; the second one raises Terminated. Only for the main thread."""

    def __init__(self, deployment: Deployment, events: EventStream, *, preview: bool) -> None:
        self._deployment = deployment
        self._events = events
        self._preview = preview
        self._previous: dict[int, Any] = {}
        self._received = 0

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        # Counted before anything else: the next signal may interrupt this very handler.
        self._received += 1
        name, verb = ("^C", "press ^C") if number == signal.SIGINT else ("SIGTERM", "send SIGTERM")
        if self._received > 1:
            self._events.stdout(f"{name} received; terminating\n")
            self._deployment.terminate()
            raise Terminated
        message = f"{name} received; cancelling. If you would like to terminate immediately, {verb} again.\n"
        if not self._preview:
            message += "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n"
        self._events.stdout(message)
        self._deployment.cancel()
