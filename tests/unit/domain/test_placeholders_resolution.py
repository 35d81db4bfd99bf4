from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import AccessDenied, ConfigurationError, NotFound
from cloud.domain.placeholders import Placeholder, escape
from cloud.domain.placeholders_resolution import resolve
from cloud.domain.secret import Secret

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=2), inner, max_size=4),
    max_leaves=10,
)


class Values:
    """A look-up in a map that counts how often it is asked."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.asked: Counter[str] = Counter()

    def __call__(self, placeholder: Placeholder) -> Any:
        self.asked[placeholder.key] += 1
        if placeholder.key not in self.values:
            raise NotFound(f"{placeholder.key} is not there.")
        return self.values[placeholder.key]


@given(json_values)
def test_a_value_that_is_one_placeholder_keeps_the_type_it_resolves_to(value: Any) -> None:
    assert resolve({"a": "{{stack.network.out}}"}, Values({"stack.network.out": value})).value == {"a": value}


@given(json_values)
def test_values_without_placeholders_are_unchanged(value: Any) -> None:
    def escaped(item: Any) -> Any:
        if isinstance(item, str):
            return escape(item)
        if isinstance(item, dict):
            return {key: escaped(inner) for key, inner in item.items()}
        return [escaped(inner) for inner in item] if isinstance(item, list) else item

    assert resolve(escaped(value), Values({})).value == value


@given(st.text())
def test_resolved_text_is_never_scanned_again(text: str) -> None:
    values = Values({"env.name": "{{env.region}}" + text, "env.region": "wrong"})
    assert resolve("{{env.name}}", values).value == "{{env.region}}" + text
    assert resolve("in {{env.name}}", values).value == "in {{env.region}}" + text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", "text"),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (1.5, "1.5"),
        (["a", "é"], '["a","é"]'),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_inside_a_longer_text_a_value_is_formatted(value: Any, written: str) -> None:
    assert resolve("<{{env.name}}>", Values({"env.name": value})).value == f"<{written}>"


def test_an_escaped_brace_is_literal_beside_a_placeholder() -> None:
    assert resolve(r"\{{env.name}} is {{env.name}}", Values({"env.name": "dev"})).value == "{{env.name}} is dev"


def test_every_distinct_placeholder_is_looked_up_once() -> None:
    values = Values({"stack.network.subnets": ["a", "b"], "env.name": "dev"})
    value = ["{{stack.network.subnets.0}}", "{{stack.network.subnets.1}}", "{{env.name}}{{ env.name }}", "{{env.name}}"]
    assert resolve(value, values).value == ["a", "b", "devdev", "dev"]
    assert values.asked == {"stack.network.subnets": 1, "env.name": 1}


def test_what_is_missing_is_looked_up_once_too() -> None:
    values = Values({})
    resolve(["{{env.name | default(1)}}", "{{env.name | default(2)}}"], values)
    assert values.asked == {"env.name": 1}


def test_a_default_stands_in_for_what_is_missing_and_is_not_scanned() -> None:
    value = ["{{stack.a1.x | default(null)}}", "-{{stack.a1.x | default('{{env.name}}')}}-"]
    assert resolve(value, Values({})).value == [None, "-{{env.name}}-"]


def test_strict_reports_every_unresolved_placeholder_at_once_with_its_place() -> None:
    value = {"a": "{{stack.network.vpcId}}", "b": ["x{{env.name}}", {"c": "{{stack.network.subnets.5.id}}"}], "d": 1}
    with pytest.raises(ConfigurationError) as raised:
        resolve(value, Values({"stack.network.subnets": [{"id": 1}]}))
    problems = raised.value.problems
    assert [problem.path for problem in problems] == ["a", "b[0]", "b[1].c"]
    assert problems[0].message == "{{stack.network.vpcId}} has no value: stack.network.vpcId is not there."
    assert problems[2].message.endswith("stack.network.subnets has no 5")
    assert "{{env.name}}" in raised.value.message
    assert raised.value.hint


def test_not_strict_leaves_the_text_and_warns() -> None:
    values = Values({"env.name": "dev"})
    resolution = resolve({"a": "{{stack.network.vpcId}}", "b": "{{env.name}} {{env.region}}"}, values, strict=False)
    assert resolution.value == {"a": "{{stack.network.vpcId}}", "b": "dev {{env.region}}"}
    assert [warning.path for warning in resolution.warnings] == ["a", "b"]


def test_malformed_placeholders_are_refused_before_anything_is_looked_up() -> None:
    values = Values({"env.name": "dev"})
    with pytest.raises(ConfigurationError) as raised:
        resolve({"a": "{{env.name}}", "b": "{{env.nam}}"}, values, strict=False)
    assert [problem.path for problem in raised.value.problems] == ["b"]
    assert not values.asked


def test_other_errors_of_the_look_up_pass_through() -> None:
    def denied(placeholder: Placeholder) -> Any:
        raise AccessDenied(f"No access to {placeholder.key}.")

    with pytest.raises(AccessDenied):
        resolve("{{ssm./p | default('x')}}", denied)


def test_a_secret_stays_one_and_makes_the_text_around_it_one() -> None:
    values = Values({"secret.db": Secret("hunter2"), "env.name": "dev", "stack.db.all": {"p": Secret("x")}})
    assert resolve("{{secret.db}}", values).value == Secret("hunter2")
    assert resolve("{{env.name}}:{{secret.db}}", values).value == Secret("dev:hunter2")
    assert resolve("all {{stack.db.all}}", values).value == Secret('all {"p":"x"}')
    assert resolve("{{stack.db.all}}", values).value == {"p": Secret("x")}


def test_what_is_inside_a_secret_is_a_secret() -> None:
    values = Values({"stack.db.login": Secret({"user": "u", "keys": ["k"]})})
    assert resolve("{{stack.db.login.keys.0}}", values).value == Secret("k")
    with pytest.raises(ConfigurationError):
        resolve("{{stack.db.login.other}}", values)


@pytest.mark.parametrize("form", [Secret("p-{{env.name}}"), {"secret": "p-{{env.name}}"}])
def test_placeholders_in_a_secret_are_resolved_and_it_stays_one_secret(form: Any) -> None:
    values = Values({"env.name": "dev", "secret.db": Secret("x")})
    assert resolve({"a": form}, values).value == {"a": Secret("p-dev")}
    assert resolve(Secret("{{secret.db}}"), values).value == Secret("x")


def test_a_path_into_something_missing_says_what_is_missing() -> None:
    with pytest.raises(ConfigurationError) as raised:
        resolve("{{stack.db.login.user}}", Values({}))
    assert raised.value.problems[0].message.endswith("stack.db.login is not there.")
