from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from cloud.adapters.pulumi.event_reader import MAX_MESSAGES, EventReader, resource_name
from cloud.adapters.pulumi.planned_values import UNKNOWN
from cloud.adapters.pulumi.redaction import Redactor
from cloud.domain.events import EventType, NewEvent
from cloud.ports.runner import PlannedOutputs, PlannedStep

URN = "urn:pulumi:D1BRV40-network-dev::ecommerce::aws:ec2/vpc:Vpc::main"
ROOT = "urn:pulumi:D1BRV40-network-dev::ecommerce::pulumi:pulumi:Stack::ecommerce-D1BRV40-network-dev"


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def reader(time: Time) -> EventReader:
    return EventReader("network", Redactor(["hunter22"]), clock=time)


def step(kind: str, op: str, urn: str = URN, **more: Any) -> EngineEvent:
    resource_type = urn.split("::")[2]
    metadata = {"op": op, "urn": urn, "type": resource_type, "logical": True, "new": {"custom": True}, **more}
    return EngineEvent.from_json({kind: {"metadata": metadata}})


def diagnostic(message: str, severity: str = "info", **more: Any) -> EngineEvent:
    return EngineEvent.from_json({"diagnosticEvent": {"message": message, "severity": severity, **more}})


def test_a_resource_is_told_when_it_starts_and_when_it_is_done(reader: EventReader, time: Time) -> None:
    started = reader.read(step("resourcePreEvent", "create"))
    time.now = 2.5
    done = reader.read(step("resOutputsEvent", "create"))

    data = {"stack": "network", "urn": URN, "type": "aws:ec2/vpc:Vpc", "name": "main", "op": "create"}
    assert started == [NewEvent(EventType.STACK_RESOURCE, {**data, "state": "started", "done": 0})]
    assert done == [NewEvent(EventType.STACK_RESOURCE, {**data, "state": "done", "done": 1, "seconds": 2.5})]
    assert reader.changes == {"create": 1}


def test_a_failed_resource_is_told_with_how_long_it_took(reader: EventReader, time: Time) -> None:
    reader.read(step("resourcePreEvent", "update"))
    time.now = 1.0
    [failed] = reader.read(step("resOpFailedEvent", "update"))

    assert (failed.data["state"], failed.data["seconds"], failed.data["done"]) == ("failed", 1.0, 0)
    assert reader.failed_urns == [URN]
    assert not reader.changes


def test_unchanged_resources_are_told_once(reader: EventReader) -> None:
    assert reader.read(step("resourcePreEvent", "same")) == []
    [done] = reader.read(step("resOutputsEvent", "same"))
    assert done.data["op"] == "same"


def test_a_component_that_registers_its_outputs_is_not_counted_twice(reader: EventReader) -> None:
    assert len(reader.read(step("resOutputsEvent", "same"))) == 1
    assert reader.read(step("resOutputsEvent", "same")) == []
    assert reader.changes == {"same": 1}


def test_a_replacement_counts_as_one_change(reader: EventReader) -> None:
    reader.read(step("resOutputsEvent", "create-replacement", logical=None))
    reader.read(step("resOutputsEvent", "replace"))
    reader.read(step("resOutputsEvent", "delete-replaced", logical=None))

    assert reader.changes == {"replace": 1}


def test_the_steps_of_a_refresh_count_although_no_program_asked_for_them(reader: EventReader) -> None:
    reader.read(step("resOutputsEvent", "update", logical=None))
    assert reader.changes == {"update": 1}


@pytest.mark.parametrize(
    "resource_type", ["pulumi:pulumi:Stack", "pulumi:providers:aws", "pulumi:pulumi:StackReference"]
)
def test_pulumis_own_bookkeeping_is_not_told(reader: EventReader, resource_type: str) -> None:
    urn = f"urn:pulumi:s::p::{resource_type}::x"
    assert reader.read(step("resourcePreEvent", "create", urn)) == []
    assert reader.read(step("resOutputsEvent", "create", urn)) == []
    assert not reader.changes


def test_what_the_run_is_expected_to_touch_never_falls_behind_what_is_done(reader: EventReader) -> None:
    reader.expected = 1
    assert reader.read(step("resOutputsEvent", "create", f"{URN}-1"))[0].data["expected"] == 1
    assert reader.read(step("resOutputsEvent", "create", f"{URN}-2"))[0].data["expected"] == 2


@pytest.mark.parametrize(
    ("severity", "level"), [("info", "info"), ("info#err", "info"), ("warning", "warning"), ("error", "error")]
)
def test_a_diagnostic_becomes_a_log_line(reader: EventReader, severity: str, level: str) -> None:
    [event] = reader.read(diagnostic("the password is hunter22\n", severity, urn=URN))

    assert event == NewEvent(
        EventType.LOG_CREATED, {"stack": "network", "level": level, "message": "the password is [secret]", "urn": URN}
    )


def test_debugging_progress_and_empty_lines_are_not_told(reader: EventReader) -> None:
    assert reader.read(diagnostic("x", "debug")) == []
    assert reader.read(diagnostic("x", "info", ephemeral=True)) == []
    assert reader.read(diagnostic(" \n", "info")) == []


def test_after_an_interrupt_a_programs_outcry_is_no_news_but_errors_are(reader: EventReader) -> None:
    reader.interrupted()
    assert reader.read(diagnostic("KeyboardInterrupt", "info#err")) == []
    assert len(reader.read(diagnostic("update canceled", "error"))) == 1


def test_a_program_that_prints_without_end_does_not_fill_the_log_and_its_errors_still_show(reader: EventReader) -> None:
    told = [event for number in range(MAX_MESSAGES + 234) for event in reader.read(diagnostic(f"line {number}"))]
    error = reader.read(diagnostic("it broke", "error"))

    assert len(told) == MAX_MESSAGES
    assert error[0].data["message"] == "it broke"
    assert reader.last_words()[0].data["message"] == "234 more messages of this run were left out."


def test_a_program_that_is_not_talkative_needs_no_last_words(reader: EventReader) -> None:
    reader.read(diagnostic("hello"))
    assert reader.last_words() == []


def test_the_planned_outputs_are_what_the_program_registered_last(reader: EventReader) -> None:
    reader.read(step("resOutputsEvent", "create", ROOT, new={"outputs": {}}))
    reader.read(step("resOutputsEvent", "create", ROOT, new={"outputs": {"a": 1, "b": UNKNOWN}}))

    assert reader.planned == PlannedOutputs({"a": 1}, unknown=("b",))
    assert reader.has_finished_program


def test_the_steps_are_what_would_change_each_once_with_what_forces_a_replacement(reader: EventReader) -> None:
    reader.read(step("resOutputsEvent", "same", f"{URN}-1"))
    reader.read(step("resOutputsEvent", "create-replacement", logical=None, keys=["cidr"]))
    reader.read(step("resOutputsEvent", "replace", keys=["zone", "cidr"]))
    reader.read(step("resOutputsEvent", "delete-replaced", logical=None))
    reader.read(step("resOutputsEvent", "create", ROOT, new={"outputs": {}}))

    assert reader.steps == [PlannedStep(URN, "replace", ("cidr", "zone"), "aws:ec2/vpc:Vpc", "main")]


def test_the_stacks_that_the_program_reads_are_known_by_their_full_names(reader: EventReader) -> None:
    urn = "urn:pulumi:s::p::pulumi:pulumi:StackReference::network"
    reader.read(step("resourcePreEvent", "read", urn, new={"inputs": {"name": "organization/p/D1BRV40-network-dev"}}))
    reader.read(step("resourcePreEvent", "discard", urn, new=None, old={"inputs": {"name": "organization/p/gone"}}))
    reader.read(step("resourcePreEvent", "read", urn, new={"inputs": {"name": UNKNOWN}}))
    reader.read(step("resourcePreEvent", "read", urn, new={}))

    assert reader.references == {"organization/p/D1BRV40-network-dev", UNKNOWN}


def test_a_program_is_unfinished_until_it_registered_the_stacks_outputs(reader: EventReader) -> None:
    reader.read(EngineEvent.from_json({"preludeEvent": {"config": {}}}))
    reader.read(step("resourcePreEvent", "create", ROOT))

    assert reader.has_started
    assert not reader.has_finished_program


def test_a_destroy_spends_nothing_in_a_program(time: Time) -> None:
    reader = EventReader("network", Redactor(), runs_program=False, clock=time)
    reader.read(EngineEvent.from_json({"preludeEvent": {"config": {}}}))
    time.now = 5
    reader.read(EngineEvent.from_json({"summaryEvent": {"resourceChanges": {}}}))

    assert reader.program.seconds == 0


@pytest.mark.parametrize("name", ["main", "a::b", "näme with / everything :: in it", ""])
def test_the_name_in_a_urn_may_hold_anything(name: str) -> None:
    assert resource_name(f"urn:pulumi:s::p::my:Parent$my:Child::{name}") == name
