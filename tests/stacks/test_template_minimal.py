"""The template `minimal` renders to a manifest that the control plane accepts and that its stacks can be configured with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import configure

from cloud.domain.manifest import Manifest
from cloud.domain.manifest_graph import whole_graph
from cloud.domain.manifest_parsing import check_manifest
from cloud_stack import load
from tests.stacks.conftest import ROOT
from tests.stacks.test_configuration import MODELS

TEMPLATE = ROOT / "templates" / "default" / "minimal"
RUNTIME = ("deployment.", "env.", "stack.", "aws.", "ssm.", "secret.")
GIVEN = {"id": "D1BRV40", "org": "acme-corp", "project": "ecommerce"}


def declared() -> dict[str, dict[str, str]]:
    variables: dict[str, dict[str, str]] = yaml.safe_load((TEMPLATE / "template.yaml").read_text())["variables"]
    return variables


def text() -> str:
    return (TEMPLATE / "manifest.yaml.template").read_text()


def rendered() -> str:
    values = {name: GIVEN.get(name, variable.get("default", "")) for name, variable in declared().items()}
    return re.sub(r"\{\{([a-z._]+)\}\}", lambda found: values.get(found[1], found[0]), text())


@pytest.fixture
def manifest() -> Manifest:
    checked = check_manifest(rendered())
    assert [problem.render() for problem in checked.warnings] == []
    return checked.manifest


def test_every_variable_is_declared_and_used_and_none_hides_a_runtime_placeholder() -> None:
    used = set(re.findall(r"\{\{([^}]+)\}\}", text()))
    variables = {name for name in used if not name.startswith(RUNTIME)}
    assert variables == set(declared())
    assert used - variables == {"stack.security.kmsKeyArn"}


def test_every_default_is_of_its_own_pattern() -> None:
    for name, variable in declared().items():
        if "default" in variable:
            assert re.fullmatch(variable["pattern"], variable["default"]), name


def test_it_is_three_stacks_in_a_row_with_only_dev_enabled(manifest: Manifest) -> None:
    graph = {name: set(dependencies) for name, dependencies in whole_graph(manifest).items()}
    assert graph == {"network": set(), "security": {"network"}, "storage": {"security"}}
    enabled = {name: environment.enabled for name, environment in manifest.environments.items()}
    assert enabled == {"dev": True, "stage": False, "prod": False}
    assert manifest.environments["prod"].approval == "required"


def test_its_stacks_are_in_the_repository(manifest: Manifest) -> None:
    for stack in manifest.stacks.values():
        assert (ROOT / stack.source / "Pulumi.yaml").is_file()


@pytest.fixture
def _runtime() -> Iterator[None]:
    configure(pulumi.runtime.Settings(project="p", stack="D1BRV40-x-dev", organization="organization"))
    yield
    set_all_config({})


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize("environment", ["dev", "stage", "prod"])
@pytest.mark.parametrize("stack", sorted(MODELS))
def test_its_configuration_is_what_the_stacks_accept(
    manifest: Manifest, stack: str, environment: str, capsys: Any
) -> None:
    tiers = manifest.stack(stack).config, manifest.stack(stack).in_environment(environment).config
    config = {key: value for tier in tiers for key, value in tier.items()}
    resolved = json.loads(
        json.dumps(config).replace("{{stack.security.kmsKeyArn}}", "arn:aws:kms:eu-west-1:123456789012:key/1")
    )
    set_all_config(
        {f"p:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in resolved.items()}
    )
    load(MODELS[stack])
    assert capsys.readouterr().err == "", "a key that is nearly one of the stack's"
