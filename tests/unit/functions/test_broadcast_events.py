"""The stream's door: what is no event, was removed, or can't be read holds back nothing."""

from __future__ import annotations

from typing import Any

import pytest

from functions.broadcast_events.handler import _stored_event


def record(**image: dict[str, str]) -> dict[str, Any]:
    event = {
        "SK": {"S": "EVENT#01A#0000000001"},
        "type": {"S": "stack.status"},
        "deployment_id": {"S": "D123456"},
        "environment": {"S": "dev"},
        "operation_id": {"S": "01A"},
        "sequence": {"N": "1"},
        "timestamp": {"S": "2025-01-01T00:00:00.000Z"},
        "data": {"S": "{}"},
    }
    return {"eventName": "INSERT", "dynamodb": {"NewImage": {**event, **image}}}


def test_an_event_is_read_out_of_its_record() -> None:
    found = _stored_event(record())
    assert found is not None
    assert str(found.cursor) == "01A:1"


@pytest.mark.parametrize(
    "broken",
    [
        record(type={"S": "stack.dreamt"}),
        record(sequence={"S": "1"}),
        record(sequence={"N": "one"}),
        record(data={"S": "{"}),
        {"eventName": "INSERT", "dynamodb": {}},
    ],
    ids=["a later version's type", "no number", "not a number", "no JSON", "no image"],
)
def test_a_record_that_cannot_be_read_is_left_out(broken: dict[str, Any]) -> None:
    assert _stored_event(broken) is None


def test_a_row_that_is_no_event_is_left_out() -> None:
    assert _stored_event(record(SK={"S": "COUNTER#01A"})) is None
