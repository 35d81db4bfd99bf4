"""An operation folded from its events."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud.domain.events import EventType
from cloud.domain.states import StackStatus, TaskState
from cloud_cli.progress import Progress, short_type
from tests.unit.cli.recorded import a_plan, an_event, an_operation, half_way, to_the_end

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def folded(events: list, *, plan: bool = True) -> Progress:
    progress = Progress.of(an_operation())
    if plan:
        progress.take_plan(a_plan())
    for event in events:
        progress.apply(event)
    return progress


def test_before_any_event_every_stack_of_the_plan_waits() -> None:
    progress = folded([])
    assert {stack.status for stack in progress.stacks.values()} == {StackStatus.WAITING}
    assert list(progress.layers) == [1, 2, 3]


def test_half_way_the_resource_in_hand_and_the_count_are_known() -> None:
    network = folded(half_way()).stacks["network"]
    assert (network.done, network.expected) == (1, 4)
    assert network.resource == "creating public-1 (aws:ec2:Subnet)"
    assert network.elapsed(NOON.replace(second=4)) == 3.0


def test_a_resource_that_is_done_is_in_hand_no_longer() -> None:
    assert folded(half_way()[:5]).stacks["network"].resource == ""


def test_in_the_end_each_stack_has_its_fate() -> None:
    progress = folded(half_way() + to_the_end())
    assert {name: stack.status.value for name, stack in progress.stacks.items()} == {
        "network": "deployed",
        "orders": "failed",
        "security": "unchanged",
        "invoices": "skipped",
    }
    assert progress.state is TaskState.FAILED
    assert progress.stacks["invoices"].blocked_by == "orders"
    assert progress.elapsed(NOON.replace(minute=9)) == 9.2


def test_a_run_without_its_own_figure_took_from_its_beginning_to_its_end() -> None:
    assert folded(half_way() + to_the_end()).stacks["orders"].seconds == pytest.approx(0.4)


def test_events_come_before_the_plan_when_we_attach_late() -> None:
    progress = folded(half_way(), plan=False)
    progress.take_plan(a_plan())
    assert progress.stacks["network"].done == 1
    assert progress.stacks["security"].dependencies == ("network",)


def test_events_of_another_operation_change_nothing() -> None:
    progress = folded([])
    progress.apply(replace(half_way()[2], operation_id="01JD0000000000000000000009"))
    assert progress.stacks["network"].status is StackStatus.WAITING


def test_the_time_left_is_the_longest_path_through_what_is_left() -> None:
    progress = folded(half_way())
    assert progress.remaining(NOON.replace(second=5)) == 6.0 + 10.0 + 10.0


def test_without_an_earlier_run_no_time_is_predicted() -> None:
    progress = folded([])
    progress.take_plan(a_plan(seconds=0.0))
    assert progress.remaining(NOON) is None


def test_a_queued_operation_says_who_holds_the_environment() -> None:
    queued = an_event(
        1, EventType.DEPLOYMENT_STATUS, 0.1, state="queued", waiting_for="01JC", held_by="bob", position=2
    )
    progress = folded([queued])
    assert progress.note == "waits for 01JC, started by bob (place 2 in the queue of dev)"
    progress.apply(half_way()[1])
    assert progress.note == ""


def test_an_operation_that_waits_for_an_approval_says_so() -> None:
    assert folded([an_event(1, EventType.APPROVAL_REQUESTED, 0.1, requester="ann")]).note == (
        "waits for an approval; ann asked"
    )


def test_names_and_reasons_lose_their_control_sequences() -> None:
    events = [
        an_event(
            1,
            EventType.STACK_RESOURCE,
            1,
            stack="network",
            state="started",
            op="create",
            type="aws:x/y:Z",
            name="\x1b[2Jevil",
            done=0,
        ),
        an_event(2, EventType.STACK_FAILED, 2, stack="orders", status="failed", reason="\x1b]0;x\x07boom"),
    ]
    progress = folded(events)
    assert progress.stacks["network"].resource == "creating evil (aws:x:Z)"
    assert progress.stacks["orders"].reason == "boom"


@pytest.mark.parametrize(
    ("long", "short"),
    [("aws:ec2/vpc:Vpc", "aws:ec2:Vpc"), ("pulumi:providers:aws", "pulumi:providers:aws"), ("x", "x"), ("", "")],
)
def test_types_are_shown_as_pulumi_shows_them(long: str, short: str) -> None:
    assert short_type(long) == short
