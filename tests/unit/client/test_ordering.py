"""At least once on the wire, exactly once and in order out of the sequencer."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.client.ordering import MAX_WAITING, Sequencer
from cloud.domain.events import Cursor, Event, EventType


def an_event(operation_id: str, sequence: int, *, terminal: bool = False) -> Event:
    data = {"terminal": True} if terminal else {}
    return Event(
        EventType.DEPLOYMENT_STATUS, "D123456", "dev", operation_id, sequence, "2026-01-01T00:00:00.000Z", data
    )


def take(sequencer: Sequencer, operation_id: str, *sequences: int, terminal: bool = False) -> list[int]:
    """The sequences that are delivered when these come, one after the other."""
    events = [an_event(operation_id, sequence, terminal=terminal) for sequence in sequences]
    return [ready.sequence for event in events for ready in sequencer.take(event.cursor, event)]


def test_the_next_event_is_delivered_and_a_repeated_one_is_dropped() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    assert take(sequencer, "01A", 1, 1, 2, 1, 2) == [1, 2]
    assert not sequencer.should_ask


def test_what_comes_too_early_waits_for_what_is_missing() -> None:
    sequencer = Sequencer(Cursor("01A", 3))
    assert take(sequencer, "01A", 6, 5) == []
    assert sequencer.should_ask
    assert sequencer.last == Cursor("01A", 3)
    assert take(sequencer, "01A", 4) == [4, 5, 6]
    assert not sequencer.should_ask
    assert sequencer.last == Cursor("01A", 6)


def test_a_gap_is_asked_about_once_however_much_comes_after_it() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    take(sequencer, "01A", 3)
    assert sequencer.ask() == Cursor("01A", 0)
    assert not sequencer.should_ask  # while the answer is under way
    take(sequencer, "01A", 4, 5)
    sequencer.answered()
    assert not sequencer.should_ask  # the same gap: the next regular question is early enough
    take(sequencer, "01A", 2)
    assert sequencer.should_ask  # another one


def test_a_gap_that_opens_while_an_answer_is_under_way_is_asked_about_after_it() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    sequencer.ask()
    take(sequencer, "01A", 2)
    assert not sequencer.should_ask
    sequencer.answered()
    assert sequencer.should_ask


def test_a_lost_connection_takes_its_question_with_it() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    take(sequencer, "01A", 2)
    sequencer.ask()
    sequencer.disconnected()
    assert sequencer.should_ask


def test_what_is_stored_no_more_is_passed_over() -> None:
    sequencer = Sequencer(Cursor("01A", 1))
    take(sequencer, "01A", 5, 7)
    assert [event.sequence for event in sequencer.pass_over(Cursor("01A", 4))] == [5]
    assert sequencer.pass_over(Cursor("01A", 2)) == []
    assert take(sequencer, "01A", 4, 6) == [6, 7]
    assert [event.sequence for event in sequencer.pass_over(Cursor("01A", 9))] == []
    assert sequencer.last == Cursor("01A", 9)


def test_an_event_of_an_unknown_type_has_its_place_and_is_not_delivered() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    assert sequencer.take(Cursor("01A", 1), None) == []
    assert take(sequencer, "01A", 3) == []
    assert [event.sequence for event in sequencer.take(Cursor("01A", 2), None)] == [3]


def test_without_a_cursor_the_first_event_may_have_any_number() -> None:
    sequencer = Sequencer()
    assert sequencer.last is None
    assert take(sequencer, "01A", 7, 9) == [7]
    assert sequencer.ask() == Cursor("01A", 7)


def test_without_any_event_there_is_still_nothing_to_ask_about() -> None:
    sequencer = Sequencer()
    sequencer.answered()
    assert sequencer.last is None


def test_a_later_operation_begins_with_its_first_event() -> None:
    sequencer = Sequencer(Cursor("01A", 3))
    assert take(sequencer, "01B", 2) == []
    assert take(sequencer, "01B", 1) == [1, 2]


def test_an_older_operation_of_another_environment_begins_in_the_middle_as_no_answer_would_bring_its_beginning() -> (
    None
):
    sequencer = Sequencer(Cursor("01B", 0))
    assert take(sequencer, "01A", 40, 41, 43) == [40, 41]
    assert sequencer.should_ask


def test_a_question_begins_at_the_oldest_operation_that_had_not_ended_when_the_last_answer_was_complete() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    take(sequencer, "01A", 1)
    take(sequencer, "01B", 1, 2)
    assert sequencer.last == Cursor("01A", 1)
    take(sequencer, "01A", 2, terminal=True)
    assert sequencer.last == Cursor("01A", 2)  # who knows what else has begun after 01A
    sequencer.answered()
    assert sequencer.last == Cursor("01B", 2)
    take(sequencer, "01B", 3, terminal=True)
    sequencer.answered()
    assert sequencer.last == Cursor("01B", 3)


def test_an_operation_of_which_only_later_events_came_is_under_way() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    take(sequencer, "01C", 1, terminal=True)
    take(sequencer, "01B", 2)
    take(sequencer, "01A", 1, terminal=True)
    sequencer.answered()
    assert sequencer.last == Cursor("01B", 0)


def test_no_more_than_so_many_events_wait_and_those_let_go_come_again() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    assert take(sequencer, "01A", *range(2, MAX_WAITING + 100)) == []
    assert take(sequencer, "01A", 1) == list(range(1, MAX_WAITING + 2))
    assert take(sequencer, "01A", *range(1, MAX_WAITING + 100)) == list(range(MAX_WAITING + 2, MAX_WAITING + 100))


@given(
    st.lists(st.tuples(st.sampled_from(["01A", "01B"]), st.integers(1, 6)), max_size=60),
)
def test_whatever_comes_each_event_is_delivered_at_most_once_in_order_and_as_soon_as_it_is_next(
    arrivals: list[tuple[str, int]],
) -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    delivered: dict[str, list[int]] = {"01A": [], "01B": []}
    came: dict[str, set[int]] = {"01A": set(), "01B": set()}
    for operation, number in arrivals:
        delivered[operation] += take(sequencer, operation, number)
        came[operation].add(number)
        ready = next(n for n in range(1, 8) if n not in came[operation]) - 1
        assert delivered[operation] == list(range(1, ready + 1))
