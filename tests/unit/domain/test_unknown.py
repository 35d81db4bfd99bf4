"""What a preview can't know, and how it spreads through the resolution of placeholders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError, NotFound
from cloud.domain.placeholders import Placeholder
from cloud.domain.placeholders_resolution import resolve
from cloud.domain.secret import Secret
from cloud.domain.unknown import Unknown, until_deployed, waits_for

NETWORK = Unknown(frozenset({"network"}))
DNS = Unknown(frozenset({"dns"}))
NOWHERE = Unknown(frozenset({"gone"}), is_planned=False)
VALUES: dict[str, Any] = {
    "stack.network.vpcId": NETWORK,
    "stack.dns.zone": DNS,
    "stack.gone.id": NOWHERE,
    "stack.app.name": "app",
    "secret.db": Secret("hunter2"),
}


def lookup(placeholder: Placeholder) -> Any:
    if placeholder.key not in VALUES:
        raise NotFound("no such output")
    return VALUES[placeholder.key]


def resolved(value: Any) -> Any:
    return resolve(value, lookup).value


def test_an_unknown_stands_where_the_placeholder_stood() -> None:
    assert resolved({"a": "{{stack.network.vpcId}}", "b": ["{{stack.app.name}}"]}) == {"a": NETWORK, "b": ["app"]}


@given(st.text(st.characters(exclude_characters="{}\\")), st.text(st.characters(exclude_characters="{}\\")))
def test_a_text_with_an_unknown_in_it_is_unknown_and_nothing_of_the_text_remains(before: str, after: str) -> None:
    text = f"{before}{{{{stack.network.vpcId}}}}{after} {{{{stack.dns.zone}}}}{{{{stack.app.name}}}}"
    assert resolved(text) == Unknown(frozenset({"network", "dns"}))


def test_what_is_inside_an_unknown_is_unknown() -> None:
    assert resolved("{{stack.network.vpcId.arn.0}}") == NETWORK


def test_an_unknown_beside_a_secret_stays_secret() -> None:
    assert resolved("{{secret.db}}@{{stack.dns.zone}}") == Secret(DNS)
    assert resolved({"secret": "{{stack.dns.zone}}"}) == Secret(DNS)


def test_a_default_counts_only_where_no_deploy_would_find_anything_else() -> None:
    assert resolved("{{stack.gone.id | default(null)}}") is None
    assert resolved("{{stack.gone.id}}") == NOWHERE
    assert resolved("{{stack.network.vpcId | default(null)}}") == NETWORK


def test_what_is_missing_is_still_a_problem_and_not_unknown() -> None:
    with pytest.raises(ConfigurationError, match="nothing"):
        resolved("{{stack.network.nothing}} {{stack.network.vpcId}}")
    left = resolve("{{stack.network.nothing}} {{stack.network.vpcId}}", lookup, strict=False)
    assert left.value == NETWORK


@pytest.mark.parametrize(
    ("value", "stacks"),
    [
        (NETWORK, {"network"}),
        ({"a": [NETWORK, {"b": (DNS, 1)}]}, {"network", "dns"}),
        (Secret({"a": DNS}), {"dns"}),
        ({"a": [1, "x", None], "b": Secret("x")}, set()),
        ({}, set()),
        ([], set()),
    ],
)
def test_a_value_waits_for_the_stacks_of_every_unknown_in_it(value: Any, stacks: set[str]) -> None:
    assert waits_for(value) == stacks


@pytest.mark.parametrize(
    ("stacks", "text"),
    [
        ([], ""),
        (["network"], "not previewable until network is deployed"),
        (["b", "a", "b"], "not previewable until a and b are deployed"),
        (["c", "b", "a"], "not previewable until a, b and c are deployed"),
    ],
)
def test_what_is_waited_for_is_told_in_order(stacks: list[str], text: str) -> None:
    assert until_deployed(stacks) == text
