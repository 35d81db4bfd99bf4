"""Where engine events go for machines."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import events_pb2_grpc

from cloud_local.pulumi.event_log import open_event_log


class Listener(events_pb2_grpc.EventsServicer):  # type: ignore[misc]  # generated code has no types
    """Takes the first event, and the others once ``may_go_on`` is set."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.may_go_on = threading.Event()
        self.heard_one = threading.Event()

    def StreamEvents(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802 (the service's names)
        for request in request_iterator:
            self.heard.append(json.loads(request.event))
            self.heard_one.set()
            self.may_go_on.wait()
        return empty_pb2.Empty()


@pytest.fixture
def listener() -> Iterator[tuple[Listener, str]]:
    servicer = Listener()
    server = grpc.server(ThreadPoolExecutor(2))
    events_pb2_grpc.add_EventsServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, f"tcp://127.0.0.1:{port}"
    servicer.may_go_on.set()
    server.stop(0).wait()


def test_a_slow_listener_hears_everything_before_the_log_is_closed(listener: tuple[Listener, str]) -> None:
    servicer, address = listener
    log = open_event_log(address)
    for sequence in range(500):
        log({"sequence": sequence}, internal=False)
    closing = threading.Thread(target=log.close)
    closing.start()
    servicer.heard_one.wait()
    assert closing.is_alive(), "the listener has heard one event"
    servicer.may_go_on.set()
    closing.join()
    assert [event["sequence"] for event in servicer.heard] == list(range(500))


def test_a_listener_that_is_gone_does_not_keep_the_operation(listener: tuple[Listener, str]) -> None:
    log = open_event_log("tcp://127.0.0.1:1")
    log({"sequence": 0}, internal=False)
    log.close()


def test_a_file_gets_a_document_on_each_line(tmp_path: Path) -> None:
    log = open_event_log(str(tmp_path / "events"))
    log({"sequence": 0}, internal=False)
    log({"sequence": 1}, internal=False)
    log.close()
    assert [json.loads(line)["sequence"] for line in (tmp_path / "events").read_text().splitlines()] == [0, 1]
