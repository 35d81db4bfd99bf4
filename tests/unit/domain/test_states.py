"""The states and the one table of their transitions."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import IllegalTransition
from cloud.domain.states import TRANSITIONS, DeploymentStatus, StackStatus, TaskState, is_legal, require_transition

KINDS: list[type[StrEnum]] = [TaskState, StackStatus, DeploymentStatus]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_table_names_every_state_and_only_its_own(kind: type[StrEnum]) -> None:
    table = TRANSITIONS[kind]
    assert set(table) == set(kind)
    assert all(type(state) is kind for states in table.values() for state in states)


@given(st.sampled_from([state for kind in KINDS for state in kind]), st.sampled_from([s for k in KINDS for s in k]))
def test_a_step_that_is_not_in_the_table_is_refused(current: StrEnum, new: StrEnum) -> None:
    legal = type(current) is type(new) and (current is new or new in TRANSITIONS[type(current)][current])
    assert is_legal(current, new) is legal
    if legal:
        assert require_transition(current, new) is new
    else:
        with pytest.raises(IllegalTransition) as caught:
            require_transition(current, new, deployment_id="D1BRV40", stack="network")
        assert caught.value.ids == {"deployment_id": "D1BRV40", "stack": "network"}


def test_nothing_follows_a_terminal_state() -> None:
    for state in TaskState:
        assert state.is_terminal is not bool(TRANSITIONS[TaskState][state])
        assert not (state.is_terminal and state.is_active)
    assert {state for state in TaskState if state.is_active} == {TaskState.RUNNING, TaskState.PROCESSING}


def test_every_state_of_an_operation_can_still_end() -> None:
    for state in TaskState:
        assert state.is_terminal or TaskState.ERROR in TRANSITIONS[TaskState][state]
        assert state.is_terminal or TaskState.CANCELLED in TRANSITIONS[TaskState][state]


def test_what_is_under_way_in_a_stack_ends_and_begins_only_by_way_of_waiting() -> None:
    for state in StackStatus:
        following = TRANSITIONS[StackStatus][state]
        if state in (StackStatus.DEPLOYING, StackStatus.DESTROYING):
            assert all(new.is_settled for new in following if isinstance(new, StackStatus))
        if state.is_settled:
            assert StackStatus.WAITING in following
            assert not following & {StackStatus.DEPLOYING, StackStatus.DESTROYING}


@pytest.mark.parametrize(
    "way",
    [
        "initialized planned deploying deployed planned deploying failed planned deploying deployed",
        "initialized planned awaiting_approval deploying deployed destroying destroyed deploying cancelled",
        "deployed planned awaiting_approval cancelled planned failed",
        "destroying deployed",
        "deploying rolling_back rolled_back deploying",
    ],
)
def test_the_ways_of_an_environment(way: str) -> None:
    for current, new in pairwise(way.split()):
        assert is_legal(DeploymentStatus(current), DeploymentStatus(new)), f"{current} → {new}"


def test_a_plan_does_not_end_what_another_operation_does() -> None:
    for busy in (DeploymentStatus.DEPLOYING, DeploymentStatus.DESTROYING, DeploymentStatus.ROLLING_BACK):
        assert not is_legal(busy, DeploymentStatus.PLANNED)
        assert not is_legal(busy, DeploymentStatus.AWAITING_APPROVAL)
