from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.configuration_sources import parse_config_file, parse_settings
from cloud.domain.errors import ConfigurationError

FILE = "config/network.dev.yaml"


def test_a_configuration_file_is_a_map() -> None:
    text = 'cidr: 10.0.0.0/16\nnested: {a: [1, true, null]}\np: {secret: "{{secret.db}}"}\n'
    assert parse_config_file(text, file=FILE) == {
        "cidr": "10.0.0.0/16",
        "nested": {"a": [1, True, None]},
        "p": {"secret": "{{secret.db}}"},
    }


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", b"\xef\xbb\xbf"])
def test_a_file_with_nothing_in_it_is_an_empty_configuration(text: str | bytes) -> None:
    assert parse_config_file(text, file=FILE) == {}


def test_every_problem_of_a_file_is_reported_with_its_place() -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_config_file('environment: x\na: no\nb: "{{env.nam}}"\na: 1\n', file=FILE)
    problems = raised.value.problems
    assert [(problem.file, problem.line, problem.column, problem.path) for problem in problems] == [
        (FILE, 1, 1, "environment"),
        (FILE, 2, 4, "a"),
        (FILE, 3, 4, "b"),
        (FILE, 4, 1, ""),
    ]
    assert "4 problems" in raised.value.message


@pytest.mark.parametrize("text", ["- a\n", "a", "a: [", "\ta: 1", b"\xff"])
def test_a_file_that_is_no_map_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_config_file(text, file=FILE)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("cidr=10.0.0.0/16", {"cidr": "10.0.0.0/16"}),
        ("size=3", {"size": 3}),
        ("on=true", {"on": True}),
        ("x=null", {"x": None}),
        ("x=", {"x": ""}),
        ("x=a=b", {"x": "a=b"}),
        ("x=a: b # c", {"x": "a: b # c"}),
        ('x="3"', {"x": "3"}),
        ("x='no'", {"x": "no"}),
        ("x=[1, a]", {"x": [1, "a"]}),
        ("x={a: 1}", {"x": {"a": 1}}),
        ("x={secret: y}", {"x": {"secret": "y"}}),
        ("x={{env.name}}", {"x": "{{env.name}}"}),
        ("a.b.c=1", {"a": {"b": {"c": 1}}}),
        (r"a\.b.c=1", {"a.b": {"c": 1}}),
    ],
)
def test_a_setting_is_a_key_and_a_typed_value(setting: str, expected: dict[str, Any]) -> None:
    assert parse_settings([setting]) == expected


def test_settings_merge_and_the_later_of_the_same_key_wins() -> None:
    assert parse_settings(["a.b=1", "a.c=2", "a.b=3", "d=4"]) == {"a": {"b": 3, "c": 2}, "d": 4}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["hunter2"], "not a setting"),
        (["=x"], "not a setting"),
        (["a..b=x"], "not a setting"),
        (["environment=x"], "the platform itself sets"),
        (["a b=x"], "not a configuration key"),
        (["x=no"], "YAML 1.1"),
        (["x=0123"], "disagree about this number"),
        (["x=.nan"], "not a number in JSON"),
        (["x=[1"], "not YAML"),
        (["x={a: no}"], "YAML 1.1"),
        (["x={{env.nam}}"], "unknown placeholder"),
        (["a=1", "a.b=2"], "both set"),
        (["a.b=2", "a=1"], "both set"),
        (["a={secret: x}", "a.b=2"], "both set"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_settings(settings)
    assert message in raised.value.problems[0].message
    assert "hunter2" not in raised.value.message


def test_all_wrong_settings_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_settings(["x", "y=no", "z=1"])
    assert len(raised.value.problems) == 2


@given(st.lists(st.text(alphabet="ab.=\\[]{}\"' :1no") | st.text(), max_size=4))
def test_any_setting_is_read_or_refused(settings: list[str]) -> None:
    with contextlib.suppress(ConfigurationError):
        assert isinstance(parse_settings(settings), dict)
