from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError
from cloud.domain.placeholders import Malformed, Placeholder, escape, occurrences, parse, placeholders, references
from cloud.domain.secret import Secret


def only(text: str) -> Placeholder:
    (part,) = parse(text)
    assert isinstance(part, Placeholder)
    return part


@pytest.mark.parametrize(
    "reference",
    [
        "deployment.id",
        "deployment.org",
        "deployment.project",
        "env.name",
        "env.region",
        "env.account",
        "stack.network.vpcId",
        "aws.account.id",
        "aws.region",
        "aws.azs",
        "aws.vpc.default",
        "aws.ami.al2023-ami-kernel-6.1-x86_64",
        "ssm./path/to.it",
        "secret.db/password",
    ],
)
def test_every_placeholder_of_the_contract_is_read(reference: str) -> None:
    placeholder = only(f"{{{{ {reference} }}}}")
    assert placeholder.key == reference
    assert placeholder.path == ()
    assert not placeholder.has_default


def test_the_output_of_a_stack_may_have_a_path_inside_it() -> None:
    placeholder = only("{{stack.network.subnets.0.id}}")
    assert (placeholder.stack, placeholder.output, placeholder.path) == ("network", "subnets", ("0", "id"))
    assert placeholder.key == "stack.network.subnets"
    assert only("{{env.name}}").stack == ""


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("null", None),
        ("true", True),
        ("3", 3),
        ("-1.5", -1.5),
        ('"a"', "a"),
        ("'it''s'", "it's"),
        ("''", ""),
        ('{"a": {"b": [1]}}', {"a": {"b": [1]}}),
        ("'}} not the end'", "}} not the end"),
        ("'{{env.name}}'", "{{env.name}}"),
    ],
)
def test_a_default_is_json_or_a_text_in_single_quotes(text: str, default: Any) -> None:
    placeholder = only(f"{{{{stack.a1.x|default( {text} ) }}}}")
    assert placeholder.has_default
    assert placeholder.default == default


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{", "a placeholder is not closed"),
        ("{{env.name", "a placeholder is not closed"),
        ("{{}}", "a placeholder is empty"),
        ("{{ .Values.image }}", "unknown placeholder '.Values.image'"),
        ("{{envs.name}}", "unknown placeholder 'envs.name'"),
        ("{{env}}", "unknown placeholder 'env'"),
        ("{{env.nam}}", "unknown placeholder 'env.nam'"),
        ("{{aws.ami.}}", "unknown placeholder"),
        ("{{stack.network}}", "{{stack.network}} is malformed"),
        ("{{stack.Network.vpcId}}", "is malformed"),
        ("{{stack.network.vpc..id}}", "is malformed"),
        ("{{ssm.path}}", "is malformed"),
        ("{{secret.}}", "is malformed"),
        ("{{env.name}", "a placeholder is not closed"),
        ("{{env.name | upper}}", "a placeholder is malformed"),
        ("{{env name}}", "a placeholder is malformed"),
        ("{{env.name | default(dev)}}", "the default of a placeholder is malformed"),
        ("{{env.name | default('dev)}}", "the default of a placeholder is malformed"),
        ("{{env.name | default('dev'}}", "the default of a placeholder is malformed"),
        ("{{env.name | default(NaN)}}", "the default of a placeholder is malformed"),
        ("{{env.name | default(1e999)}}", "the default of a placeholder is malformed"),
        ("{{env.name | default(" + "9" * 5000 + ")}}", "the default of a placeholder is malformed"),
        ("{{env.name | default(" + "[" * 100_000 + ")}}", "the default of a placeholder is malformed"),
        ("{{{env.name}}}", "a placeholder is malformed"),
    ],
)
def test_braces_that_begin_no_placeholder_are_malformed(text: str, message: str) -> None:
    *before, malformed = parse(f"before {text}")
    assert before == ["before "]
    assert isinstance(malformed, Malformed)
    assert malformed.offset == len("before ")
    assert message in malformed.message


def test_a_misspelt_name_brings_the_nearest_one() -> None:
    (item,) = occurrences({"a": "{{deploymnt.id}}"})
    assert item.problem
    assert item.problem.suggestion == "did you mean 'deployment'?"
    assert item.problem.path == "a"


@given(st.text(alphabet=r"{}\ a|.") | st.text())
def test_escaped_text_stands_for_itself(text: str) -> None:
    assert "".join(str(part) for part in parse(escape(text))) == text


@given(st.text(alphabet="{}\\ envstackam.|default('\"1)\n[]") | st.text())
def test_any_text_is_parsed_into_parts_that_say_what_it_is(text: str) -> None:
    parts = parse(text)
    malformed = [part for part in parts if isinstance(part, Malformed)]
    assert len(malformed) <= 1
    for before, after in itertools.pairwise(parts):
        assert not (isinstance(before, str) and isinstance(after, str))
    if not malformed:
        written = "".join(part.raw if isinstance(part, Placeholder) else escape(part) for part in parts)
        assert parse(written) == parts


def test_placeholders_are_found_in_values_lists_and_secrets_but_not_in_keys() -> None:
    value = {
        "{{env.region}}": "{{env.name}}",
        "list": [1, "{{stack.network.vpcId}} and {{stack.network.cidr}}"],
        "form": {"secret": "{{secret.db}}"},
        "wrapped": Secret("{{ssm./p}}"),
        "other": None,
    }
    found = {(item.path, item.found.raw) for item in occurrences(value) if isinstance(item.found, Placeholder)}
    assert found == {
        (("{{env.region}}",), "{{env.name}}"),
        (("list", 1), "{{stack.network.vpcId}}"),
        (("list", 1), "{{stack.network.cidr}}"),
        (("form",), "{{secret.db}}"),
        (("wrapped",), "{{ssm./p}}"),
    }


def test_references_are_the_implicit_dependencies_with_their_outputs() -> None:
    value = {"a": ["{{stack.network.vpcId}}", "{{stack.network.cidr.0}}"], "b": "x{{stack.secrets.arn}}{{env.name}}"}
    assert references(value) == {"network": frozenset({"vpcId", "cidr"}), "secrets": frozenset({"arn"})}
    assert references({"a": 1, "b": r"\{{stack.network.vpcId}}"}) == {}


def test_all_malformed_placeholders_of_a_value_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        placeholders({"a": "{{env.nam}}", "b": [{"c": "{{stack}}"}], "d": "{{env.name}}"})
    assert [problem.path for problem in raised.value.problems] == ["a", "b[0].c"]


@pytest.mark.parametrize("secret", [Secret("p{{hunter2"), {"secret": "p{{hunter2"}, {"secret": ["p{{hunter2 }}"]}])
def test_what_is_malformed_in_a_secret_is_not_quoted(secret: Any) -> None:
    (item,) = occurrences({"password": secret})
    assert item.problem
    assert "hunter2" not in item.problem.render()
    assert "secret" in item.problem.message


def test_long_texts_are_read_like_short_ones() -> None:
    text = "x" * 5_000 + "{{env.name}}"
    assert len(parse(text)) == 2
    assert parse("") == ()
