"""The scheduler, case by case. Its laws are in ``test_schedule_laws.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from cloud.domain.errors import ConfigurationError, DependencyError, NotFound, StateError
from cloud.domain.operations import OnFailure
from cloud.domain.schedule import (
    Advance,
    Begin,
    CancelRequested,
    Ended,
    Event,
    Finished,
    Grant,
    Outcome,
    Schedule,
    Skip,
    Standing,
    Wait,
    advance,
    decision,
    granted,
    make_schedule,
    wake_ups,
)

GRAPH = {"network": (), "dns": (), "security": ("network",), "database": ("security",), "apps": ("database", "dns")}


def schedule(
    graph: Mapping[str, Sequence[str]] = GRAPH,
    *,
    max_parallel: int = 8,
    on_failure: OnFailure = OnFailure.STOP,
    strict_layers: bool = False,
    seconds: Mapping[str, float] | None = None,
) -> Schedule:
    return make_schedule(
        graph, max_parallel=max_parallel, on_failure=on_failure, strict_layers=strict_layers, seconds=seconds
    )


def after(state: Schedule, *events: Event) -> Advance:
    """The advance of the last event."""
    result = Advance(state)
    for event in events:
        result = advance(result.schedule, event)
    return result


def succeeded(stack: str) -> Finished:
    return Finished(stack, Outcome.SUCCESS)


def failed(stack: str) -> Finished:
    return Finished(stack, Outcome.FAILURE)


def test_nothing_starts_before_the_beginning() -> None:
    assert granted(schedule()) == ()
    assert decision(schedule(), "network") == Wait("network", (), "waiting for the operation to begin")


def test_the_beginning_starts_what_depends_on_nothing() -> None:
    assert after(schedule(), Begin()).starts == ("network", "dns")


def test_a_stack_starts_when_the_last_of_its_dependencies_has_succeeded() -> None:
    state = after(schedule(), Begin(), succeeded("network"), succeeded("security"), succeeded("database")).schedule
    assert decision(state, "apps") == Wait("apps", ("dns",), "waiting for dns")
    assert after(state, succeeded("dns")).starts == ("apps",)


def test_no_stack_waits_for_a_stranger() -> None:
    assert after(schedule(), Begin(), succeeded("network"), succeeded("security")).starts == ("database",)


def test_the_longest_remaining_path_starts_first() -> None:
    graph = {"a": (), "b": (), "c": ("b",)}
    assert after(schedule(graph, max_parallel=1), Begin()).starts == ("b",)
    slow_a = {"a": 9.0, "b": 1.0, "c": 1.0}
    assert after(schedule(graph, max_parallel=1, seconds=slow_a), Begin()).starts == ("a",)


def test_of_two_equally_long_paths_the_alphabet_decides() -> None:
    assert after(schedule({"b": (), "a": (), "c": ()}, max_parallel=2), Begin()).starts == ("a", "b")


def test_a_finished_stack_frees_its_slot_for_the_next_in_rank() -> None:
    state = after(schedule(max_parallel=1), Begin()).schedule
    assert decision(state, "dns") == Wait("dns", (), "waiting for one of 1 slots")
    assert after(state, succeeded("network")).starts == ("security",)


def test_strict_layers_open_a_layer_when_the_ones_before_it_are_over() -> None:
    state = after(schedule(strict_layers=True), Begin(), succeeded("network")).schedule
    assert decision(state, "security") == Wait("security", (), "waiting for the layers before it")
    assert after(state, succeeded("dns")).starts == ("security",)


def test_strict_layers_go_on_past_a_layer_that_failed_in_part() -> None:
    state = schedule(strict_layers=True, on_failure=OnFailure.CONTINUE)
    assert after(state, Begin(), failed("dns"), succeeded("network")).starts == ("security",)


def test_under_stop_nothing_new_starts_after_a_failure_and_the_failed_stack_is_named() -> None:
    result = after(schedule(), Begin(), failed("dns"))
    assert result.starts == ()
    assert {(skip.stack, skip.blocked_by) for skip in result.skips} == {
        ("security", "dns"),
        ("database", "dns"),
        ("apps", "dns"),
    }
    assert result.skips[0] == Skip("security", "dns", "dns failed, and on_failure is stop")
    assert granted(result.schedule) == ("network",)
    assert after(result.schedule, succeeded("network")).starts == ()
    assert after(result.schedule, succeeded("network")).schedule.is_finished


def test_under_continue_only_the_dependents_of_a_failed_stack_are_skipped() -> None:
    state = schedule(on_failure=OnFailure.CONTINUE)
    result = after(state, Begin(), succeeded("network"), failed("security"))
    assert result.skips == (
        Skip("database", "security", "it needs security, which failed"),
        Skip("apps", "security", "it needs security, which failed"),
    )
    assert decision(result.schedule, "dns") == Grant("dns")


def test_a_skipped_stack_names_the_first_of_two_failures() -> None:
    state = schedule({"a": (), "b": (), "c": ("a", "b")}, on_failure=OnFailure.CONTINUE)
    result = after(state, Begin(), failed("b"), failed("a"))
    assert result.skips == ()
    assert decision(result.schedule, "c") == Skip("c", "b", "it needs b, which failed")


def test_a_wait_that_fails_by_itself_is_a_failure_of_its_stack() -> None:
    result = after(schedule(on_failure=OnFailure.CONTINUE), Begin(), failed("security"), succeeded("network"))
    assert result.starts == ()
    assert decision(result.schedule, "security") == Ended("security", Outcome.FAILURE)
    assert decision(result.schedule, "database") == Skip("database", "security", "it needs security, which failed")


def test_a_cancel_lets_running_stacks_end_and_starts_nothing_more() -> None:
    result = after(schedule(), Begin(), CancelRequested())
    assert granted(result.schedule) == ("network", "dns")
    assert {skip.stack for skip in result.skips} == {"security", "database", "apps"}
    assert result.skips[0] == Skip("security", "", "the operation was cancelled", Outcome.CANCELLED)
    ended = after(result.schedule, Finished("network", Outcome.CANCELLED), succeeded("dns"))
    assert (ended.starts, ended.skips) == ((), ())
    assert ended.schedule.is_finished
    assert ended.schedule.counts() == {
        Standing.WAITING: 0,
        Standing.GRANTED: 0,
        Standing.SUCCEEDED: 1,
        Standing.FAILED: 0,
        Standing.SKIPPED: 0,
        Standing.CANCELLED: 4,
    }


def test_a_cancel_before_the_beginning_leaves_nothing_to_begin() -> None:
    assert after(schedule(), CancelRequested(), Begin()).starts == ()
    assert after(schedule(), CancelRequested()).schedule.is_finished


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    state = after(schedule({"a": ()}), Begin(), succeeded("a")).schedule
    result = advance(state, CancelRequested())
    assert result == Advance(state, ignored="everything has finished already")


def test_an_interrupted_stack_takes_its_dependents_with_it_and_nobody_else() -> None:
    result = after(schedule(), Begin(), Finished("network", Outcome.CANCELLED))
    assert [skip.stack for skip in result.skips] == ["security", "database", "apps"]
    assert result.skips[0] == Skip("security", "network", "it needs network, which was cancelled", Outcome.CANCELLED)
    assert granted(result.schedule) == ("dns",)


def test_a_run_that_skips_itself_takes_its_dependents_with_it() -> None:
    result = after(schedule(), Begin(), Finished("network", Outcome.SKIPPED))
    assert decision(result.schedule, "network") == Skip("network", "", "it was skipped by its own run")
    assert result.skips[0] == Skip("security", "network", "it needs network, which was skipped")
    named = after(schedule(), Begin(), Finished("network", Outcome.SKIPPED, blocked_by="elsewhere"))
    assert named.skips[0] == Skip("security", "elsewhere", "it needs elsewhere, which was stopped")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Begin(), "the schedule has begun already"),
        (succeeded("network"), "network is succeeded already"),
        (failed("network"), "network is succeeded already"),
        (succeeded("apps"), "apps was never told to start"),
        (succeeded("nobody"), "nobody is not part of this operation"),
    ],
)
def test_an_event_that_cannot_be_true_or_comes_again_is_ignored_with_the_reason(event: Event, reason: str) -> None:
    state = after(schedule(), Begin(), succeeded("network")).schedule
    assert advance(state, event) == Advance(state, ignored=reason)


def test_a_second_cancel_is_ignored() -> None:
    state = after(schedule(), Begin(), CancelRequested()).schedule
    assert advance(state, CancelRequested()).ignored == "cancelling was requested already"


def test_a_late_token_learns_what_was_decided_before_it() -> None:
    state = after(schedule(on_failure=OnFailure.CONTINUE), Begin(), succeeded("network"), failed("security")).schedule
    assert decision(state, "dns") == Grant("dns")
    assert decision(state, "network") == Ended("network", Outcome.SUCCESS)
    assert decision(state, "security") == Ended("security", Outcome.FAILURE)
    assert decision(state, "apps") == Skip("apps", "security", "it needs security, which failed")


def test_wake_ups_are_everything_that_a_token_may_still_have_to_be_told() -> None:
    state = after(schedule(on_failure=OnFailure.CONTINUE), Begin(), succeeded("network"), failed("security")).schedule
    assert wake_ups(state) == (
        Skip("database", "security", "it needs security, which failed"),
        Grant("dns"),
        Skip("apps", "security", "it needs security, which failed"),
    )


def test_asking_about_an_unknown_stack_is_an_error_that_suggests_the_nearest() -> None:
    with pytest.raises(NotFound, match="netwrk is not part") as caught:
        decision(schedule(), "netwrk")
    assert caught.value.hint == "did you mean 'network'?"


def test_an_empty_schedule_has_finished() -> None:
    assert after(schedule({}), Begin()).schedule.is_finished


def test_a_schedule_in_which_nothing_could_start_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_parallel is 0"):
        schedule(max_parallel=0)
    with pytest.raises(DependencyError, match="a → b → a"):
        schedule({"a": ("b",), "b": ("a",)})


def test_the_stored_form_is_small_and_stays_as_it_is() -> None:
    state = after(schedule({"a": (), "b": ("a",)}, max_parallel=2), Begin(), failed("a")).schedule
    assert state.to_dict() == {
        "format": 1,
        "max_parallel": 2,
        "on_failure": "stop",
        "strict_layers": False,
        "begun": True,
        "cancelled": False,
        "stacks": [["a", 1, [], "f"], ["b", 2, [0], "k", "a"]],
    }


def test_a_schedule_of_another_format_is_refused() -> None:
    with pytest.raises(StateError, match="format 2"):
        Schedule.from_dict({**schedule().to_dict(), "format": 2})


def test_a_thousand_stacks_run_to_their_end() -> None:
    graph = {
        f"s{number:04}": tuple(f"s{other:04}" for other in range(number - 4, number, 2) if other >= 0)
        for number in range(1000)
    }
    state = schedule(graph, max_parallel=8)
    result = advance(state, Begin())
    pending = list(result.starts)
    while pending:
        result = advance(result.schedule, succeeded(pending.pop()))
        pending += result.starts
    assert result.schedule.counts()[Standing.SUCCEEDED] == 1000
    assert Schedule.from_dict(json.loads(json.dumps(result.schedule.to_dict()))) == result.schedule
