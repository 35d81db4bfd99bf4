"""Values of variables: what a text is read as, and what no manifest can hold."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.domain.errors import ConfigurationError
from cloud.domain.template import BUILT_IN, Template, Variable, VariableType
from cloud.domain.template_values import (
    MAX_CHARACTERS,
    declared_for,
    fill,
    look_up,
    read_assignments,
    value_problem,
)

VARIABLES = {
    **BUILT_IN,
    "region": Variable("region", description="AWS region", pattern="[a-z-]+[0-9]"),
    "zones": Variable("zones", VariableType.NUMBER),
    "on": Variable("on", VariableType.BOOLEAN),
    "subnets": Variable("subnets", VariableType.LIST),
    "tags": Variable("tags", VariableType.MAP, default={"a": "1", "b": {"c": 2}}, has_default=True),
    "accounts.dev": Variable("accounts.dev"),
}


def read(*assignments: str) -> tuple[dict[str, Any], list[str]]:
    pairs = [tuple(item.split("=", 1)) for item in assignments]
    values, problems = read_assignments(VARIABLES, pairs)  # type: ignore[arg-type]
    return values, [problem.render() for problem in problems]


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("region=us-1", "us-1"),
        ("region=3", "3"),
        ("region=a=b", "a=b"),
        ("region=", ""),
        ("zones=3", 3),
        ("zones=2.5", 2.5),
        ("on=true", True),
        ("subnets=[a, 1]", ["a", 1]),
        ("tags={x: y}", {"x": "y"}),
        ("accounts.dev=0123", "0123"),
        ("unknown=3", "3"),
        ("tags.d=4", {"a": "1", "b": {"c": 2}, "d": 4}),
        ("tags.d=", {"a": "1", "b": {"c": 2}, "d": ""}),
        ("tags.d='4'", {"a": "1", "b": {"c": 2}, "d": "4"}),
        ("tags.b.d={{secret.x}}", {"a": "1", "b": {"c": 2, "d": "{{secret.x}}"}}),
        ("tags.a.d=1", {"a": {"d": 1}, "b": {"c": 2}}),
    ],
)
def test_a_text_is_read_as_its_variables_type(assignment: str, value: Any) -> None:
    values, problems = read(assignment)
    assert problems == []
    assert values == {
        assignment.split("=")[0].split(".")[0] if "tags." in assignment else assignment.split("=")[0]: value
    }


def test_keys_are_set_over_the_whole_map_that_is_given() -> None:
    assert read("tags.x=1", "tags={y: 2}") == ({"tags": {"y": 2, "x": 1}}, [])


@pytest.mark.parametrize(
    ("assignments", "problem"),
    [
        (["region=a", "region=b"], "region: a value is given twice (expected one)"),
        (["on=yes"], "on: yes is a boolean in YAML 1.1 and a text in YAML 1.2 (write true, or quote the text)"),
        (["zones=99999999999999999999999"], "zones: the number does not fit 64 bits (expected a 64-bit integer"),
        (["subnets=[a"], "subnets: this is not YAML"),
    ],
)
def test_what_cannot_be_read_is_told(assignments: list[str], problem: str) -> None:
    values, problems = read(*assignments)
    assert values == {}
    assert problems[0].startswith(problem)


def test_every_value_that_is_missing_unknown_or_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match="The template web cannot be filled in") as caught:
        fill(
            Template("web", "", VARIABLES, "", optional=frozenset({"subnets", "on"})),
            {"id": "D1", "org": "", "project": "shop", "regoin": "x", "zones": "3"},
        )
    assert [problem.render() for problem in caught.value.problems] == [
        "regoin: the template web has no variable 'regoin' (expected one of id, org, project, region, zones, on, subnets, "
        "tags, accounts.dev; did you mean 'region'?)",
        "id: 'D1' is not a deployment id (expected D and 6 of 0-9 and A-Z, such as D1BRV40)",
        "org: a value is needed (expected 2 to 40 of a-z, 0-9 and hyphen, beginning with a letter and "
        "not ending with a hyphen)",
        "region: a value is needed (expected AWS region, as [a-z-]+[0-9])",
        "zones: this is of another type (expected a number)",
        "accounts.dev: a value is needed (expected a text)",
    ]


def test_an_organisation_has_its_article() -> None:
    problem = value_problem(BUILT_IN["org"], "X")
    assert problem is not None
    assert problem.message == "'X' is not an organisation name"


@pytest.mark.parametrize(
    "value",
    [
        "bell\x07",
        "half \ud800",
        "\x85",
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_texts_that_no_manifest_can_hold_are_refused(value: str) -> None:
    assert value_problem(Variable("x"), value) is not None


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [[float("nan")], [object()], [{"a\x00": 1}], [["\x07"]], nested(50), nested(5_000)])
def test_so_are_lists_with_such_values_or_too_deep(value: Any) -> None:
    assert value_problem(Variable("x", VariableType.LIST), value) is not None


def test_long_values_are_shortened_in_what_is_told() -> None:
    problem = value_problem(Variable("x", choices=("a", "b")), "y" * 500)
    assert problem is not None
    assert len(problem.message) < 100


def test_a_value_is_found_by_the_longest_name_that_is_declared() -> None:
    assert declared_for("accounts.dev", VARIABLES) == ("accounts.dev", ())
    assert declared_for("tags.a.b", VARIABLES) == ("tags", ("a", "b"))
    assert declared_for("region.x", VARIABLES) is None
    assert declared_for("accounts", VARIABLES) is None


def test_a_path_leads_through_maps_and_lists() -> None:
    value = {"a": [{"b": None}], "1": "x"}
    assert look_up(value, ("a", "0", "b")) == (True, None)
    assert look_up(value, ("1",)) == (True, "x")
    for path in (("a", "1"), ("a", "-1"), ("a", "²"), ("a", "99999999999999999999"), ("1", "0"), ("c",)):
        assert look_up(value, path) == (False, None)
