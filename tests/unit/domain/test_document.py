"""YAML as it is read: what it means, where it stands, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain import document_reader
from cloud.domain.document import Document, Position, format_path
from cloud.domain.document_reader import read_document, read_value

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


def read(text: str | bytes) -> Document:
    return read_document(text, file="f.yaml")


def refused(text: str | bytes) -> str:
    document = read(text)
    assert document.value is None or document.problems
    return document.problems[0].message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x", "x"),
        ("'3'", "3"),
        ("3", 3),
        ("-3", -3),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1.5e+3", 1500.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2012-10-17", "2012-10-17"),
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("1.2.3", "1.2.3"),
        ("8080:80", "8080:80"),
        ("=", "="),
        ("-", [None]),
        ("+x", "+x"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("[1, {b: c}]", [1, {"b": "c"}]),
    ],
)
def test_values_are_what_json_has(text: str, value: Any) -> None:
    document = read_value(text, file="f.yaml")
    assert document.problems == []
    assert document.ambiguous == {}
    assert document.value == value
    assert type(document.value) is type(value)


@given(st.dictionaries(st.text(min_size=1), json_values))
def test_every_json_text_is_read_as_json_reads_it(value: dict[str, Any]) -> None:
    document = read(json.dumps(value))
    if document.problems:  # JSON may hold characters that YAML does not allow in any place
        assert "not YAML" in document.problems[0].message
    else:
        assert document.value == value


@pytest.mark.parametrize(
    "text",
    ["yes", "No", "on", "OFF", "0123", "-012", "1_000", "0b1", "0o17", "0xF_F", "12:30", "1:30:00.5", "1e3", "1.0e3", "1.5_0"],
)  # fmt: skip
def test_what_the_versions_of_yaml_read_differently_is_noted_and_taken_as_text(text: str) -> None:
    document = read(f"a: [1, {text}]\nb: '{text}'\n")
    assert document.value == {"a": [1, text], "b": text}
    (problem,) = document.ambiguous.values()
    assert (problem.path, problem.line, problem.column) == ("a[1]", 1, 8)
    assert problem.suggestion


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# only a comment", "the file is empty"),
        ("null", "the file is empty"),
        ("- a", "the file holds a list"),
        ("a", "the file holds a single value"),
        ("a: 1\n---\nb: 1", "the file holds several documents"),
        ("a: 1\n...\n---\nb: 1", "the file holds several documents"),
        ("a: [", "this is not YAML"),
        ("a: b: c", "this is not YAML"),
        ("a:\n\tb: 1", "this is not YAML"),
        ("%YAML 3.0\n---\na: 1", "this is not YAML"),
        ("a: *b", "*b refers to no anchor"),
        ("a: &a [*a]", "the anchor &a holds itself"),
        ("a: &a {b: {c: *a}}", "the anchor &a holds itself"),
        ("a: !!python/object:os.system x", "the tag 'tag:yaml.org,2002:python/object:os.system' is not supported"),
        ("a: !!str 3", "the tag 'tag:yaml.org,2002:str' is not supported"),
        ("a: !Ref x", "the tag '!Ref' is not supported"),
        ("a: &a {b: 1}\nc:\n  <<: *a", "merge keys (<<) are not supported"),
        ("1: a", "the key '1' is not a text"),
        ("true: a", "the key 'true' is not a text"),
        ("null: a", "the key 'null' is not a text"),
        ("1.5: a", "the key '1.5' is not a text"),
        (".nan: a", "the key '.nan' is not a text"),
        ("0123: a", "the key '0123': the versions of YAML disagree"),
        ("no: a", "the key 'no': no is a boolean in YAML 1.1"),
        ("'': a", "a key is empty"),
        ("? [a]\n: b", "a key is a list"),
        ("a: {{stack.network.vpcId}}", "a key is a map"),
        ("a: &a x\n*a : b", "a key is an alias"),
        ("a: .inf", ".inf is not a number in JSON"),
        ("a: -.INF", "-.INF is not a number in JSON"),
        ("a: .NaN", ".NaN is not a number in JSON"),
        ("a: 1.0e+999", "the number is too large"),
        ("a: 9223372036854775808", "the number does not fit 64 bits"),
        ("a: " + "9" * 100_000, "the number does not fit 64 bits"),
        ("a: 1\nb: 2\na: 3", "the key 'a' is given twice, first in line 1, column 1"),
        (b"a: \xff", "the file is not UTF-8"),
        ("a: 1".encode("utf-16"), "the file is not UTF-8"),
        ("a: \ud800", "the text holds half of a surrogate pair"),
        ('a: "\\ud800"', "this is not YAML"),
        ("a: \x00", "the control character U+0000 is not allowed"),
        ("a: \x1b[31m", "the control character U+001B is not allowed"),
        ("[" * 100_000, "the file is nested more than 40 deep here"),
        ("{" * 100_000, "a key is a map"),
        ("- " * 100_000, "the file is nested more than 40 deep here"),
        ("a: '" + "x" * 1024 * 1024 + "'", "the file has 1,048,581 bytes"),
    ],
)
def test_what_is_not_plain_and_clear_is_refused(text: str | bytes, message: str) -> None:
    assert refused(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: &b [1, *b]", 2, 11),
        ("a: 1\nb: 2\n a: 3", 3, 3),
        ("a: 1\nbé: \x07", 2, 5),
        (b"a: 1\nb\xc3\xa9: \xff", 2, 5),
        ("a:\n  b: 1\n  b: 2", 3, 3),
        ("\ufeffa: .nan", 1, 4),
    ],
)
def test_a_refusal_names_line_and_column(text: str | bytes, line: int, column: int) -> None:
    (problem,) = read(text).problems
    assert (problem.file, problem.line, problem.column) == ("f.yaml", line, column)


def test_tabs_and_unquoted_placeholders_bring_the_way_out() -> None:
    assert "spaces" in read("a:\n\tb: 1").problems[0].suggestion
    assert '"{{stack.network.vpcId}}"' in read("a: {{stack.network.vpcId}}").problems[0].suggestion


def test_anchors_are_read_when_they_stay_small() -> None:
    document = read("a: &a {b: [1, 2]}\n&k c: *a\nd: *k\n")
    assert document.problems == []
    assert document.value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": "c"}
    assert document.locate(("c", "b", 1)) == Position(1, 15)


def test_aliases_of_aliases_are_refused_with_the_figure() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    (problem,) = read("\n".join(lines)).problems
    assert "expands to 2" in problem.message
    assert problem.expected == "at most 200,000 values"


def test_aliases_of_long_texts_are_refused_with_the_figure() -> None:
    (problem,) = read(f"a: &a '{'x' * 900_000}'\nb: [{', '.join(['*a'] * 100)}]").problems
    assert "characters" in problem.message
    assert problem.expected == "at most 8,388,608 characters"


def test_depth_counts_what_an_alias_stands_for() -> None:
    deep = "[" * 30 + "]" * 30
    (problem,) = read(f"a: &a {deep}\nb: {'[' * 20}*a{']' * 20}").problems
    assert "nested more than 40" in problem.message


def test_reading_goes_on_after_what_is_refused() -> None:
    document = read("no: {x: 1}\na: 1\na: [2]\n? {b: c}\n: d\n&x e: *x\n1: {<<: {f: g}}\nh: i\n")
    assert document.value == {"a": 1, "e": "e", "h": "i"}
    assert [problem.line for problem in document.problems] == [1, 3, 4, 7, 7]


def test_more_problems_than_anybody_reads_are_counted() -> None:
    document = read("a: 1\n" * 1_000)
    assert len(document.problems) == document_reader.MAX_PROBLEMS
    assert len(document.problems) + document.dropped == 999
    many = read(f"a: [{'no, ' * 1_000}]")
    assert len(many.ambiguous) == document_reader.MAX_PROBLEMS


def test_values_and_keys_are_found_again_by_their_path() -> None:
    document = read("a:\n  b: [x, {c: 1}]\n")
    assert document.at(("a", "b", 1, "c")) == 1
    assert document.at(("a", "x", "y")) is None
    assert document.locate(("a", "b", 1, "c")) == Position(2, 14)
    assert document.locate(("a", "b", 1, "c"), key=True) == Position(2, 11)
    assert document.locate(("a", "b", 7)) == Position(2, 6)
    assert read("[").locate(("a",)) == Position(1, 1)


def test_paths_are_written_with_dots_and_brackets() -> None:
    assert format_path(("stacks", "network", "dependencies", 0)) == "stacks.network.dependencies[0]"
    assert format_path((0, "a")) == "[0].a"


@given(st.text() | st.binary() | st.text(alphabet="ab:-[]{}&*!|>'\"%@`#?,\n \t<~.01\\"))
def test_any_input_is_read_or_refused(text: str | bytes) -> None:
    document = read(text)
    assert document.value is not None or document.problems
