"""What fits into one execution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain import quotas
from cloud.domain.errors import QuotaExceeded
from cloud.domain.operations import OnFailure
from cloud.domain.quotas import Budget, history_events, make_budget, map_items, schedule_bytes
from cloud.domain.schedule import Begin, Finished, Outcome, advance, make_schedule


def layers(*widths: int) -> list[list[str]]:
    return [[f"stack-{depth}-{at}" for at in range(width)] for depth, width in enumerate(widths)]


STATE_MACHINE = Path(__file__).parents[3] / "statemachine" / "deployment.asl.json"


def longest_way(states: dict[str, Any], start: str) -> int:
    """Events on the longest way through the states, Catch included; a Map counts without its iterations."""
    state = states[start]
    following = [
        state.get("Next"),
        state.get("Default"),
        *(choice["Next"] for choice in state.get("Choices", ())),
        *(catch["Next"] for catch in state.get("Catch", ())),
    ]
    return own_events(state) + max((longest_way(states, name) for name in following if name), default=0)


def own_events(state: dict[str, Any]) -> int:
    if state["Type"] == "Task":
        waits = state["Resource"].endswith((".waitForTaskToken", ".sync"))
        return quotas.TOKEN_TASK_EVENTS if waits else quotas.TASK_EVENTS
    return {
        "Map": quotas.MAP_EVENTS,
        "Choice": quotas.CHOICE_EVENTS,
        "Succeed": quotas.END_EVENTS,
        "Fail": quotas.END_EVENTS - 1,
    }[state["Type"]]


def test_the_events_are_those_of_the_longest_way_through_the_state_machine() -> None:
    outer = json.loads(STATE_MACHINE.read_text())
    layer = outer["States"]["DeployLayers"]["ItemProcessor"]
    stack = layer["States"]["RunLayer"]["ItemProcessor"]
    around = longest_way(outer["States"], outer["StartAt"])
    assert quotas.EXECUTION_EVENTS + around == quotas.EVENTS_PER_OPERATION
    assert quotas.ITERATION_EVENTS + longest_way(layer["States"], layer["StartAt"]) == quotas.EVENTS_PER_LAYER
    assert quotas.ITERATION_EVENTS + longest_way(stack["States"], stack["StartAt"]) == quotas.EVENTS_PER_STACK


def test_a_stack_costs_the_events_of_its_states() -> None:
    assert history_events(stacks=7, layers=2) - history_events(stacks=6, layers=2) == quotas.EVENTS_PER_STACK
    assert history_events(stacks=7, layers=3) - history_events(stacks=7, layers=2) == quotas.EVENTS_PER_LAYER
    with_retries = history_events(stacks=7, layers=2, retries_per_stack=4)
    assert with_retries - history_events(stacks=7, layers=2) == 7 * 4 * quotas.EVENTS_PER_RETRY


def test_three_retries_of_every_stack_of_the_largest_plan_stay_below_the_quota_of_aws() -> None:
    largest = next(
        count
        for count in range(quotas.MAX_LAYERS * quotas.MAX_STACKS_IN_LAYER, 0, -1)
        if history_events(stacks=count, layers=quotas.MAX_LAYERS, retries_per_stack=1) <= quotas.MAX_HISTORY_EVENTS
    )
    assert 650 < largest < 800
    assert history_events(stacks=largest, layers=quotas.MAX_LAYERS, retries_per_stack=3) < quotas.AWS_HISTORY_EVENTS


def test_a_plan_at_the_bounds_fits() -> None:
    make_budget(layers(*[40] * 10), dependency_count=1000).require_inline()
    make_budget(layers(*[1] * 40), dependency_count=39).require_inline()
    make_budget([], dependency_count=0).require_inline()


def test_every_exceeded_figure_is_named_in_one_refusal() -> None:
    budget = make_budget(layers(41, *[40] * 40), dependency_count=300_000)
    with pytest.raises(QuotaExceeded) as caught:
        budget.require_inline(deployment_id="D1BRV40")
    worst = history_events(stacks=1641, layers=41, retries_per_stack=quotas.RETRIES_PER_STACK)
    messages = [problem.message for problem in caught.value.problems]
    assert messages == [
        "the plan needs 41 layers",
        "the plan needs 41 stacks in one layer",
        f"the plan needs {worst:,} history events",
        f"the plan needs {budget.schedule_bytes:,} bytes of the schedule item",
    ]
    assert all(message in caught.value.message for message in messages)
    assert caught.value.problems[0].expected == "at most 40"
    assert all(problem.suggestion for problem in caught.value.problems)
    assert caught.value.ids == {"deployment_id": "D1BRV40"}
    assert caught.value.hint


def test_a_payload_over_256_kib_is_refused() -> None:
    budget = make_budget(layers(*[400] * 40), dependency_count=0)
    assert budget.payload_bytes > quotas.AWS_PAYLOAD_BYTES
    assert any("bytes of state input" in problem.message for problem in budget.exceeded())


def test_the_payload_is_what_the_map_is_given() -> None:
    names = [["a", "b"], ["c"]]
    assert map_items(names) == [{"stacks": [{"stack": "a"}, {"stack": "b"}]}, {"stacks": [{"stack": "c"}]}]
    text = json.dumps(map_items(names), separators=(",", ":"))
    assert quotas.payload_bytes(names) == quotas.PAYLOAD_ENVELOPE_BYTES + len(text)


@given(st.integers(1, 30), st.data())
def test_the_schedule_is_never_larger_than_its_bound(count: int, data: st.DataObject) -> None:
    everyone = [f"stack-{'x' * data.draw(st.integers(0, 30))}-{number}" for number in range(count)]
    graph = {
        name: data.draw(st.lists(st.sampled_from(everyone[:at]), unique=True)) if at else []
        for at, name in enumerate(everyone)
    }
    schedule = make_schedule(graph, max_parallel=1, on_failure=OnFailure.STOP)
    begun = advance(schedule, Begin())
    stopped = advance(begun.schedule, Finished(begun.starts[0], Outcome.FAILURE))
    bound = schedule_bytes(everyone, sum(map(len, graph.values())))
    for reached in (schedule, begun.schedule, stopped.schedule):
        assert len(json.dumps(reached.to_dict()).encode()) <= bound


def test_eight_hundred_stacks_fit_into_one_item_many_times_over() -> None:
    names = [f"a-stack-with-a-name-of-forty-chars-{number:05}" for number in range(800)]
    assert schedule_bytes(names, 8_000) < quotas.AWS_ITEM_BYTES / 2


def test_a_budget_survives_json() -> None:
    budget = make_budget(layers(3, 2), dependency_count=5)
    assert Budget.from_dict(json.loads(json.dumps(budget.to_dict()))) == budget
