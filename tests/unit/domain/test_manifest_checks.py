"""Dependencies, layers, placeholders and secrets of a manifest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.configuration import resolve_configuration, stack_tiers
from cloud.domain.errors import Problem
from cloud.domain.manifest import Manifest
from cloud.domain.manifest_graph import stack_references, whole_graph
from cloud.domain.manifest_parsing import check_manifest, parse_manifest
from cloud.domain.placeholders import references
from cloud.domain.secret import reveal

TWO_ENVIRONMENTS = {
    "dev": {"account": "111111111111", "region": "us-east-1"},
    "prod": {"account": "333333333333", "region": "us-east-1"},
}


def manifest_text(stacks: dict[str, object], **more: object) -> str:
    document = {
        "version": 1,
        "deployment": {"id": "D1BRV40", "org": "acme-corp", "project": "ecommerce"},
        "environments": TWO_ENVIRONMENTS,
        "stacks": stacks,
        **more,
    }
    return json.dumps(document, indent=1)


def problems_of(stacks: dict[str, object], **more: object) -> list[Problem]:
    return check_manifest(manifest_text(stacks, **more)).problems


def warnings_of(stacks: dict[str, object], **more: object) -> list[Problem]:
    checked = check_manifest(manifest_text(stacks, **more))
    assert checked.problems == []
    return checked.warnings


def messages(problems: list[Problem]) -> list[str]:
    return [f"{problem.path}: {problem.message}" for problem in problems]


def test_a_dependency_on_a_stack_that_is_not_there_brings_the_nearest_name() -> None:
    (problem,) = problems_of({"network": {}, "dns": {"dependencies": ["netwrk"]}})
    assert problem.message == "the stack 'netwrk' does not exist"
    assert problem.path == "stacks.dns.dependencies[0]"
    assert problem.suggestion == "did you mean 'network'?"


def test_a_stack_neither_depends_on_itself_nor_twice_on_another() -> None:
    found = problems_of(
        {"network": {}, "dns": {"dependencies": ["dns", "network", "network"], "optional_dependencies": ["network"]}}
    )
    assert messages(found) == [
        "stacks.dns.dependencies[0]: the stack 'dns' depends on itself",
        "stacks.dns.dependencies[1]: 'network' is listed 2 times",
        "stacks.dns.optional_dependencies[0]: 'network' is a dependency and an optional one",
    ]


def test_a_cycle_is_named_with_its_path() -> None:
    (problem,) = problems_of(
        {
            "a-one": {"dependencies": ["b-two"]},
            "b-two": {"optional_dependencies": ["c-three"]},
            "c-three": {"config": {"x": "{{stack.a-one.out}}"}},
        }
    )
    assert problem.message == "these stacks depend on each other: a-one → b-two → c-three → a-one"
    assert problem.path == "stacks.a-one.dependencies[0]"
    assert problem.suggestion == "remove one of these dependencies, such as that of a-one on b-two"


def test_a_cycle_of_placeholders_alone_is_named_too() -> None:
    (problem,) = problems_of(
        {"a-one": {"config": {"x": "{{stack.b-two.out}}"}}, "b-two": {"config": {"x": "{{stack.a-one.out}}"}}}
    )
    assert (problem.path, problem.line) == ("stacks.a-one", 19)


def test_every_cycle_is_reported_up_to_a_limit_and_a_long_one_shortly() -> None:
    pairs = {f"s{i}": {"dependencies": [f"s{i ^ 1}"]} for i in range(100)}
    assert len(problems_of(dict(pairs))) == 10
    ring = {f"s{i}": {"dependencies": [f"s{(i + 1) % 100}"]} for i in range(100)}
    (problem,) = problems_of(dict(ring))
    assert "(81 more)" in problem.message


def test_a_layer_that_is_not_the_computed_one_is_refused_with_the_reason() -> None:
    found = problems_of(
        {
            "network": {"layer": 2},
            "dns": {"layer": 2, "dependencies": ["network"]},
            "db": {"layer": 1, "dependencies": ["dns"]},
        }
    )
    assert messages(found) == [
        "stacks.network.layer: the layer is 1, not 2: it depends on nothing",
        "stacks.db.layer: the layer is 3, not 1: one more than that of dns",
    ]


def test_layers_count_what_placeholders_and_optional_dependencies_add() -> None:
    assert not problems_of(
        {
            "network": {"layer": 1},
            "dns": {"layer": 2, "optional_dependencies": ["network"]},
            "db": {"layer": 3, "config": {"zone": "{{stack.dns.zoneId}}"}},
        }
    )


def test_a_dependency_has_to_be_enabled_where_its_dependent_is() -> None:
    (problem,) = problems_of(
        {"network": {"environments": {"prod": {"enabled": False}}}, "dns": {"dependencies": ["network"]}}
    )
    assert problem.message == "the stack 'network' is disabled in prod, where 'dns' is enabled"
    off = {"environments": {"prod": {"enabled": False}}}
    assert not problems_of({"network": off, "dns": {"dependencies": ["network"], **off}})


def test_a_disabled_environment_asks_for_nothing() -> None:
    environments = {**TWO_ENVIRONMENTS, "prod": {"enabled": False}}
    stacks = {"network": {"environments": {"prod": {"enabled": False}}}, "dns": {"dependencies": ["network"]}}
    assert not problems_of(dict(stacks), environments=environments)


def test_an_optional_dependency_may_be_absent_or_disabled_with_a_warning() -> None:
    found = warnings_of({"network": {"enabled": False}, "dns": {"optional_dependencies": ["network", "netwrk"]}})
    assert messages(found) == [
        "stacks.dns.optional_dependencies[0]: the optional stack 'network' is disabled in dev, prod",
        "stacks.dns.optional_dependencies[1]: the optional stack 'netwrk' does not exist",
    ]


def test_placeholders_of_an_absent_optional_dependency_need_a_default() -> None:
    stack = {"optional_dependencies": ["dns"], "config": {"zone": "{{stack.dns.zone.id}}"}}
    (problem,) = problems_of({"network": stack})
    assert problem.path == "stacks.network.config.zone"
    assert problem.suggestion == "write {{stack.dns.zone.id | default(null)}}"
    stack["config"] = {"zone": "{{stack.dns.zone.id | default(null)}}"}
    assert warnings_of({"network": stack})


def test_placeholders_of_a_disabled_stack_need_a_default() -> None:
    off = {"environments": {"prod": {"enabled": False}}}
    config = {"a": "{{stack.dns.zone}}", "b": "{{stack.dns.zone}}"}
    (problem,) = problems_of({"dns": off, "network": {"optional_dependencies": ["dns"], "config": config}})
    assert problem.message == "{{stack.dns.zone}} has no value: the stack 'dns' is disabled in prod"
    config = {"a": "{{stack.dns.zone | default(null)}}"}
    assert not problems_of({"dns": off, "network": {"optional_dependencies": ["dns"], "config": config}})


def test_a_placeholder_that_only_one_environment_uses_is_judged_there() -> None:
    off = {"environments": {"prod": {"enabled": False}}}
    there = {"config": {"a": "{{stack.dns.zone}}"}}
    assert not problems_of({"dns": off, "network": {"environments": {"dev": there}}})
    assert problems_of({"dns": off, "network": {"environments": {"prod": there}}})


def test_a_placeholder_of_a_stack_that_is_not_there_is_refused_wherever_it_stands() -> None:
    wrong = {"x": ["{{stack.netwrk.vpcId | default(null)}}"]}
    found = problems_of(
        {"network": {"config": wrong, "environments": {"dev": {"config": wrong}}}},
        defaults=wrong,
        environments={"dev": {**TWO_ENVIRONMENTS["dev"], "config": wrong}},
    )
    assert sorted(problem.path for problem in found) == [
        "defaults.x[0]",
        "environments.dev.config.x[0]",
        "stacks.network.config.x[0]",
        "stacks.network.environments.dev.config.x[0]",
    ]
    assert {problem.suggestion for problem in found} == {"did you mean 'network'?"}


def test_malformed_placeholders_and_placeholders_in_keys_are_refused() -> None:
    found = problems_of({"network": {"config": {"a": "{{env.nam}}", "b": {"{{env.name}}": [{"x{{": 1}]}}}})
    assert messages(found) == [
        "stacks.network.config.a: unknown placeholder 'env.nam'",
        "stacks.network.config.b.{{env.name}}: a key holds {{",
        "stacks.network.config.b.{{env.name}}[0].x{{: a key holds {{",
    ]


def test_a_stack_does_not_refer_to_its_own_outputs() -> None:
    (problem,) = problems_of({"network": {"config": {"a": "{{stack.network.vpcId}}"}}})
    assert problem.message == "{{stack.network.vpcId}} refers to the stack's own output"


def test_a_default_for_all_stacks_does_not_refer_to_one_of_them_unless_that_one_replaces_it() -> None:
    defaults = {"vpc": "{{stack.network.vpcId}}"}
    stacks: dict[str, object] = {"network": {}, "dns": {"dependencies": ["network"]}}
    (problem,) = problems_of(stacks, defaults=defaults)
    assert problem.path == "defaults.vpc"
    assert problem.message.startswith("the stack 'network' would depend on itself")
    stacks["network"] = {"config": {"vpc": None}}
    assert not problems_of(stacks, defaults=defaults)


def test_a_dependency_that_only_a_placeholder_makes_is_a_warning() -> None:
    (warning,) = warnings_of({"network": {}, "dns": {"config": {"vpc": "{{stack.network.vpcId}}"}}})
    assert warning.path == "stacks.dns.config.vpc"
    assert warning.message == "'dns' depends on 'network' here without declaring it"
    assert warning.suggestion == "add network to dependencies"


def test_a_default_that_makes_many_stacks_depend_on_one_is_one_warning() -> None:
    stacks: dict[str, object] = {"network": {"config": {"vpc": ""}}, "dns": {}, "db": {}}
    (warning,) = warnings_of(stacks, defaults={"vpc": "{{stack.network.vpcId}}"})
    assert warning.message == "2 stacks depend on 'network' here without declaring it"


def test_a_secret_in_plain_text_is_a_warning_that_does_not_show_it() -> None:
    found = warnings_of({"network": {"config": {"a": {"secret": "hunter2"}, "b": [{"secret": "{{secret.db}}"}]}}})
    assert messages(found) == ["stacks.network.config.a: this secret stands in the manifest in plain text"]
    assert "hunter2" not in found[0].render()


@pytest.mark.parametrize("value", ["{secret: 0123456}", "{secret: 'x{{hunter2'}", "{secret: {a: .nan}}"])
def test_no_problem_shows_what_is_in_a_secret(value: str) -> None:
    text = manifest_text({}).replace('"stacks": {}', f'"stacks": {{"network": {{"config": {{"a": {value}}}}}}}')
    (problem,) = check_manifest(text).problems
    assert "0123456" not in problem.render()
    assert "hunter2" not in problem.render()


def test_placeholders_that_would_make_too_many_dependencies_are_refused_with_the_figure() -> None:
    stacks: dict[str, object] = {f"s{i}": {} for i in range(300)}
    defaults = {f"k{i}": f"{{{{stack.s{i % 300}.x}}}}" for i in range(400)}
    (problem,) = problems_of(stacks, defaults=defaults)
    assert "240,000 dependencies" in problem.message


def test_the_whole_graph_has_every_stack_and_every_environment() -> None:
    manifest = parse_manifest(
        manifest_text(
            {
                "network": {},
                "dns": {"optional_dependencies": ["network"], "environments": {"dev": {"enabled": False}}},
                "db": {"dependencies": ["network"], "optional_dependencies": ["dns", "other"]},
                "app": {"config": {"url": "{{stack.db.url}}"}, "environments": {"prod": {"config": {"url": "x"}}}},
            }
        )
    )
    assert whole_graph(manifest) == {"network": (), "dns": ("network",), "db": ("dns", "network"), "app": ("db",)}


keys = st.sampled_from(["a", "b", "secret"])
leaves = st.sampled_from(["x", None, "{{stack.s1.o}}", "{{stack.s2.o}} {{stack.s3.o}}", "{{env.name}}"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=4,
)
configs = st.dictionaries(keys, values, max_size=3)


@given(configs, configs, configs, configs)
def test_the_implicit_dependencies_are_those_of_the_merged_configuration(
    defaults: dict[str, object], environment: dict[str, object], stack: dict[str, object], both: dict[str, object]
) -> None:
    manifest = Manifest.from_dict(
        {
            "environments": {"dev": {"config": environment}},
            "defaults": defaults,
            "stacks": {"app": {"config": stack, "environments": {"dev": {"config": both}}}},
        }
    )
    merged = resolve_configuration(stack_tiers(manifest, "app", "dev")).values
    found = {placeholder.stack for _, _, placeholder in stack_references(manifest)}
    assert found == set(references(reveal(merged)))


def test_a_number_that_is_none_in_json_is_told_once() -> None:
    text = manifest_text({"web": {"timeout": 1}}, policy={"max_parallel": 2})
    text = text.replace('"timeout": 1', '"timeout": .nan').replace('"max_parallel": 2', '"max_parallel": ' + "9" * 20)
    assert messages(check_manifest(text).problems) == [
        "stacks.web.timeout: .nan is not a number in JSON",
        "policy.max_parallel: the number does not fit 64 bits",
    ]
