"""What makes a stack run again, cause by cause: each is named by the decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.fingerprint import ABSENT, UNCHANGED, Decision, outputs_of
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.operations import OperationKind
from cloud.domain.secret import Secret
from cloud.domain.states import StackStatus
from cloud.service.fingerprinting import FORGOTTEN, is_unchanged
from cloud.service.planning import load_manifest
from cloud.service.put_manifest import put_manifest
from cloud.service.stack_rows import row_of
from tests.unit.service.scene import program
from tests.unit.service.world import GRAPH, World, config_of, later, network_gives

Change = Callable[[World], object]


def other_program(world: World) -> None:
    artifacts = world.scene.stores.artifacts
    programs = {
        "network": artifacts.put_program(program()),
        "app": artifacts.put_program(program("name: shop\nruntime: nodejs\n")),
    }
    text = world.scene.text(GRAPH, **config_of(size=1))
    put_manifest(world.platform, world.scene.deployment_id, text=text, configs={}, programs=programs)


def other_engine(world: World) -> None:
    world.platform = replace(world.platform, engine="pulumi 4, python 3.11")


def unknown_engine(world: World) -> None:
    world.platform = replace(world.platform, engine="")


def shorter_max_age(world: World) -> None:
    later(world, minutes=2)
    world.manifest(stacks={"app": {"config": {"size": 1}, "max_age": "2m"}})


PROVIDER = "the account, region, role, tags or provider configuration changed"
ROLE = {"role_arn": "arn:aws:iam::111111111111:role/deploy"}

CAUSES: dict[str, tuple[Change, str]] = {
    "the program": (other_program, "the program changed"),
    "configuration": (lambda w: w.manifest(**config_of(size=2)), "the configuration changed"),
    "configuration that is gone": (lambda w: w.manifest(), "the configuration changed"),
    "a value's type": (lambda w: w.manifest(**config_of(size="1")), "the configuration changed"),
    "a value that is secret now": (
        lambda w: w.manifest(**config_of(size={"secret": 1})),
        "the configuration changed",
    ),
    "defaults of the manifest": (
        lambda w: w.manifest(**config_of(size=1), defaults={"a": 1}),
        "the configuration changed",
    ),
    "configuration of the environment": (
        lambda w: w.manifest(**config_of(size=1), environment={"config": {"a": 1}}),
        "the configuration changed",
    ),
    "a configuration file": (
        lambda w: w.manifest(**config_of(size=1), configs={"app.dev.yaml": "size: 3\n"}),
        "the configuration changed",
    ),
    "the account": (lambda w: w.manifest(**config_of(size=1), environment={"account": "222222222222"}), PROVIDER),
    "the region": (lambda w: w.manifest(**config_of(size=1), environment={"region": "eu-west-1"}), PROVIDER),
    "the role": (lambda w: w.manifest(**config_of(size=1), environment=ROLE), PROVIDER),
    "tags": (lambda w: w.manifest(**config_of(size=1), environment={"tags": {"team": "a"}}), PROVIDER),
    "configuration of the provider": (
        lambda w: w.manifest(**config_of(**{"size": 1, "aws:maxRetries": 3})),
        PROVIDER,
    ),
    "the engine": (other_engine, "Pulumi, its SDKs, plugins or runtime changed"),
    "an engine that is not known": (unknown_engine, "Pulumi, its SDKs, plugins or runtime can't be compared"),
    "an output of a dependency": (
        lambda w: network_gives(w, id="vpc-2", key=Secret("k-1")),
        "network's outputs changed",
    ),
    "a new output of a dependency": (
        lambda w: network_gives(w, id="vpc-1", key=Secret("k-1"), more=1),
        "network's outputs changed",
    ),
    "a secret output of a dependency": (
        lambda w: network_gives(w, id="vpc-1", key=Secret("k-2")),
        "network's outputs changed",
    ),
    "an output that is no secret any more": (
        lambda w: network_gives(w, id="vpc-1", key="k-1"),
        "network's outputs changed",
    ),
    "a dependency that is gone": (
        lambda w: w.run("network", OperationKind.DESTROY),
        "network's outputs changed",
    ),
    "a dependency whose run broke off": (
        lambda w: w.update("network", **FORGOTTEN),
        "network's outputs can't be compared",
    ),
    "one dependency more": (
        lambda w: w.manifest({**GRAPH, "dns": [], "app": ["network", "dns"]}, **config_of(size=1)),
        "it depends on dns now",
    ),
    "one dependency less": (
        lambda w: w.manifest({**GRAPH, "app": []}, **config_of(size=1)),
        "it no longer depends on network",
    ),
    "a state that was written by hand": (lambda w: w.write_state("app"), "Pulumi's state was written by somebody else"),
    "a state that is gone": (
        lambda w: w.scene.runner.states.removed("shop", pulumi_stack_name(w.scene.deployment_id, "app", "dev")),
        "Pulumi's state is not there any more",
    ),
    "known drift": (lambda w: w.update("app", has_drift=True), "known drift"),
    "its age": (lambda w: later(w, hours=24), "its last deploy is older than max_age (1d)"),
    "a shorter max_age": (shorter_max_age, "its last deploy is older than max_age (2m)"),
    "fingerprint: off": (
        lambda w: w.manifest(stacks={"app": {"config": {"size": 1}, "fingerprint": "off"}}),
        "fingerprint: off",
    ),
    "a run that broke off": (
        lambda w: w.update("app", status=StackStatus.FAILED, **FORGOTTEN),
        "its last run did not succeed",
    ),
    "a destroy": (lambda w: w.run("app", OperationKind.DESTROY), "it was destroyed"),
    "a refresh": (lambda w: w.run("app", OperationKind.REFRESH), "there is no complete deploy to compare with"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_of_change_runs_the_stack_again_and_is_named(world: World, cause: str) -> None:
    world.manifest(**config_of(size=1))
    world.deploy()
    assert world.decide() == Decision(True, UNCHANGED)
    change, reason = CAUSES[cause]
    change(world)
    assert world.decide() == Decision(False, reason)


REPETITIONS: dict[str, Change] = {
    "the same manifest, put again": lambda w: w.manifest(**config_of(size=1)),
    "another order of keys": lambda w: w.manifest(dict(reversed(GRAPH.items())), **config_of(size=1)),
    "the same value from another place": lambda w: w.manifest(defaults={"size": 1}),
    "another description": lambda w: w.manifest(**config_of(size=1), policy={"max_parallel": 2}),
    "another configuration of another stack": lambda w: w.manifest(
        stacks={"app": {"config": {"size": 1}}, "network": {"config": {"size": 9}}}
    ),
    "a dependency that ran and gave the same": lambda w: w.run("network"),
    "a preview": lambda w: w.run("app", OperationKind.PREVIEW),
    "a look for drift that found none": lambda w: w.run("app", OperationKind.DRIFT),
    "a refresh of a dependency": lambda w: w.run("network", OperationKind.REFRESH),
    "a little time": lambda w: later(w, hours=23, minutes=59),
    "another timeout": lambda w: w.manifest(stacks={"app": {"config": {"size": 1}, "timeout": "5m"}}),
}


@pytest.mark.parametrize("what", REPETITIONS)
def test_what_changes_nothing_for_the_stack_leaves_it_unchanged(world: World, what: str) -> None:
    world.manifest(**config_of(size=1))
    world.deploy()
    REPETITIONS[what](world)
    assert world.decide() == Decision(True, UNCHANGED)


def test_a_stack_that_was_never_deployed_runs(world: World) -> None:
    world.run("network")
    operation = world.operation()
    stored, row = load_manifest(world.platform, operation), row_of(world.platform, operation, "app")
    decision = is_unchanged(world.platform, operation, "app", stored, {}, row)
    assert decision == Decision(False, "there is no complete deploy to compare with")


@pytest.mark.parametrize("kind", [kind for kind in OperationKind if kind is not OperationKind.DEPLOY])
def test_only_a_deploy_can_find_a_stack_unchanged(world: World, kind: OperationKind) -> None:
    world.deploy()
    assert world.decide(kind=kind) == Decision(False, f"a {kind.value} always runs")


def test_force_runs_it(world: World) -> None:
    world.deploy()
    assert world.decide(force=True) == Decision(False, "--force")


def test_a_setting_of_the_operation_is_configuration(world: World) -> None:
    world.deploy()
    assert world.decide(settings={"size": 1}) == Decision(False, "the configuration changed")
    world.run("app", settings={"size": 1})
    assert world.decide(settings={"size": 1}).unchanged
    assert world.decide() == Decision(False, "the configuration changed")


def test_another_secret_value_is_a_change_and_no_row_tells_either(world: World) -> None:
    world.manifest(**config_of(password={"secret": "hunter2"}))
    world.deploy()
    assert "hunter2" not in str(world.scene.row("app"))
    world.manifest(**config_of(password={"secret": "hunter2"}))  # sealed anew, to another text
    assert world.decide().unchanged
    world.manifest(**config_of(password={"secret": "hunter3"}))
    assert world.decide() == Decision(False, "the configuration changed")


def test_the_digests_of_another_deployment_are_other_digests(world: World) -> None:
    world.deploy()
    first = world.scene.row("app")
    world.scene.deployment_id = ""
    world.manifest()
    world.deploy()
    second = world.scene.row("app")
    assert first.fingerprint["configuration"] != second.fingerprint["configuration"]
    assert first.outputs_digest != second.outputs_digest


def test_an_optional_dependency_counts_from_when_it_is_there(world: World) -> None:
    def declare(**dns: Any) -> None:
        app = {"optional_dependencies": ["dns"]}
        world.manifest({**GRAPH, "dns": []}, stacks={"app": app, "dns": dns})

    declare(enabled=False)
    world.deploy()
    assert world.scene.row("app").fingerprint[outputs_of("dns")] == ABSENT
    declare()
    assert world.decide().unchanged
    world.run("dns")
    assert world.decide() == Decision(False, "dns's outputs changed")
    world.run("app")
    assert world.decide().unchanged


def test_a_placeholder_makes_its_stack_a_cause(world: World) -> None:
    world.manifest({"network": [], "app": []}, **config_of(vpc="{{stack.network.id}}"))
    world.deploy()
    assert world.decide().unchanged
    network_gives(world, id="vpc-2")
    assert world.decide() == Decision(False, "the configuration changed, network's outputs changed")
