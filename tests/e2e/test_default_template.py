"""The default template through the real doors: sixteen stacks deployed, read back from AWS, left alone, destroyed, gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.cli_harness import Ran, Shell
from tests.stacks.contract import CONTRACTS
from tests.stacks.lives import RECORDED
from tests.stacks.readback import exists, readers

pytestmark = [pytest.mark.xdist_group("default-template"), pytest.mark.timeout(600)]

DEPLOYMENT = "D1FULL0"


@dataclass
class Story:
    """What the commands said, and what AWS held after each."""

    plan: dict[str, Any]
    deployed: Ran
    stacks: dict[str, dict[str, Any]]
    resources: list[dict[str, Any]]
    missing: list[str]
    outputs: dict[str, Any]
    again: Ran
    stacks_again: dict[str, dict[str, Any]]
    destroyed: Ran
    left: list[str]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder, home = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home")
    shell = Shell(folder, home)
    started = shell("local", "start", "--stand-in")
    assert started.code == 0, started.err
    yield shell
    shell("local", "stop")


@pytest.fixture(scope="module")
def story(shell: Shell) -> Story:
    made = shell("init", "--org", "acme", "--project", "shop", "--id", DEPLOYMENT, "--template", "default")
    assert made.code == 0, made.err
    plan = shell("plan", "--json").json()
    deployed = shell("deploy", "--yes")
    stacks = _stacks(shell)
    resources = _state(shell)
    missing = [_label(item) for item in resources if not exists(_clients(shell), item)]
    outputs = shell("outputs", "--json").json()
    again = shell("deploy", "--yes")
    stacks_again = _stacks(shell)
    destroyed = shell("destroy", "--yes")
    left = [_label(item) for item in resources if exists(_clients(shell), item)]
    return Story(plan, deployed, stacks, resources, missing, outputs, again, stacks_again, destroyed, left)


def test_the_plan_has_sixteen_stacks_in_seven_layers(story: Story) -> None:
    layers = story.plan["layers"]
    assert len(layers) == 7
    assert {stack["stack"] for layer in layers for stack in layer} == set(CONTRACTS)


def test_every_stack_is_deployed(story: Story) -> None:
    assert story.deployed.code == 0, story.deployed.err
    assert {name: stack["status"] for name, stack in story.stacks.items()} == dict.fromkeys(CONTRACTS, "deployed")


def test_every_stack_exports_what_the_contract_says(story: Story) -> None:
    identity = {"stack", "deployment", "env"}
    exported = {name: set(outputs) - identity for name, outputs in story.outputs.items()}
    assert exported == {name: set(contract.outputs) for name, contract in CONTRACTS.items()}


def test_every_resource_of_pulumis_state_is_there_by_awss_own_apis(story: Story) -> None:
    assert {item["type"] for item in story.resources} <= readers().keys()
    assert len(story.resources) > 100
    assert story.missing == []


def test_a_second_deploy_finds_all_sixteen_unchanged(story: Story) -> None:
    assert story.again.code == 0, story.again.err
    assert {name: stack["status"] for name, stack in story.stacks_again.items()} == dict.fromkeys(
        CONTRACTS, "unchanged"
    )


def test_nothing_is_left_after_the_destroy(story: Story) -> None:
    assert story.destroyed.code == 0, story.destroyed.err
    assert story.left == []


def _stacks(shell: Shell) -> dict[str, dict[str, Any]]:
    status = shell("status", "--json").json()
    return {stack["stack"]: stack for environment in status["environments"] for stack in environment["stacks"]}


def _state(shell: Shell) -> list[dict[str, Any]]:
    """Every real resource of every stack, from Pulumi's own files; what is only recorded isn't one."""
    folder = Path(shell.environment["CLOUD_HOME"]) / "local" / "state" / ".pulumi" / "stacks" / "shop"
    files = sorted(folder.glob(f"{DEPLOYMENT}-*.json"))
    assert len(files) == len(CONTRACTS)
    return [
        item
        for file in files
        for item in json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"]["resources"]
        if item.get("custom") and not item["type"].startswith("pulumi:") and not item["id"].startswith(RECORDED)
    ]


def _label(resource: dict[str, Any]) -> str:
    return f"{resource['type']} {resource['id']}"


@cache
def _client(url: str, service: str) -> Any:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys)


def _clients(shell: Shell) -> Any:
    context = json.loads(
        (Path(shell.environment["CLOUD_HOME"]) / "contexts" / "local.json").read_text(encoding="utf-8")
    )
    return lambda service: _client(context["aws_url"], service)
