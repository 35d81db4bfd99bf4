"""Events fit into an item and a transaction, and say what was cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.adapters.trimming import (
    MAX_BATCH,
    MAX_LINE_BYTES,
    batches_of,
    fitting_event,
    fitting_message,
    size_of,
)
from cloud.domain.events import MAX_DATA_BYTES, Event, EventType, NewEvent
from cloud.service.frames import MAX_FRAME_BYTES, encode


def an_event(**data: Any) -> NewEvent:
    return NewEvent(EventType.STACK_RESOURCE, data)


def test_an_event_that_fits_is_kept_as_it_is() -> None:
    event = an_event(stack="network", text="x" * 1000)
    assert fitting_event(event) == event


def test_the_largest_fields_give_way_until_the_rest_fits() -> None:
    event = fitting_event(an_event(stack="network", big="x" * 400_000, small="y" * 10_000, nested={"a": 1}))
    assert event.data["small"] == "y" * 10_000
    assert event.data["nested"] == {"a": 1}
    assert event.data["trimmed"] == {"big": 400_002}


def test_texts_inside_of_a_large_field_keep_their_beginning() -> None:
    error = {"code": "engine", "message": "x" * 40_000, "retryable": False, "problems": ["y" * 5_000]}
    event = fitting_event(an_event(stack="network", error=error))
    assert event.data["error"] == {"code": "engine", "message": "x" * 1000 + "…", "retryable": False, "problems": None}


def test_an_event_of_very_many_fields_keeps_what_nobody_can_do_without_and_its_size() -> None:
    fields = {f"field{n}": "x" * 20 for n in range(20_000)}
    event = an_event(**fields, stack="network", terminal=True, status="z" * 40_000)
    kept = {"stack": "network", "terminal": True, "trimmed": {"*": size_of(event.data)}}
    assert fitting_event(event).data == kept


def test_numbers_that_json_has_no_word_for_become_texts() -> None:
    event = fitting_event(an_event(seconds=float("nan"), most=[float("inf"), float("-inf"), 1.5]))
    assert event.data == {"seconds": "NaN", "most": ["Infinity", "-Infinity", 1.5]}


@pytest.mark.parametrize("character", ["x", "ä", "€", "\U0001f600", "\ud800", '"', "\x00"])
def test_the_largest_event_that_is_stored_fits_into_a_frame_whole(character: str) -> None:
    for length in range(1, 40_000, 997):
        data = fitting_event(an_event(stack="s" * 40, text=character * length)).data
        event = Event(
            EventType.DEPLOYMENT_STATUS, "D" * 7, "e" * 16, "0" * 26, 10**10 - 1, "2025-01-01T00:00:00.000Z", data
        )
        assert len(encode(event.to_dict())) <= MAX_FRAME_BYTES


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text(max_size=5), st.integers(0, 40_000), max_size=6))
def test_whatever_is_stored_fits(sizes: dict[str, int]) -> None:
    fitted = fitting_event(NewEvent(EventType.LOG_CREATED, {name: "ä" * size for name, size in sizes.items()}))
    assert size_of(fitted.data) <= MAX_DATA_BYTES


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 30_000), max_size=130))
def test_batches_keep_every_event_in_order_within_the_bounds_of_a_transaction(sizes: list[int]) -> None:
    events = [an_event(n=n, text="x" * size) for n, size in enumerate(sizes)]
    batches = list(batches_of(events))
    assert [event.data["n"] for batch in batches for event in batch] == list(range(len(sizes)))
    assert all(0 < len(batch) <= MAX_BATCH for batch in batches)
    assert all(sum(size_of(event.data) for event in batch) <= 4_000_000 for batch in batches)


@given(st.text(max_size=100))
def test_a_message_is_valid_text(message: str) -> None:
    assert fitting_message(message + "\ud800").encode().decode() == fitting_message(message + "\ud800")


def test_a_long_message_names_its_length() -> None:
    assert fitting_message("x" * MAX_LINE_BYTES) == "x" * MAX_LINE_BYTES
    assert fitting_message("x" * (MAX_LINE_BYTES + 1)).endswith("… (trimmed, 300001 bytes)")
