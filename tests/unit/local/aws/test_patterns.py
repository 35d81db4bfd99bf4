from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_local.aws.patterns import compile_pattern

EVENT = {
    "source": "cloud",
    "detail-type": "cloud.deploy.requested",
    "detail": {
        "count": 3,
        "name": "Network",
        "tags": ["a", "b"],
        "none": None,
        "yes": True,
        "items": [{"k": 1}, {"k": 2}],
    },
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["other", "cloud"]}, True),
        ({"source": ["other"]}, False),
        ({"missing": ["cloud"]}, False),
        ({"detail": {"count": [3]}}, True),
        ({"detail": {"tags": ["b"]}}, True),
        ({"detail": {"tags": ["c"]}}, False),
        ({"detail": {"none": [None]}}, True),
        ({"detail": {"yes": [1]}}, False),
        ({"detail": {"yes": [True]}}, True),
        ({"detail": {"items": {"k": [2]}}}, True),
        ({"detail": {"items": {"k": [3]}}}, False),
        ({"source": [{"prefix": "clo"}]}, True),
        ({"source": [{"suffix": "oud"}]}, True),
        ({"detail": {"name": [{"equals-ignore-case": "NETWORK"}]}}, True),
        ({"detail": {"count": [{"prefix": "3"}]}}, False),
        ({"detail": {"count": [{"exists": True}], "other": [{"exists": False}]}}, True),
        ({"detail": {"count": [{"exists": False}]}}, False),
        ({"source": [{"anything-but": ["other"]}]}, True),
        ({"source": [{"anything-but": "cloud"}]}, False),
        ({"source": [{"anything-but": {"prefix": "clo"}}]}, False),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"detail": {"count": [{"numeric": [">", 2, "<=", 3]}]}}, True),
        ({"detail": {"count": [{"numeric": ["<", 3]}]}}, False),
        ({"detail": {"name": [{"numeric": [">", 0]}]}}, False),
        ({"$or": [{"source": ["other"]}, {"detail": {"count": [3]}}]}, True),
        ({"$or": [{"source": ["other"]}, {"detail": {"count": [4]}}]}, False),
    ],
)
def test_a_pattern_matches_as_eventbridge_documents_it(pattern: dict[str, Any], matches: bool) -> None:
    assert compile_pattern(pattern)(EVENT) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"source": []},
        {"source": "cloud"},
        {"source": [["nested"]]},
        {"detail": {"name": [{"wildcard": "N*"}]}},
        {"source": [{"cidr": "10.0.0.0/8"}]},
        {"source": [{"prefix": "a", "suffix": "b"}]},
        {"source": [{"prefix": 1}]},
        {"source": [{"exists": "yes"}]},
        {"source": [{"numeric": [">"]}]},
        {"source": [{"numeric": ["!", 1]}]},
        {"source": [{"anything-but": {"wildcard": "x"}}]},
        {"$or": [{"source": ["a"]}]},
        {"detail": {}},
    ],
)
def test_a_pattern_that_is_not_supported_is_an_error_and_not_a_silent_mismatch(pattern: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Event pattern"):
        compile_pattern(pattern)


def test_the_error_says_where_in_the_pattern_it_is() -> None:
    with pytest.raises(ValueError, match=r"detail\.name: 'wildcard'"):
        compile_pattern({"detail": {"name": [{"wildcard": "N*"}]}})


@given(st.lists(st.text(), min_size=1), st.text())
def test_anything_but_is_the_opposite_of_the_values_for_a_field_that_is_there(values: list[str], value: str) -> None:
    event = {"field": value}

    assert compile_pattern({"field": values})(event) is not compile_pattern({"field": [{"anything-but": values}]})(
        event
    )
