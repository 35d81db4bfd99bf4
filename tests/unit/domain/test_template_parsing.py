"""Templates: every problem of both files at once, with its place; what is hostile is refused; what is good is tried."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cloud.domain.errors import ConfigurationError
from cloud.domain.template import Template
from cloud.domain.template_parsing import CheckedTemplate, check_template, make_manifest, parse_template, samples
from cloud.domain.template_schema import schema_text

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "template.schema.json"

DECLARED = """\
version: 1
description: A web shop
variables:
  region: {description: AWS region, pattern: "[a-z]{2}(-[a-z]+)+-[0-9]", default: us-east-1}
  accounts.dev: {pattern: "[0-9]{12}", example: "111111111111"}
  zones: {type: number, default: 2, choices: [2, 3]}
  tags: {type: map, default: {cost_center: web}}
"""
TEXT = """\
version: 1
deployment: {id: "{{id}}", org: "{{org}}", project: "{{project}}", tags: {cost: "{{tags.cost_center}}"}}
environments:
  dev: {account: "{{accounts.dev}}", region: "{{region}}"}
stacks:
  network: {config: {az_count: "{{zones}}"}}
"""


def check(declared: str | bytes = DECLARED, text: str | bytes = TEXT) -> CheckedTemplate:
    return check_template("web", declared, text, file="template.yaml", manifest_file="m")


def problems(declared: str | bytes = DECLARED, text: str | bytes = TEXT) -> list[str]:
    return [problem.render() for problem in check(declared, text).problems]


def good(declared: str = DECLARED, text: str = TEXT) -> Template:
    checked = check(declared, text)
    assert [problem.render() for problem in checked.problems] == []
    assert checked.template is not None
    return checked.template


def test_a_good_template_has_neither_problems_nor_warnings_and_makes_a_manifest() -> None:
    template, warnings = parse_template("web", DECLARED, TEXT, file="t", manifest_file="m")
    assert warnings == []
    text, checked = make_manifest(template, {**samples(template), "accounts.dev": "222222222222", "zones": 3})
    assert checked.manifest is not None
    assert checked.manifest.environment("dev").account == "222222222222"
    assert checked.manifest.stack("network").config == {"az_count": 3}
    assert text.splitlines()[0] == "version: 1"


def test_bytes_with_a_mark_at_their_beginning_are_read() -> None:
    template = check(DECLARED.encode(), b"\xef\xbb\xbf" + TEXT.encode()).template
    assert template is not None
    assert template.text == TEXT


def test_every_problem_of_both_files_is_told_at_once_with_its_place() -> None:
    declared = "version: 2\nvariables:\n  region: {defalt: x}\n  zones: {type: int}\n"
    text = 'version: 1\nname: {{project}}\nx: "{{regon}}"\ny: "{{"\n'
    assert problems(declared, text) == [
        "template.yaml:1:10: version: 2 is not known here (expected 1)",
        "template.yaml:3:12: variables.region.defalt: unknown key (expected one of type, description, pattern, choices, "
        "default, example; did you mean 'default'?)",
        "template.yaml:4:17: variables.zones.type: 'int' is not known here (expected 'string', "
        "'number', 'boolean', 'list' or 'map')",
        'm:2:8: name: a key is a map (expected a text; a placeholder must be in quotes: "{{stack.network.vpcId}}")',
        "m:3:5: the variable 'regon' is not declared (expected one of id, org, project)",
        r"m:4:5: a placeholder is not closed (expected }} at its end; write \{{ where a literal {{ is meant)",
    ]


def test_an_undeclared_variable_is_told_with_line_column_and_the_nearest_name() -> None:
    text = TEXT.replace('"{{region}}"', "'{{regoin}}'").replace('"{{zones}}"', '"a \\" {{x.y}} {{}}"')
    assert problems(text=text) == [
        "m:4:47: the variable 'regoin' is not declared (expected one of id, org, project, region, accounts.dev, zones, tags; "
        "did you mean 'region'?)",
        "m:6:38: the variable 'x.y' is not declared (expected one of id, org, project, region, accounts.dev, zones, tags)",
        "m:6:46: a placeholder is empty (expected letters, digits and _ in parts with dots between, such as region or "
        r"accounts.dev; write \{{ where a literal {{ is meant)",
    ]


def test_a_variable_that_is_declared_wrongly_is_told_once() -> None:
    assert len(problems(DECLARED.replace("type: map, default", "type: maps, default"))) == 1


def test_only_maps_and_lists_are_reached_into() -> None:
    assert "the variable 'region.x' is not declared" in problems(text=TEXT.replace("{{region}}", "{{region.x}}"))[0]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("zones: {type: number, default: x}", "variables.zones.default: this is of another type (expected a number)"),
        ("zones: {type: number, default: true}", "of another type (expected a number)"),
        ("zones: {default: 2}", "variables.zones.default: this is of another type (expected a text)"),
        ("zones: {type: boolean, default: 'true'}", "expected true or false"),
        ("zones: {type: list, default: a}", "expected a list, such as [a, b]"),
        ("zones: {default: null}", "expected a text"),
        (
            "zones: {choices: [a, b], default: c}",
            "variables.zones.default: 'c' is none of the choices (expected one of a, b)",
        ),
        ("zones: {choices: [a, 1]}", "variables.zones.choices[1]: this is of another type"),
        ("zones: {pattern: '[a-z]', default: A}", "'A' is not of its form (expected a text, as [a-z])"),
        ("zones: {pattern: '[a-z]', default: a, example: '1'}", "variables.zones.example: '1' is not of its form"),
        ("zones: {pattern: 'a(', default: a}", "variables.zones.pattern: this is no pattern: unclosed group"),
        ("zones: {pattern: '(?=a)a', default: a}", "without look-around"),
        ("zones: {pattern: 'a{1000}{1000}', default: a}", "this is no pattern"),
        (
            "zones: {type: number, pattern: a, default: 1}",
            "variables.zones.pattern: a number has no pattern (remove it)",
        ),
        ("zones: {type: map, choices: [1], default: {}}", "variables.zones.choices: a map has no choices (remove it)"),
        (
            "zones: {}",
            "variables.zones: nothing says what a value looks like (expected a default, choices, or an example",
        ),
        ("zones: {default: no}", "no is a boolean in YAML 1.1 and a text in YAML 1.2"),
        ("zones:", "variables.zones: this is null (expected a map"),
        ('zones: {default: "a\\x07"}', "the value has control characters"),
        ("id: {default: D000000}", "variables.id: id is always there (remove it, or rename it)"),
        ("org.name: {default: x}", "org is always there"),
        ("env.size: {default: x}", "variables.env.size: env is a namespace of runtime placeholders"),
        ("tags.x: {default: x}", "variables.tags.x: the variable 'tags' hides this one (rename one)"),
        ("Zones: {default: x}", "'Zones' is not the name of a variable"),
    ],
)
def test_what_a_declaration_must_not_say(line: str, complaint: str) -> None:
    declared = DECLARED.replace("  zones: {type: number, default: 2, choices: [2, 3]}\n", f"  {line}\n")
    found = [item for item in problems(declared) if complaint in item]
    assert found, problems(declared)
    assert found[0].startswith("template.yaml:6:")


def test_a_variable_that_stands_nowhere_without_a_default_needs_no_value() -> None:
    declared = DECLARED.replace(", default: us-east-1", "")
    text = TEXT.replace('"{{region}}"', "'{{region | default(\"eu-west-1\")}}'")
    template = good(declared, text)
    assert not template.is_required("region")
    assert template.is_required("accounts.dev")
    assert "region: 'eu-west-1'" in make_manifest(template, samples(template))[0]


def test_a_default_in_the_wrong_quotes_is_told_how_to_write_it() -> None:
    text = TEXT.replace('"{{region}}"', '"{{region | default("eu-west-1")}}"')
    assert "inside double quotes write default('…')" in problems(text=text)[0]
    assert problems(text=text.encode()) == problems(text=text)


def test_a_variable_that_is_not_used_is_a_warning() -> None:
    checked = check(text=TEXT.replace('"{{zones}}"', "2").replace("version: 1\n", "version: 1 # {{region}}\n"))
    assert [warning.render() for warning in checked.warnings] == [
        "template.yaml:6:3: variables.zones: the manifest does not use this variable"
    ]


def test_the_manifest_is_tried_and_its_problems_are_told_by_their_places_in_the_template() -> None:
    text = TEXT.replace("network:", "net_work:").replace('region: "{{region}}"}', 'region: "{{region}}", a: 1}')
    assert problems(text=text) == [
        f"m:4:{text.splitlines()[3].index('a: 1') + 1}: environments.dev.a: unknown key "
        "(expected one of enabled, account, region, role_arn, config, tags, developers, "
        "approval)",
        "m:6:3: stacks.net_work: 'net_work' is not a stack name (expected 2 to 40 of a-z, 0-9 and hyphen, beginning "
        "with a letter and not ending with a hyphen)",
    ]


def test_of_very_many_problems_the_last_counts_the_others() -> None:
    text = TEXT + "".join(f"  stack-{number}: {{x: 1}}\n" for number in range(150))
    found = problems(text=text)
    assert len(found) == 101
    assert found[-1] == "m: and 50 more"


def test_its_warnings_are_told_too() -> None:
    text = TEXT.replace("network: {", "network: {}\n  notes: {config: {v: '{{stack.network.vpcId}}'}, ").replace(
        'config: {az_count: "{{zones}}"}', 'tags: {z: "{{zones}} zones"}'
    )
    (warning,) = check(text=text).warnings
    assert (warning.file, warning.line) == ("m", 7)


def test_a_value_that_its_map_lacks_is_told_when_it_is_tried() -> None:
    (problem,) = problems(text=TEXT.replace("tags.cost_center", "tags.owner"))
    assert problem.startswith("m:2:82: tags.owner: the value has no tags.owner")


@pytest.mark.parametrize("name", ["id", "org", "project"])
def test_the_manifest_has_to_be_of_the_deployment_that_is_made(name: str) -> None:
    other = {"id": "D999999"}.get(name, "other")
    (problem,) = problems(text=TEXT.replace(f'"{{{{{name}}}}}"', other))
    assert f'deployment.{name}: this has to be the deployment\'s (expected "{{{{{name}}}}}")' in problem


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (DECLARED, TEXT.replace("network", '"../../etc"')),
        (DECLARED, TEXT.replace("config:", 'source: "../../etc", config:')),
        (DECLARED, TEXT.replace("config:", "source: /etc, config:")),
        (
            DECLARED,
            "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [{'*a, ' * 9}*{f'b{n - 1}' if n else 'a'}]\n" for n in range(9)),
        ),
        (DECLARED, TEXT + "#" * 1024 * 1024),
        (DECLARED + "#" * 1024 * 1024, TEXT),
        (DECLARED, "[" * 100_000),
        (DECLARED, b"\xff\xfe\x00"),
        (b"\xff", TEXT),
        ("!!python/object/apply:os.system [x]", TEXT),
        ("- a", TEXT),
        ("", ""),
        ("version: 1\nvariables: [a]", TEXT),
        ("version: 1\nvariables: {}\n" + "".join(f"x{n}: 1\n" for n in range(300)), TEXT),
        ("version: 1\nvariables:\n" + "".join(f"  v{n}: {{default: a}}\n" for n in range(300)), TEXT),
    ],
)
def test_what_is_hostile_or_no_template_at_all_is_refused_soon(declared: str | bytes, text: str | bytes) -> None:
    before = time.process_time()
    checked = check(declared, text)
    assert checked.template is None
    assert 0 < len(checked.problems) <= 203
    assert time.process_time() - before < 10


def test_a_pattern_cannot_keep_anybody_busy() -> None:
    declared = DECLARED.replace("[a-z]{2}(-[a-z]+)+-[0-9]", "(a+)+b").replace("us-east-1", "aab")
    before = time.process_time()
    complaint = problems(declared.replace("aab", "a" * 50_000))
    assert any("is not of its form" in item for item in complaint)
    assert time.process_time() - before < 5


def test_the_error_carries_every_problem_and_counts_them() -> None:
    with pytest.raises(ConfigurationError, match="The template web has 2 problems"):
        parse_template("web", "version: 2\nx: 1\n", TEXT.replace("{{", "\\\\{{"), file="t", manifest_file="m")
    with pytest.raises(ConfigurationError, match="one problem"):
        parse_template("web", DECLARED + "x: 1\n", TEXT, file="t", manifest_file="m")


def test_as_json_a_template_says_what_it_needs() -> None:
    said = good().to_dict()
    assert [(item["name"], item["required"]) for item in said["variables"]] == [
        ("id", False),
        ("org", True),
        ("project", True),
        ("region", False),
        ("accounts.dev", True),
        ("zones", False),
        ("tags", False),
    ]
    assert said["variables"][5] == {
        "name": "zones",
        "type": "number",
        "description": "",
        "choices": [2, 3],
        "default": 2,
        "required": False,
    }


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_makes_the_check_fail(declared: str, text: str) -> None:
    assert check(declared, text).template is None


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text() == schema_text(), (
        "write it anew: python -m cloud.domain.template_schema > docs/reference/template.schema.json"
    )


def test_the_command_that_publishes_prints_the_schema() -> None:
    command = [sys.executable, "-m", "cloud.domain.template_schema"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == schema_text()


def test_the_schema_takes_what_the_parser_takes() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text()))
    Draft202012Validator(json.loads(schema_text())).validate(yaml.safe_load(DECLARED))


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"extra": 1},
        {"variables": {"Region": {}}},
        {"variables": {"a": {"type": "int"}}},
        {"variables": {"a": {"defalt": 1}}},
        {"description": 1},
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(wrong: dict[str, Any]) -> None:
    document = {"version": 1, **wrong}
    assert not Draft202012Validator(json.loads(schema_text())).is_valid(document)
    assert check(json.dumps(document)).template is None
