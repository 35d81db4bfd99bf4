"""Every stack, in its production shape, from its plan to its absence."""

from __future__ import annotations

import pytest

from tests.stacks.case import case_of, stacks_with_cases
from tests.stacks.lives import RECORDED, Life

pytestmark = [pytest.mark.xdist_group("stacks"), pytest.mark.timeout(600)]

each_stack = pytest.mark.parametrize("stack", stacks_with_cases())


@each_stack
def test_its_first_plan_creates_everything_that_is_then_made(life: Life) -> None:
    assert {step.op for step in life.plan} == {"create"}
    assert sorted((step.type, step.name) for step in life.plan) == sorted(
        (resource["type"], resource["urn"].rpartition("::")[2]) for resource in life.production
    )


@each_stack
def test_every_resource_of_its_state_is_there_by_awss_own_apis(life: Life) -> None:
    assert life.unreadable == set()
    assert life.missing == []
    assert life.ever


@each_stack
def test_what_is_only_recorded_is_told_by_a_warning_that_names_it(life: Life) -> None:
    recorded = {item["type"] for item in life.production if item.get("custom") and str(item["id"]).startswith(RECORDED)}
    untold = {kind for kind in recorded if not any(kind in warning for warning in life.warnings)}
    assert untold == set()


@each_stack
def test_a_second_up_changes_nothing(life: Life) -> None:
    assert set(life.again) == {"same"}


@each_stack
def test_a_refresh_finds_nothing_that_differs(life: Life) -> None:
    assert set(life.refreshed) == {"same"}


@each_stack
def test_its_change_is_taken_in_place(life: Life) -> None:
    assert set(life.changed) == {"same", "update"}


@each_stack
def test_its_replacement_replaces(life: Life) -> None:
    case = case_of(life.stack)
    if case.replace is None:
        assert case.never_replaced
    else:
        assert life.replaced.get("replace", 0) > 0


@each_stack
def test_nothing_is_left_after_its_destroy(life: Life) -> None:
    assert life.left == []
