"""Events fit into an item and a transaction, and say what was cut."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.adapters.trimming import (
    MAX_BATCH,
    MAX_BATCH_BYTES,
    MAX_DATA_BYTES,
    batches_of,
    fitting_event,
    fitting_message,
    size_of,
)
from cloud.domain.events import EventType, NewEvent


def an_event(**data: Any) -> NewEvent:
    return NewEvent(EventType.STACK_RESOURCE, data)


def test_an_event_that_fits_is_kept_as_it_is() -> None:
    event = an_event(stack="network", text="x" * 1000)
    assert fitting_event(event) == event


def test_the_largest_fields_give_way_until_the_rest_fits() -> None:
    event = fitting_event(an_event(stack="network", big="x" * 400_000, small="y" * 100_000, nested={"a": 1}))
    assert event.data["small"] == "y" * 100_000
    assert event.data["nested"] == {"a": 1}
    assert event.data["trimmed"] == {"big": 400_002}


def test_an_event_of_very_many_fields_keeps_only_its_size() -> None:
    event = an_event(**{f"field{n}": "x" * 20 for n in range(20_000)})
    assert fitting_event(event).data == {"trimmed": {"*": size_of(event.data)}}


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text(max_size=5), st.integers(0, 400_000), max_size=6))
def test_whatever_is_stored_fits(sizes: dict[str, int]) -> None:
    fitted = fitting_event(NewEvent(EventType.LOG_CREATED, {name: "ä" * size for name, size in sizes.items()}))
    assert size_of(fitted.data) <= MAX_DATA_BYTES


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 290_000), max_size=130))
def test_batches_keep_every_event_in_order_within_the_bounds_of_a_transaction(sizes: list[int]) -> None:
    events = [an_event(n=n, text="x" * size) for n, size in enumerate(sizes)]
    batches = list(batches_of(events))
    assert [event.data["n"] for batch in batches for event in batch] == list(range(len(sizes)))
    assert all(0 < len(batch) <= MAX_BATCH for batch in batches)
    assert all(sum(size_of(event.data) for event in batch) <= MAX_BATCH_BYTES for batch in batches)


@given(st.text(max_size=100))
def test_a_message_is_valid_text(message: str) -> None:
    assert fitting_message(message + "\ud800").encode().decode() == fitting_message(message + "\ud800")


def test_a_long_message_names_its_length() -> None:
    assert fitting_message("x" * MAX_DATA_BYTES) == "x" * MAX_DATA_BYTES
    assert fitting_message("x" * (MAX_DATA_BYTES + 1)).endswith("… (trimmed, 300001 bytes)")
