"""What a run tells: stored in order, kept while the store stumbles, and never the reason why a run fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import NetworkError, NotFound, Throttled
from cloud.domain.events import EventType, NewEvent
from cloud.service.optimistic import STUBBORN_ATTEMPTS
from cloud.service.record_stack import record_stack
from cloud.service.run_stack import run_stack
from cloud.service.told_events import KEPT_EVENTS, ToldEvents
from tests.unit.service.scene import Scene
from tests.unit.service.stages import begun, ticks


class Stumbling:
    """The event log, whose next appends fail with ``errors``, one each."""

    def __init__(self, scene: Scene, *errors: Exception) -> None:
        self._events = scene.stores.events
        self.errors = list(errors)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)

    def append(self, deployment_id: str, environment: str, operation_id: str, events: Sequence[NewEvent]) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return self._events.append(deployment_id, environment, operation_id, events)


def line(text: str) -> NewEvent:
    return NewEvent(EventType.LOG_CREATED, {"stack": "network", "level": "info", "message": text})


def teller(scene: Scene, *errors: Exception) -> tuple[ToldEvents, str]:
    operation_id = begun(scene)
    platform = replace(scene.platform, stores=replace(scene.stores, events=Stumbling(scene, *errors)))
    return ToldEvents(platform, scene.operation(operation_id), "network"), operation_id


def messages(scene: Scene, operation_id: str) -> list[str]:
    return [text for _, text in scene.told(operation_id, "level", "message")]


def test_what_could_not_be_stored_comes_with_the_next_in_order(scene: Scene) -> None:
    told, operation_id = teller(scene, Throttled("slow down"), NetworkError("lost"))
    for text in ("one", "two", "three"):
        told.emit([line(text)])
    assert messages(scene, operation_id) == ["one", "two", "three"]
    assert [each.message for each in scene.stores.events.recent_lines(scene.deployment_id).items] == [
        "three",
        "two",
        "one",
    ]


def test_what_waits_at_the_end_is_stored_stubbornly(scene: Scene) -> None:
    told, operation_id = teller(scene, *[Throttled("slow down")] * STUBBORN_ATTEMPTS)
    told.emit([line("last words")])
    told.flush()
    assert messages(scene, operation_id) == ["last words"]
    told.flush()  # nothing waits
    assert (told.dropped, len(messages(scene, operation_id))) == (0, 1)


def test_what_cannot_be_stored_at_all_is_given_up_and_counted(scene: Scene) -> None:
    told, operation_id = teller(scene, *[Throttled("slow down")] * 100)
    told.emit([line("lost")])
    told.flush()
    assert (told.dropped, messages(scene, operation_id)) == (1, [])


def test_of_very_much_that_waits_the_oldest_is_dropped(scene: Scene) -> None:
    told, operation_id = teller(scene, Throttled("slow down"))
    told.emit([line(str(number)) for number in range(KEPT_EVENTS + 3)])
    told.flush()
    assert told.dropped == 3
    kept = scene.stores.events.read(scene.deployment_id, operation_id, limit=100)
    assert next(event.data["message"] for event in kept if "message" in event.data) == "3"


def test_what_is_no_stumble_is_raised(scene: Scene) -> None:
    told, _ = teller(scene, NotFound("the table is gone"))
    with pytest.raises(NotFound):
        told.emit([line("x")])


def test_a_run_succeeds_whose_events_and_report_are_throttled(scene: Scene) -> None:
    operation_id = begun(scene)
    scene.runner.scripts = {"network": Script(log=("hello",))}
    stacks = scene.stores.stacks
    refusals = [Throttled("slow down"), NetworkError("lost")]

    class Throttling:
        def __getattr__(self, name: str) -> Any:
            return getattr(stacks, name)

        def put(self, record: Any) -> Any:
            if record.report is not None and refusals:
                raise refusals.pop()
            return stacks.put(record)

    events = Stumbling(scene, *[Throttled("slow down")] * 100)
    platform = replace(scene.platform, stores=replace(scene.stores, stacks=Throttling(), events=events))
    run_stack(
        platform, scene.deployment_id, operation_id, "network", remaining_seconds=lambda: 800.0, monotonic=ticks()
    )
    assert refusals == []
    report = scene.row("network").report
    assert report is not None
    assert report["result"]["warnings"] == ["5 events of this run could not be stored."]
    record_stack(scene.platform, scene.deployment_id, operation_id, "network", None)
    assert scene.row("network").status.value == "deployed"
