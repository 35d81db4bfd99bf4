"""A template is filled in once, and stays the YAML that it was, whatever is put in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.domain.document_reader import MAX_BYTES, read_document
from cloud.domain.errors import ConfigurationError
from cloud.domain.template import Template, Variable, VariableType
from cloud.domain.template_expressions import scan
from cloud.domain.template_quoting import flow, quoted
from cloud.domain.template_rendering import position_at, render_manifest, render_text

WRITABLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\"'#:{}[]|>&*! -\\"), max_size=30
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WRITABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WRITABLE.filter(bool), inner, max_size=3),
    max_leaves=6,
)


def template(text: str, **variables: Any) -> Template:
    """With a variable of the fitting type for each default."""
    types = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "map"}
    declared = {
        name.replace("__", "."): Variable(
            name.replace("__", "."), VariableType(types[type(default)]), default=default, has_default=True
        )
        for name, default in variables.items()
    }
    return Template("web", "", declared, text, optional=frozenset(declared))


def rendered(text: str, **variables: Any) -> str:
    return render_manifest(template(text, **variables), {}).text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('a: "{{region}}"', 'a: "us-east-1"'),
        ("a: '{{region}}'", "a: 'us-east-1'"),
        ("a: '{{ region }}'", "a: 'us-east-1'"),
        ('a: "{{accounts.dev}}"', 'a: "111111111111"'),
        ('a: "{{tags.cost_center}}"', 'a: "web"'),
        ('a: "{{zones}}"', "a: 2"),
        ('a: "{{zones}} zones"', 'a: "2 zones"'),
        ('a: "{{on}}"', "a: true"),
        ('a: "{{subnets}}"', 'a: ["a", "b"]'),
        ('a: "{{subnets.1}}"', 'a: "b"'),
        ('a: "{{tags}}"', 'a: {"cost_center": "web"}'),
        ('a: "of {{tags}}"', r'a: "of {\"cost_center\": \"web\"}"'),
        ("a: In {{region}} only", 'a: "In us-east-1 only"'),
        ('"{{region}}": 1', '"us-east-1": 1'),
        ("a: 1  # {{region}}, {{nothing}} and {{", "a: 1  # us-east-1, {{nothing}} and {{"),
        ("# {{on}}\na: 1", "# true\na: 1"),
        ("a: |\n  echo {{region}}\n    {{zones}}\n", "a: |\n  echo us-east-1\n    2\n"),
        ("a: |-\n  {{region}}x", "a: |-\n  us-east-1x"),
        ("a: >\n  in {{region}}\n  now\nb: 1\n", 'a: "in us-east-1 now\\n"\n\n\nb: 1\n'),
        ('a: &x "{{region}}"\nb: *x', 'a: &x "us-east-1"\nb: *x'),
    ],
)
def test_a_variable_becomes_its_value_and_the_rest_stays(text: str, result: str) -> None:
    made = rendered(
        text,
        region="us-east-1",
        accounts__dev="111111111111",
        tags={"cost_center": "web"},
        zones=2,
        on=True,
        subnets=["a", "b"],
    )
    assert made == result


@pytest.mark.parametrize(
    "text",
    [
        'a: "{{stack.network.vpcId}}"',
        "a: '{{stack.region.x | default(\"{{region}}\")}}'",
        'a: "{{env.region}} {{secret.NAME}} {{ssm./a/b}} {{aws.azs}} {{deployment.id}}"',
        "a: '{{stack.network'",
        r'a: "\\{{region}}"',
        r"a: '\{{region}}'",
        "a: 'no braces'",
    ],
)
def test_runtime_placeholders_and_literal_braces_pass_as_they_stand(text: str) -> None:
    assert rendered(text, region="us-east-1") == text


def test_what_was_put_in_is_not_scanned_again() -> None:
    assert rendered('a: "{{x}}{{y}}"', x="{{y}}", y="{{x}}") == 'a: "{{y}}{{x}}"'


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a: '{{tags.owner | default(\"me\")}}'", "a: 'me'"),
        ("a: \"{{tags.owner | default('it''s')}}\"", 'a: "it\'s"'),
        ('a: "{{tags.count | default(3)}}"', "a: 3"),
        ('a: "{{tags.more | default(null)}}"', "a: null"),
        ('a: "{{tags.cost_center | default(3)}}"', 'a: "web"'),
    ],
)
def test_the_default_of_a_place_stands_in_for_what_is_not_there(text: str, result: str) -> None:
    assert rendered(text, tags={"cost_center": "web"}) == result


def test_an_optional_variable_takes_the_default_of_its_place() -> None:
    text = "a: '{{region | default(\"us-east-1\")}}'"
    declared = Template("web", "", {"region": Variable("region")}, text, optional=frozenset({"region"}))
    assert render_manifest(declared, {}).text == "a: 'us-east-1'"
    assert render_manifest(declared, {"region": "eu-west-1"}).text == "a: 'eu-west-1'"


def test_a_key_that_a_map_lacks_is_told_with_its_place() -> None:
    with pytest.raises(ConfigurationError) as caught:
        rendered('a: 1\nb: "{{tags.owner}} {{tags.x.y}} {{list.7}}"', tags={"x": 1}, list=[])
    assert [(item.path, item.line, item.column) for item in caught.value.problems] == [
        ("tags.owner", 2, 5),
        ("tags.x.y", 2, 20),
        ("list.7", 2, 33),
    ]


def test_values_that_would_make_a_huge_manifest_are_refused_before_it_is_made() -> None:
    text = "".join(f'a{number}: "{{{{x}}}}"\n' for number in range(1000))
    with pytest.raises(ConfigurationError) as caught:
        rendered(text, x="x" * (MAX_BYTES // 1000 + 1))
    assert "characters of manifest" in caught.value.problems[0].message


@settings(deadline=None)
@given(value=JSON, text=WRITABLE, style=st.sampled_from(['"', "'", "|", "|-"]))
def test_no_value_changes_anything_but_its_own_place(value: Any, text: str, style: str) -> None:
    """What the manifest holds afterwards is what it held, with the value in its place; also as a part of a longer text."""
    source = 'a: "{{x.y}}"  # {{s}} {{x.y}}\nb: [1, "{{x.y}}"]\n'
    if style.startswith("|"):
        source += f"c: {style}\n    first {{{{s}}}}\n      last\nd: end\n"
        expected = f"first {text}\n  last" + ("" if style == "|-" else "\n")
    else:
        source += f"c: {style}({{{{s}}}}){style}\nd: end\n"
        expected = f"({text})"
    document = read_document(rendered(source, x={"y": value}, s=text), file="m")
    assert document.problems == []
    assert document.value == {"a": value, "b": [1, value], "c": expected, "d": "end"}


@given(st.text(max_size=40), st.text(max_size=20))
def test_a_scan_loses_nothing_and_never_fails(before: str, after: str) -> None:
    text = f"{before}{{{{name}}}}{after}"
    assert all(part is not None for part in scan(text))
    plain = "".join(part for part in scan(before.replace("{", "")) if isinstance(part, str))
    assert plain == before.replace("{", "")


def test_a_place_of_the_manifest_is_found_in_the_template() -> None:
    source = 'a: "{{x}}"  # c\nb: ["{{x}}", "{{x}} long", 1]\n'
    made = render_manifest(template(source, x="twelve chars"), {})
    for marker in ("# c", "b:", "1]"):
        at = position_at(made.text, made.text.index(marker))
        assert made.locate(at.line, at.column) == position_at(source, source.index(marker)), marker
    inside = position_at(made.text, made.text.index("long"))
    assert made.locate(inside.line, inside.column) == position_at(source, source.index('"{{x}} long"'))


def test_files_of_any_kind_are_filled_in_as_text() -> None:
    text = 'class {{class_name}}:\n    name = "{{name}}"  # \\{{stack.{{name}}.x}} {{stack.a.b}}\n'
    assert render_text(text, {"name": "orders", "class_name": "Orders"}, file="x") == (
        'class Orders:\n    name = "orders"  # {{stack.orders.x}} {{stack.a.b}}\n'
    )


def test_every_unknown_variable_of_a_file_is_told_at_once_with_its_place() -> None:
    with pytest.raises(ConfigurationError) as caught:
        render_text("a\n {{nam}} {{}}", {"name": "orders"}, file="x.template")
    assert [problem.render() for problem in caught.value.problems] == [
        "x.template:2:2: the variable 'nam' is not declared (expected one of name; did you mean 'name'?)",
        "x.template:2:10: a placeholder is empty (expected letters, digits and _ in parts with dots between, such as region "
        r"or accounts.dev; write \{{ where a literal {{ is meant)",
    ]


@pytest.mark.parametrize(
    ("text", "raw", "result"),
    [
        ("a\nb\n", "|\n  x\n", "|\n  a\n  b\n"),
        ("a\n\nb", "|-\n  x", "|-\n  a\n\n  b"),
        ("a\n\n", "|+\n  x\n\n", "|+\n  a\n\n"),
        ("a\n\n", "|\n  x\n", '"a\\n\\n"'),
        (" a\n", "|\n  x\n", '" a\\n"'),
        ("a\u2028b\n", "|\n  x\n", '"a\\u2028b\\n"'),
        ("a\n", "|2\n  x\n", '"a\\n"'),
        ("it's", "'x'", "'it''s'"),
        ("a\tb", "'x'", '"a\\tb"'),
    ],
)
def test_a_text_keeps_its_style_where_that_can_hold_it(text: str, raw: str, result: str) -> None:
    assert quoted(text, raw) == result


@pytest.mark.parametrize(("value", "result"), [(1e16, "1.0e+16"), (1.5e-7, "1.5e-07"), (2.0, "2.0")])
def test_numbers_are_written_as_all_versions_of_yaml_read_them(value: float, result: str) -> None:
    assert flow(value) == result
    assert read_document(f"a: {result}", file="m").value == {"a": value}
