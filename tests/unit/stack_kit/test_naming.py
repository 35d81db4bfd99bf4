"""Names stay within AWS's limits, and two names stay two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_stack import Limit, auto, shorten

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=300)


@given(NAMES, st.sampled_from(list(Limit)))
def test_a_name_never_exceeds_its_limit_and_is_the_same_every_time(name: str, limit: Limit) -> None:
    assert len(shorten(name, limit)) <= limit
    assert shorten(name, limit) == shorten(name, limit)


@given(NAMES)
def test_a_name_that_fits_is_left_alone(name: str) -> None:
    assert shorten(name, len(name) + 10) == name


@given(NAMES, NAMES)
def test_two_long_names_that_begin_alike_stay_two(first: str, second: str) -> None:
    beginning = "ecommerce-d1brv40-dev-a-rather-long-purpose-that-does-not-fit-"
    short = {shorten(beginning + first, Limit.LOAD_BALANCER), shorten(beginning + second, Limit.LOAD_BALANCER)}
    assert len(short) == len({first, second})


def test_a_shortened_name_has_no_hyphen_before_the_one_of_its_hash() -> None:
    beginning, _, digest = shorten("a" * 22 + "-" + "b" * 40, 32).rpartition("-")
    assert beginning == "a" * 22
    assert len(digest) == 8


def test_auto_naming_leaves_room_for_pulumis_suffix() -> None:
    assert auto(Limit.IAM_ROLE) == 64 - len("-1a2b3c4")


def test_a_limit_without_room_for_a_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 9 characters"):
        shorten("name", 9)
