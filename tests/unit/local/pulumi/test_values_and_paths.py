"""Property values on the wire, property paths, and differences."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from cloud_local.pulumi.diffs import Changes, DiffKind, compare, identical, ignore_changes
from cloud_local.pulumi.property_paths import contains, format_path, parse_path
from cloud_local.pulumi.values import (
    OUTPUT_KIND,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_MARK,
    Secret,
    annotate_secrets,
    from_wire,
    has_unknown,
    masked,
    reveal,
    to_wire,
)

_leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8) | st.just(UNKNOWN)
_texts = st.text(max_size=5).filter(lambda key: key != SIGNATURE)
_plain = st.recursive(_leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(_texts, v, max_size=3), max_leaves=8)
_values = _plain | _plain.map(Secret)


@given(st.dictionaries(_texts, _values, max_size=4))
def test_what_is_encoded_is_decoded_to_the_same(properties: dict[str, Any]) -> None:
    assert identical(from_wire(to_wire(properties)), properties)


@given(st.dictionaries(_texts, _values, max_size=4))
def test_masking_leaves_no_secret_and_revealing_no_mark(properties: dict[str, Any]) -> None:
    assert "Secret" not in repr(masked(properties))
    assert "Secret" not in repr(reveal(properties))


def test_receivers_without_secrets_get_the_bare_value() -> None:
    assert from_wire(to_wire({"a": Secret({"b": 1})}, keep_secrets=False)) == {"a": {"b": 1}}


def test_an_output_is_reduced_to_its_value_and_its_dependencies_are_told() -> None:
    struct = struct_pb2.Struct()
    struct.update({"a": {SIGNATURE: OUTPUT_KIND, "value": 1, "secret": True, "dependencies": ["urn:x"]}})
    struct.update({"b": {SIGNATURE: OUTPUT_KIND}})
    dependencies: dict[str, set[str]] = {}
    assert from_wire(struct, dependencies) == {"a": Secret(1), "b": UNKNOWN}
    assert dependencies == {"a": {"urn:x"}, "b": set()}


def test_an_unknown_inside_a_longer_string_is_just_text() -> None:
    assert not has_unknown(from_wire(to_wire({"a": f"x{UNKNOWN_MARK}"})))


def test_outputs_become_secret_where_their_inputs_are() -> None:
    outputs = {"a": 1, "b": {"c": 2, "d": 3}, "e": 4}
    annotate_secrets(outputs, {"a": Secret(1), "b": {"c": Secret(2)}, "z": Secret(0)})
    assert outputs == {"a": Secret(1), "b": {"c": Secret(2), "d": 3}, "e": 4}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ["a"]),
        ("a.b[0].c", ["a", "b", 0, "c"]),
        ('a["b.c"]', ["a", "b.c"]),
        ("a[*].b", ["a", "*", "b"]),
        ("[0]", [0]),
    ],
)
def test_paths_are_parsed(text: str, path: list[str | int]) -> None:
    assert parse_path(text) == path
    assert format_path(path).replace(".*", "[*]") in (text, text.replace("[*]", '["*"]'))


@pytest.mark.parametrize("text", ["a[", "a]", "a[x", "a..b"])
def test_malformed_paths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid property path"):
        parse_path(text)


def test_a_path_contains_what_is_below_it() -> None:
    assert contains(["a"], ["a", "b"])
    assert contains(["a", "*"], ["a", 3, "x"])
    assert not contains(["a", "b"], ["a"])


def test_ignored_changes_are_set_back_added_or_removed() -> None:
    old = {"a": {"x": 1, "y": 2}, "l": [{"p": 1}, {"p": 2}]}
    new = {"a": {"x": 9, "z": 3}, "l": [{"p": 8}, {"p": 9}]}
    kept, invalid = ignore_changes(new, old, ["a.x", "a.y", "a.z", "l[*].p"])
    assert kept == old
    assert invalid == []
    assert new["a"] == {"x": 9, "z": 3}


def test_a_path_into_something_that_was_added_cannot_be_ignored() -> None:
    _, invalid = ignore_changes({"a": {"b": {"c": 1}}}, {"a": {}}, ["a.b.c"])
    assert invalid == ["a.b.c"]


def test_the_engines_own_diff_names_each_changed_place() -> None:
    diff = compare({"a": 1, "b": [1, 2], "c": Secret("x")}, {"a": 2, "b": [1], "c": "x", "d": {}})
    assert diff.changes is Changes.SOME
    assert diff.changed_keys == ["a", "b", "d"]
    assert diff.detailed is not None
    kinds = {path: entry.kind for path, entry in diff.detailed.items()}
    assert kinds == {"a": DiffKind.UPDATE, "b[1]": DiffKind.DELETE, "d": DiffKind.ADD}
    assert diff.inverted().detailed is not None
    assert compare({"a": True}, {"a": 1}).changes is Changes.SOME
    assert compare({"a": 1}, {"a": 1.0}).changes is Changes.NONE
