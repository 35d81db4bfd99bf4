"""The one envelope of events, and the cursor."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError
from cloud.domain.events import Cursor, Event, EventType, NewEvent

EVENT = Event(EventType.STACK_DEPLOYED, "D1BRV40", "dev", "01OP", 7, "2025-01-01T00:00:00.000Z", {"stack": "network"})


def test_the_envelope_is_what_the_contract_says() -> None:
    assert EVENT.to_dict() == {
        "type": "stack.deployed",
        "deployment_id": "D1BRV40",
        "environment": "dev",
        "operation_id": "01OP",
        "sequence": 7,
        "timestamp": "2025-01-01T00:00:00.000Z",
        "data": {"stack": "network"},
    }
    assert Event.from_dict(json.loads(json.dumps(EVENT.to_dict()))) == EVENT
    assert Event.from_dict({**EVENT.to_dict(), "data": None}).data == {}
    assert NewEvent(EventType.LOG_CREATED).data == {}


def test_the_types_are_those_of_the_contract() -> None:
    assert {kind.value for kind in EventType} == {
        "deployment.status",
        "stack.status",
        "stack.resource",
        "stack.deployed",
        "stack.failed",
        "stack.skipped",
        "log.created",
        "approval.requested",
        "drift.detected",
        "metric.recorded",
    }


def test_an_event_knows_its_cursor() -> None:
    assert str(EVENT.cursor) == "01OP:7"
    assert Cursor.parse("01OP:7") == EVENT.cursor
    assert Cursor("01OP", 7) < Cursor("01OP", 8) < Cursor("01OQ", 1)


@given(st.text(st.characters(blacklist_characters=":", blacklist_categories=["Cs"]), min_size=1), st.integers(0))
def test_a_cursor_is_read_back(operation_id: str, sequence: int) -> None:
    assert Cursor.parse(f"{operation_id}:{sequence}") == Cursor(operation_id, sequence)


@pytest.mark.parametrize("text", ["", ":", "a", "a:", ":1", "a:-1", "a:1.0", "a:x", "a:1:2", "a:\u0661", "a: 1"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a cursor"):
        Cursor.parse(text)
