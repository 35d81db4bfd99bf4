"""Every template that ships makes manifests that the control plane accepts and that its stacks can be configured with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import configure

from cloud.domain.document_reader import read_document
from cloud.domain.graph import layers_of
from cloud.domain.manifest import Manifest
from cloud.domain.manifest_graph import whole_graph
from cloud.domain.placeholders import occurrences
from cloud.domain.template import Template
from cloud.domain.template_parsing import check_template, make_manifest, samples
from cloud_stack import load
from tests.stacks.case import merged
from tests.stacks.conftest import ROOT
from tests.stacks.contract import CONTRACTS
from tests.stacks.test_configuration import MODELS

FOLDER = ROOT / "templates" / "default"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/template.yaml"))
STACKS = {
    "minimal": {"network", "security", "storage"},
    "serverless-api": {
        *("network", "dns", "security", "secrets", "storage", "authentication", "database-rds", "compute-lambda"),
        *("services-api", "monitoring"),
    },
    "containers": {
        *("network", "security", "secrets", "storage", "services-ecr", "services-ecs", "database-rds"),
        *("containers-images", "containers-apps", "monitoring"),
    },
    "data": {"network", "security", "secrets", "storage", "database-rds", "monitoring"},
    "default": set(CONTRACTS),
}
IDENTITY = {"stack", "deployment", "env"}
SAMPLES = {"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1"}
"""Stand for outputs that a configuration takes without a default."""


def template_of(name: str) -> Template:
    checked = check_template(
        name,
        (FOLDER / name / "template.yaml").read_bytes(),
        (FOLDER / name / "manifest.yaml.template").read_bytes(),
        file="template.yaml",
        manifest_file="manifest.yaml.template",
    )
    assert [problem.render() for problem in (*checked.problems, *checked.warnings)] == []
    assert checked.template is not None
    return checked.template


def text_of(name: str) -> str:
    template = template_of(name)
    return make_manifest(template, samples(template))[0]


def manifest_of(name: str) -> Manifest:
    template = template_of(name)
    _, checked = make_manifest(template, samples(template))
    assert checked.manifest is not None
    return checked.manifest


CASES = [
    (name, stack, environment)
    for name in NAMES
    for stack in sorted(STACKS[name] & MODELS.keys())
    for environment in ("dev", "stage", "prod")
]


def test_every_template_is_here_and_is_of_its_stacks() -> None:
    assert {name: set(manifest_of(name).stacks) for name in NAMES} == STACKS


@pytest.mark.parametrize("name", NAMES)
def test_dependencies_are_those_of_the_contract_as_far_as_the_template_has_them(name: str) -> None:
    manifest = manifest_of(name)
    for stack, entry in manifest.stacks.items():
        contract = CONTRACTS[stack]
        assert set(entry.dependencies) == set(contract.dependencies), stack
        assert set(entry.optional_dependencies) == set(contract.optional) & set(manifest.stacks), stack
        assert entry.source == f"stacks/{stack}"


def test_the_default_template_has_seven_layers() -> None:
    layers = layers_of(whole_graph(manifest_of("default")))
    assert [sorted(stack for stack in layers if layers[stack] == number) for number in range(1, 8)] == [
        ["dns", "network"],
        ["security"],
        ["authentication", "secrets", "services-ecr", "services-ecs", "services-eks", "storage"],
        ["compute-ec2", "containers-images", "database-rds"],
        ["compute-lambda", "containers-apps"],
        ["services-api"],
        ["monitoring"],
    ]


@pytest.mark.parametrize("name", NAMES)
def test_only_dev_is_enabled_and_prod_needs_an_approval(name: str) -> None:
    environments = manifest_of(name).environments
    assert {key: environment.enabled for key, environment in environments.items()} == {
        "dev": True,
        "stage": False,
        "prod": False,
    }
    assert environments["prod"].approval == "required"


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_used_and_has_a_value_without_anybody_giving_one(name: str) -> None:
    template = template_of(name)
    assert [key for key in template.variables if template.is_required(key)] == ["id", "org", "project"]


@pytest.mark.parametrize("name", NAMES)
def test_every_output_that_is_handed_on_is_one_of_the_contract_and_optional_ones_have_a_default(name: str) -> None:
    manifest = manifest_of(name)
    for stack, environment in (
        (stack, environment) for stack in manifest.stacks for environment in manifest.environments
    ):
        for item in occurrences(config_of(manifest, stack, environment)):
            found = item.found
            assert found.output in {*CONTRACTS[found.stack].outputs, *IDENTITY}, item  # type: ignore[union-attr]
            if found.stack in CONTRACTS[stack].optional:  # type: ignore[union-attr]
                assert found.has_default, item  # type: ignore[union-attr]


@pytest.fixture
def _runtime() -> Iterator[None]:
    configure(pulumi.runtime.Settings(project="p", stack="D1BRV40-x-dev", organization="organization"))
    yield
    set_all_config({})


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize(("name", "stack", "environment"), CASES)
def test_the_configuration_is_what_the_stack_accepts_and_no_key_is_misspelt(
    name: str, stack: str, environment: str, capsys: Any
) -> None:
    config = config_of(manifest_of(name), stack, environment)
    fields = MODELS[stack].model_fields
    assert config.keys() <= {*fields, *(field.alias for field in fields.values())}
    resolved = resolve(config)
    set_all_config(
        {f"p:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in resolved.items()}
    )
    load(MODELS[stack])
    assert capsys.readouterr().err == "", "a key that is nearly one of the stack's"


@pytest.mark.parametrize("name", NAMES)
def test_prod_is_not_the_same_as_dev(name: str) -> None:
    manifest = manifest_of(name)
    differ = [
        stack for stack in manifest.stacks if config_of(manifest, stack, "prod") != config_of(manifest, stack, "dev")
    ]
    assert {"network", "security", "storage"} <= set(differ)


@pytest.mark.parametrize("name", NAMES)
def test_comments_stay_when_it_is_filled_in(name: str) -> None:
    text = text_of(name)
    assert text.startswith("# ")
    assert read_document(text, file="m").problems == []
    assert text.count("\n") == template_of(name).text.count("\n")


def config_of(manifest: Manifest, stack: str, environment: str) -> dict[str, Any]:
    entry = manifest.stack(stack)
    return merged(entry.config, entry.in_environment(environment).config)


def resolve(value: Any) -> Any:
    """Placeholders as where nothing else is deployed: their defaults, and samples for what has none."""
    if isinstance(value, Mapping):
        return {key: resolve(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item) for item in value]
    found = [item.found for item in occurrences(value)]
    return resolved(found[0]) if found else value


def resolved(placeholder: Any) -> Any:
    return placeholder.default if placeholder.has_default else SAMPLES[placeholder.output]
