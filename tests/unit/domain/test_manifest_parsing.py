"""From a file to a manifest, or to every problem in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.manifest import Manifest, StackEnvironment
from cloud.domain.manifest_parsing import check_manifest, parse_manifest
from cloud.domain.operations import OnFailure

WHOLE = """\
version: 1
deployment: {id: D1BRV40, org: acme-corp, project: ecommerce, description: "", tags: {cost-center: web}}
environments:
  dev:   {enabled: true,  account: "111111111111", region: us-east-1, config: {a: 1}, tags: {x: y}, developers: allow}
  stage: {enabled: false, account: "222222222222", region: us-east-1, role_arn: arn:aws:iam::222222222222:role/deployer}
  prod:  {enabled: false, account: "333333333333", region: us-gov-west-1, approval: required}
defaults: {size: small}
stacks:
  network:
    source: stacks/network
    dependencies: []
    optional_dependencies: []
    layer: 1
    enabled: true
    tags: {team: net}
    executor: auto
    timeout: 30m
    config: {cidr: 10.0.0.0/16}
    environments: {prod: {config: {cidr: 10.64.0.0/16}, timeout: 1h, executor: codebuild, enabled: false, tags: {a: b}}}
    fingerprint: off
    max_age: 12h
    include: [shared, ./lib/]
  database-rds:
    source: ./programs/rds/
    dependencies: [network]
    config: {vpc_id: "{{stack.network.vpcId}}"}
    environments: {prod: {enabled: false}}
policy: {on_failure: continue, max_parallel: 20, strict_layers: true}
"""

HEAD = """\
version: 1
deployment: {id: D1BRV40, org: acme-corp, project: ecommerce}
environments: {dev: {account: "111111111111", region: us-east-1}}
"""


def problems_of(text: str | bytes) -> list[Problem]:
    checked = check_manifest(text)
    assert checked.manifest is None
    assert checked.problems
    return checked.problems


def problem_of(text: str) -> Problem:
    (problem,) = problems_of(text)
    return problem


def stacks(line: str, *, environments: str = "") -> str:
    """A manifest with one stack, in its sixth line."""
    head = HEAD.splitlines()
    if environments:
        head[2] = f"environments: {environments}"
    return "\n".join([*head, "defaults: {}", "stacks:", f"  {line}", ""])


def test_the_manifest_of_the_contract_is_read() -> None:
    manifest = parse_manifest(WHOLE)
    assert manifest.deployment.id == "D1BRV40"
    assert manifest.deployment.tags == {"cost-center": "web"}
    assert manifest.environment("dev").developers == "allow"
    assert manifest.environment("stage").role_arn.endswith("role/deployer")
    assert manifest.environment("prod").approval == "required"
    network = manifest.stack("network")
    assert (network.source, network.layer, network.fingerprint, network.max_age_seconds) == (
        "stacks/network", 1, False, 43_200,
    )  # fmt: skip
    assert network.include == ("shared", "lib")
    assert manifest.stack("database-rds").source == "programs/rds"
    assert manifest.policy.on_failure is OnFailure.CONTINUE
    assert (manifest.policy.max_parallel, manifest.policy.strict_layers) == (20, True)


def test_what_is_left_out_has_its_default() -> None:
    manifest = parse_manifest(stacks("network: {}"))
    network = manifest.stack("network")
    assert (network.source, network.executor, network.timeout_seconds) == ("stacks/network", "auto", 1800)
    assert (network.fingerprint, network.max_age_seconds, network.layer) == (True, 86_400, None)
    assert manifest.policy.on_failure is OnFailure.STOP
    assert (manifest.policy.max_parallel, manifest.policy.strict_layers) == (8, False)
    assert (manifest.environment("dev").developers, manifest.environment("dev").approval) == ("deny", "none")


def test_bytes_are_read_like_text() -> None:
    assert parse_manifest(WHOLE.encode()) == parse_manifest(WHOLE)


def test_a_manifest_without_stacks_is_one() -> None:
    assert parse_manifest(HEAD + "stacks: {}").stacks == {}


def test_a_manifest_is_kept_as_json_and_read_back_without_yaml() -> None:
    manifest = parse_manifest(WHOLE)
    stored = json.dumps(manifest.to_dict())
    assert Manifest.from_dict(json.loads(stored)) == manifest


def test_what_is_kept_is_itself_a_manifest() -> None:
    manifest = parse_manifest(WHOLE)
    assert parse_manifest(json.dumps(manifest.to_dict())) == manifest
    assert parse_manifest(yaml.safe_dump(manifest.to_dict())) == manifest


def test_what_equals_its_default_is_not_kept() -> None:
    kept = parse_manifest(stacks("network: {timeout: 30m, source: stacks/network, fingerprint: on}")).to_dict()
    assert kept["stacks"] == {"network": {}}
    assert "policy" not in kept


def test_all_problems_of_a_file_are_reported_at_once_in_its_order() -> None:
    problems = problems_of(
        """\
version: 2
deployment: {id: D1, org: acme-corp, projct: ecommerce}
environments:
  dev: {enabled: yes, account: 111111111111, region: useast1}
stacks:
  network: {layer: 2, timeout: 30, config: {vpc: "{{stack.secretz.arn}}", n: 0123}}
  secrets: {dependencies: [netwrk, secrets], source: ../x}
  a-one: {dependencies: [b-two]}
  b-two: {dependencies: [a-one]}
extra: 1
"""
    )
    assert [(problem.line, problem.column, problem.path) for problem in problems] == [
        (1, 10, "version"),
        (2, 13, "deployment.project"),
        (2, 18, "deployment.id"),
        (2, 38, "deployment.projct"),
        (4, 18, "environments.dev.enabled"),
        (4, 32, "environments.dev.account"),
        (4, 54, "environments.dev.region"),
        (6, 32, "stacks.network.timeout"),
        (6, 50, "stacks.network.config.vpc"),
        (6, 78, "stacks.network.config.n"),
        (7, 28, "stacks.secrets.dependencies[0]"),
        (7, 36, "stacks.secrets.dependencies[1]"),
        (7, 54, "stacks.secrets.source"),
        (8, 26, "stacks.a-one.dependencies[0]"),
        (10, 1, "extra"),
    ]
    assert {problem.file for problem in problems} == {"manifest.yaml"}
    suggestions = {problem.path: problem.suggestion for problem in problems}
    assert suggestions["deployment.projct"] == "did you mean 'project'?"
    assert suggestions["stacks.network.config.vpc"] == "did you mean 'secrets'?"
    assert suggestions["stacks.secrets.dependencies[0]"] == "did you mean 'network'?"


def test_the_error_carries_every_problem_and_the_name_of_the_file() -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_manifest("version: 1\nstacks: {}\n", file="deploy/manifest.yaml")
    assert {problem.file for problem in raised.value.problems} == {"deploy/manifest.yaml"}
    assert raised.value.message == "deploy/manifest.yaml has 2 problems."
    assert raised.value.exit_code == 3
    with pytest.raises(ConfigurationError, match=r"has one problem: deploy/manifest\.yaml:1:1: the file is empty"):
        parse_manifest("", file="deploy/manifest.yaml")


@pytest.mark.parametrize(
    ("stack", "message", "expected"),
    [
        ("5", "this is a whole number", "a map"),
        ("", "this is null", "a map"),
        ("[]", "this is a list", "a map"),
        ("{enabled: 1}", "this is a whole number", "true or false"),
        ('{enabled: "true"}', "this is a text", "true or false"),
        ("{enabled: null}", "this is null", "true or false"),
        ("{layer: 0}", "0 is out of range", "at least 1"),
        ("{layer: true}", "this is a boolean", "a whole number"),
        ("{layer: 1.0}", "this is a number", "a whole number"),
        ("{executor: lamda}", "'lamda' is not known here", "'auto', 'lambda' or 'codebuild'"),
        ("{executor: true}", "this is a boolean", "'auto', 'lambda' or 'codebuild'"),
        ("{fingerprint: false}", "this is a boolean", "'on' or 'off'"),
        ("{timeout: 30}", "this is a whole number", "a text"),
        ("{timeout: 30 minutes}", "'30 minutes' is not a duration", "a duration such as 90s, 30m, 1h30m or 2d"),
        ("{timeout: 2d}", "2d is out of range", "1s to 1d12h"),
        ("{timeout: 0s}", "0s is out of range", "1s to 1d12h"),
        ("{dependencies: network}", "this is a text", "a list"),
        ("{dependencies: [1]}", "this is a whole number", "a text"),
        ("{tags: {aws:x: y}}", "'aws:x' is not a tag key", "1 to 128"),
        ("{tags: {a: 'x{y'}}", "this is not a tag value", "at most 256"),
        ("{config: []}", "this is a list", "a map"),
        ("{config: {stackName: x}}", "the platform itself sets the key 'stackName'", ""),
        ("{source: ''}", "the path is empty", "a folder below"),
        ("{source: /etc}", "leads out of the repository: it is absolute", "a folder below"),
        ("{source: '~/x'}", "leads out of the repository: it is absolute", "a folder below"),
        ("{source: 'C:/x'}", "leads out of the repository: it is absolute", "a folder below"),
        ("{source: a/../../b}", "leads out of the repository: it has ..", "a folder below"),
        (r"{source: 'a\..\b'}", "leads out of the repository: it has ..", "a folder below"),
        (r"{source: 'a\b'}", "the path has a backslash", "a folder below"),
        ('{source: "a\\0b"}', "is not a relative path", "a folder below"),
        ("{source: a//b}", "is not a relative path", "a folder below"),
        ("{source: ./}", "is not a relative path", "a folder below"),
        ("{source: .}", "is not a relative path", "a folder below"),
        ("{source: a/./b}", "is not a relative path", "a folder below"),
        ("{source: 'https://x'}", "is not a relative path", "a folder below"),
        ("{include: [ok, ../no]}", "leads out of the repository: it has ..", "a folder below"),
        ("{dependencys: []}", "unknown key", "one of source, dependencies"),
        ("{environments: {dev: {timeot: 1m}}}", "unknown key", "one of enabled, config, tags, executor, timeout"),
        ("{environments: {prod: {}}}", "the environment 'prod' does not exist", ""),
    ],
)
def test_a_stack_that_is_not_of_the_form_is_refused(stack: str, message: str, expected: str) -> None:
    problem = problem_of(stacks(f"network: {stack}"))
    assert message in problem.message
    assert problem.expected.startswith(expected)
    assert problem.line == 6


@pytest.mark.parametrize("name", ["Network", "n", "net_work", "network-", '"a/b"', '"a\\n"'])
def test_a_stack_with_another_name_is_refused(name: str) -> None:
    problem = problem_of(stacks(f"{name}: {{}}"))
    assert "is not a stack name" in problem.message
    assert (problem.line, problem.column) == (6, 3)


@pytest.mark.parametrize("name", ["no", "on", "0123", "12", "true"])
def test_a_name_that_yaml_may_take_for_something_else_is_refused_with_the_way_out(name: str) -> None:
    problem = problem_of(stacks(f"{name}: {{}}"))
    assert f"the key {name!r}" in problem.message
    assert problem.suggestion == f'write "{name}" in quotes'


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("{account: 012345670123, region: us-east-1}", "disagree about this number"),
        ("{account: 123456789012, region: us-east-1}", "this is a whole number"),
        ('{account: "12345678901", region: us-east-1}', "is not an AWS account id"),
        ('{account: "123456789012", region: useast}', "is not an AWS region"),
        ('{account: "123456789012"}', "an enabled environment needs its region"),
        ("{region: us-east-1}", "an enabled environment needs its account"),
        ("{enabled: false, role_arn: deployer}", "is not the ARN of an IAM role"),
        (
            '{account: "123456789012", region: us-east-1, role_arn: "arn:aws:iam::999999999999:role/x"}',
            "the role is in the account 999999999999",
        ),
        ("{enabled: false, developers: alow}", "'alow' is not known here"),
        ("{enabled: false, approval: true}", "this is a boolean"),
        ("{enabled: no}", "no is a boolean in YAML 1.1"),
    ],
)
def test_an_environment_that_is_not_of_the_form_is_refused(environment: str, message: str) -> None:
    problems = problems_of(stacks("network: {}", environments=f"{{dev: {environment}}}"))
    assert message in problems[0].message


def test_a_disabled_environment_may_be_unknown_yet() -> None:
    manifest = parse_manifest(stacks("network: {}", environments="{dev: {enabled: false}}"))
    assert manifest.environment("dev").account == ""


@pytest.mark.parametrize("version", ["true", "1.0"])
def test_what_only_equals_the_version_is_not_it(version: str) -> None:
    problem = problem_of(stacks("network: {}").replace("version: 1", f"version: {version}"))
    assert (problem.path, problem.message, problem.expected) == ("version", "this is no whole number", "1")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{on_failure: rollback}", "this version cannot roll back by itself"),
        ("{on_failure: explode}", "'explode' is not known here"),
        ("{on_failure: }", "this is null"),
        ("{on_failure: {}}", "this is a map"),
        ("{max_parallel: 0}", "0 is out of range"),
        ("{max_parallel: 1001}", "1001 is out of range"),
        ("{max_parallel: '8'}", "this is a text"),
        ("{strict_layers: off}", "off is a boolean in YAML 1.1"),
        ("stop", "this is a text"),
    ],
)
def test_a_policy_that_is_not_of_the_form_is_refused(policy: str, message: str) -> None:
    problem = problem_of(stacks("network: {}") + f"policy: {policy}\n")
    assert message in problem.message
    assert problem.line == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\n", "a required key is missing"),
        (
            HEAD.replace('{dev: {account: "111111111111", region: us-east-1}}', "{}") + "stacks: {}",
            "there are 0 of them",
        ),
        (HEAD + "stacks: []", "this is a list"),
        (HEAD + "stacks: {}\ndefaults:\n", "this is null"),
        (HEAD.replace("ecommerce", f"ecommerce, description: {'x' * 1_001}") + "stacks: {}", "the text is too long"),
        (
            HEAD.replace("{dev:", "{" + "".join(f"e{i}: {{enabled: false}}, " for i in range(50)) + "dev:")
            + "stacks: {}",
            "there are 51 of them",
        ),
    ],
)
def test_a_manifest_that_is_not_of_the_form_is_refused(text: str, message: str) -> None:
    assert message in problems_of(text)[0].message


def test_more_problems_than_anybody_reads_are_counted() -> None:
    problems = problems_of(HEAD + "stacks: {}\n" + "".join(f"k{i}: 1\n" for i in range(500)))
    assert len(problems) == 101
    assert problems[-1].message == "and 400 more"
    names = ", ".join(f"b{i}" for i in range(2_000))
    problems = problems_of(stacks(f"network: {{dependencies: [{names}]}}"))
    assert problems[-1].message == "and 1,900 more"


def test_a_manifest_finds_its_parts_or_names_the_nearest() -> None:
    manifest = parse_manifest(WHOLE)
    with pytest.raises(ConfigurationError.__base__, match="has no stack 'netwrk'") as raised:  # type: ignore[arg-type]
        manifest.stack("netwrk")
    assert raised.value.hint == "Did you mean 'network'?"  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError.__base__, match="has no environment 'qa'") as raised:  # type: ignore[arg-type]
        manifest.environment("qa")
    assert raised.value.hint == "Known are dev, prod, stage."  # type: ignore[attr-defined]


def test_an_environment_may_change_what_a_stack_says() -> None:
    manifest = parse_manifest(WHOLE)
    assert manifest.enabled_stacks("dev") == ("database-rds", "network")
    assert manifest.enabled_stacks("prod") == ()
    assert manifest.stack("network").in_environment("dev") == StackEnvironment()
    assert (manifest.executor("network", "dev"), manifest.executor("network", "prod")) == ("auto", "codebuild")
    assert (manifest.timeout_seconds("network", "dev"), manifest.timeout_seconds("network", "prod")) == (1800, 3600)
    assert manifest.tags("network", "prod") == {"cost-center": "web", "team": "net", "a": "b"}


def as_yaml(value: Any) -> str:
    """JSON that is YAML too: no pairs of surrogates, and no characters that YAML allows only escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\ufeff\ufffe\uffff]", lambda match: f"\\u{ord(match.group()):04x}", text)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths_in(inner, (*path, key))


def mutated(value: Any, path: tuple[Any, ...], new: Any, how: str) -> Any:
    """The document with the part at ``path`` replaced, removed or renamed."""
    if not path:
        return new
    copy = json.loads(json.dumps(value))
    place = copy
    for part in path[:-1]:
        place = place[part]
    if how == "replace" or isinstance(place, list):
        place[path[-1]] = new
    elif how == "remove":
        del place[path[-1]]
    else:
        place[str(new)] = place.pop(path[-1])
    return copy


DOCUMENT = yaml.load(WHOLE, yaml.BaseLoader) | {"version": 1}
TEXTS = st.sampled_from(["{{", "no", "network", "{{stack.network.x}}", "../x", "30m"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("junk", [None, True, 3, "{{", [[]], {"": {}}], ids=repr)
def test_a_wrong_value_in_any_place_is_reported(junk: Any) -> None:
    manifest = parse_manifest(WHOLE).to_dict()
    for path in paths_in(manifest):
        checked = check_manifest(yaml.safe_dump(mutated(manifest, path, junk, "replace")))
        assert (checked.manifest is None) == bool(checked.problems)


@given(st.sampled_from(list(paths_in(DOCUMENT))), JUNK, st.sampled_from(["replace", "remove", "rename"]))
def test_any_mutation_of_a_manifest_is_read_or_refused(path: tuple[Any, ...], junk: Any, how: str) -> None:
    checked = check_manifest(yaml.safe_dump(mutated(DOCUMENT, path, junk, how)))
    assert (checked.manifest is None) == bool(checked.problems)
    if checked.manifest:
        assert Manifest.from_dict(json.loads(json.dumps(checked.manifest.to_dict()))) == checked.manifest
        assert parse_manifest(as_yaml(checked.manifest.to_dict())) == checked.manifest


@given(st.integers(0, len(WHOLE)), st.integers(0, 6), st.text(alphabet="{}[]:,-&*!|>'\"%@`#? \n\tano0~<", max_size=4))
def test_any_slip_of_the_pen_is_read_or_refused(start: int, length: int, text: str) -> None:
    checked = check_manifest(WHOLE[:start] + text + WHOLE[start + length :])
    assert (checked.manifest is None) == bool(checked.problems)
    for problem in checked.problems:
        assert problem.line >= 1
        assert problem.column >= 1
