"""At least once on the wire, exactly once and in order out of the sequencer."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.client.ordering import Sequencer, Verdict
from cloud.domain.events import Cursor, Event, EventType


def an_event(operation_id: str, sequence: int, *, terminal: bool = False) -> Event:
    data = {"terminal": True} if terminal else {}
    return Event(
        EventType.DEPLOYMENT_STATUS, "D123456", "dev", operation_id, sequence, "2026-01-01T00:00:00.000Z", data
    )


def test_the_next_event_is_delivered_and_a_repeated_one_is_dropped() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    assert sequencer.judge(an_event("01A", 1)) is Verdict.DELIVER
    assert sequencer.judge(an_event("01A", 1)) is Verdict.DROP
    assert sequencer.judge(an_event("01A", 2)) is Verdict.DELIVER


def test_a_missing_event_is_a_gap_until_it_comes() -> None:
    sequencer = Sequencer(Cursor("01A", 3))
    assert sequencer.judge(an_event("01A", 5)) is Verdict.GAP
    assert sequencer.last == Cursor("01A", 3)
    assert sequencer.judge(an_event("01A", 4)) is Verdict.DELIVER
    assert sequencer.judge(an_event("01A", 5)) is Verdict.DELIVER


def test_without_a_cursor_the_first_event_may_have_any_number() -> None:
    sequencer = Sequencer()
    assert sequencer.last is None
    assert sequencer.judge(an_event("01A", 7)) is Verdict.DELIVER
    assert sequencer.judge(an_event("01A", 9)) is Verdict.GAP


def test_a_later_operation_begins_with_its_first_event() -> None:
    sequencer = Sequencer(Cursor("01A", 3))
    assert sequencer.judge(an_event("01B", 2)) is Verdict.GAP
    assert sequencer.judge(an_event("01B", 1)) is Verdict.DELIVER


def test_an_older_operation_of_another_environment_begins_in_the_middle_as_no_replay_would_bring_its_beginning() -> (
    None
):
    sequencer = Sequencer(Cursor("01B", 0))
    assert sequencer.judge(an_event("01A", 40)) is Verdict.DELIVER
    assert sequencer.judge(an_event("01A", 41)) is Verdict.DELIVER
    assert sequencer.judge(an_event("01A", 43)) is Verdict.GAP


def test_a_new_subscription_begins_at_the_oldest_operation_that_has_not_ended() -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    for event in (an_event("01A", 1), an_event("01B", 1), an_event("01B", 2)):
        assert sequencer.judge(event) is Verdict.DELIVER
    assert sequencer.last == Cursor("01A", 1)
    assert sequencer.judge(an_event("01A", 2, terminal=True)) is Verdict.DELIVER
    assert sequencer.last == Cursor("01B", 2)
    assert sequencer.judge(an_event("01B", 3, terminal=True)) is Verdict.DELIVER
    assert sequencer.last == Cursor("01B", 3)


@given(
    st.lists(st.tuples(st.sampled_from(["01A", "01B"]), st.integers(1, 6)), max_size=60),
)
def test_whatever_comes_each_event_is_delivered_at_most_once_and_in_order(arrivals: list[tuple[str, int]]) -> None:
    sequencer = Sequencer(Cursor("01A", 0))
    delivered = [
        (operation, number)
        for operation, number in arrivals
        if sequencer.judge(an_event(operation, number)) is Verdict.DELIVER
    ]
    for operation in ("01A", "01B"):
        numbers = [number for name, number in delivered if name == operation]
        assert numbers == list(range(1, len(numbers) + 1))
