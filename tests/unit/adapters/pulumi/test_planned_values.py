from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.pulumi.planned_values import UNKNOWN, planned_outputs
from cloud.ports.runner import PlannedOutputs

HIDDEN = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(json_values)
def test_what_holds_no_mark_is_known_as_it_is(value: Any) -> None:
    assert planned_outputs({"a": value}) == PlannedOutputs({"a": value})


@given(json_values, st.sampled_from(["list", "map", "deep"]))
def test_an_unknown_anywhere_makes_the_whole_output_unknown(value: Any, place: str) -> None:
    around = {"list": [value, UNKNOWN], "map": {"x": value, "y": UNKNOWN}, "deep": [{"x": [value, UNKNOWN]}]}[place]
    assert planned_outputs({"a": around, "b": value}) == PlannedOutputs({"b": value}, unknown=("a",))


@pytest.mark.parametrize(
    "value",
    [HIDDEN, [HIDDEN], {"a": HIDDEN, "b": UNKNOWN}, "url with [secret] inside"],
    ids=["secret", "inside", "with an unknown beside it", "a text that the engine wrote over"],
)
def test_a_secret_anywhere_makes_the_whole_output_secret_known_or_not(value: Any) -> None:
    assert planned_outputs({"a": value}) == PlannedOutputs({}, secret=("a",))


def test_an_unknown_that_leaked_into_a_longer_text_is_not_taken_for_its_value() -> None:
    assert planned_outputs({"a": f"arn:{UNKNOWN}:x"}).unknown == ("a",)


def test_the_names_are_in_order() -> None:
    planned = planned_outputs({"d": UNKNOWN, "c": 1, "b": UNKNOWN, "a": 2, "f": HIDDEN, "e": HIDDEN})
    assert (list(planned.outputs), planned.unknown, planned.secret) == (["a", "c"], ("b", "d"), ("e", "f"))
