"""Signals that come at the worst moment: inside a write, whose stream refuses a second one of the same thread."""

from __future__ import annotations

import signal
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from cloud_local.pulumi.cancellation import Cancellation, Terminated
from cloud_local.pulumi.events import Event, EventStream, SecretFilter


class Stream:
    """A listener as touchy as io.BufferedWriter, which is interrupted while it writes `interrupted`."""

    def __init__(self, number: int, times: int) -> None:
        self.lines: list[str] = []
        self._number, self._times = number, times
        self._busy: set[int] = set()

    def __call__(self, event: Event, internal: bool) -> None:
        if threading.get_ident() in self._busy:
            raise RuntimeError("reentrant call")
        self._busy.add(threading.get_ident())
        try:
            message = event["stdoutEvent"]["message"]
            for _ in range(self._times if message == "interrupted" else 0):
                signal.raise_signal(self._number)
            self.lines.append(message)
        finally:
            self._busy.discard(threading.get_ident())


def _events(stream: Stream) -> EventStream:
    events = EventStream(SecretFilter(), planning=False)
    events.listen(stream)
    return events


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_write_cancels(number: int) -> None:
    stream, canceled = Stream(number, 1), threading.Event()
    events = _events(stream)
    deployment: Any = SimpleNamespace(cancel=canceled.set)
    with Cancellation(deployment, events, preview=False):
        events.stdout("interrupted")
        assert canceled.wait(30)
    assert stream.lines[0] == "interrupted"
    assert " received; cancelling. If you would like to terminate immediately, " in stream.lines[1]


def test_two_signals_in_the_middle_of_a_write_terminate() -> None:
    events = _events(Stream(signal.SIGINT, 2))
    deployment: Any = SimpleNamespace(cancel=lambda: None)
    with Cancellation(deployment, events, preview=True), pytest.raises(Terminated, match=r"^\^C$"):
        events.stdout("interrupted")


def test_afterwards_signals_are_no_longer_its_business() -> None:
    before = signal.getsignal(signal.SIGINT)
    deployment: Any = SimpleNamespace(cancel=lambda: None)
    with Cancellation(deployment, _events(Stream(signal.SIGINT, 0)), preview=True):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
