"""Cursors come back as they were given, or not at all."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.cursors import checked_limit, decode_cursor, encode_cursor
from cloud.domain.errors import ConfigurationError

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=50)


@given(st.dictionaries(TEXT, TEXT, min_size=1, max_size=4))
def test_a_cursor_gives_back_its_position(position: dict[str, str]) -> None:
    assert decode_cursor(encode_cursor(position), position.keys(), {}) == position


@given(st.text(max_size=200))
def test_any_text_is_a_position_with_those_keys_or_refused(text: str) -> None:
    try:
        position = decode_cursor(text, {"PK", "SK"}, {"PK": "mine"})
    except ConfigurationError:
        return
    assert position.keys() == {"PK", "SK"}
    assert position["PK"] == "mine"


@pytest.mark.parametrize(
    "position",
    [
        {"PK": "other", "SK": "a"},
        {"PK": "mine"},
        {"PK": "mine", "SK": "a", "more": "b"},
        {"PK": "mine", "SK": ""},
        {"PK": "mine", "SK": 1},
        {"PK": "mine", "SK": {"S": "a"}},
        ["PK", "SK"],
        None,
    ],
)
def test_a_position_of_another_list_is_refused(position: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
    with pytest.raises(ConfigurationError, match="cursor"):
        decode_cursor(cursor, {"PK", "SK"}, {"PK": "mine"})


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cursor"):
        decode_cursor(base64.urlsafe_b64encode(b"[" * 3000).decode(), {"PK"}, {})


def test_a_limit_is_within_bounds() -> None:
    assert [checked_limit(limit) for limit in (1, 1000)] == [1, 1000]
    for limit in (0, -1, 1001):
        with pytest.raises(ConfigurationError):
            checked_limit(limit)
