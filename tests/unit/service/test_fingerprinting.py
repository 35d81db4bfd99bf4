"""What makes a stack run again, cause by cause, and what is kept of a success to tell.

Each test deploys ``network`` and then ``app``, which needs it, as RunStack and RecordStack do: the fingerprint before the run,
the fields of its success into the row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import NetworkError
from cloud.domain.fingerprint import ABSENT, UNCHANGED, UNKNOWN, Decision, outputs_of
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.operations import Operation, OperationKind, OperationOptions
from cloud.domain.records import StackRecord
from cloud.domain.secret import Secret
from cloud.domain.states import StackStatus
from cloud.ports.runner import RunRequest, RunResult
from cloud.service.fingerprinting import FORGOTTEN, current_fingerprint, is_unchanged, row_fields, success_fields
from cloud.service.planning import load_manifest
from cloud.service.platform import Platform
from cloud.service.put_manifest import put_manifest
from cloud.service.resolving import resolve_stack
from cloud.service.stack_rows import row_of
from tests.unit.service.scene import Scene, program

GRAPH: dict[str, list[str]] = {"network": [], "app": ["network"]}
ENGINE = "pulumi 3, python 3.11"


@dataclass
class World:
    """A deployment on the platform in memory. ``results`` changes what a run of a stack gives."""

    scene: Scene
    platform: Platform
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def manifest(self, graph: Mapping[str, Any] = GRAPH, **document: Any) -> None:
        self.scene.manifest(graph, **document)

    def operation(self, kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Operation:
        return replace(self.scene.start(OperationKind.DEPLOY, options=OperationOptions(**options)), kind=kind)

    def run(self, stack: str, kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Operation:
        """Run the stack to its success, as RunStack and RecordStack do."""
        operation, stored = self.operation(kind, **options), load_manifest(self.platform, self.operation())
        status = StackStatus.DESTROYED if kind is OperationKind.DESTROY else StackStatus.DEPLOYED
        row = self.claimed(operation, stack)
        config = resolve_stack(self.platform, operation, stack)
        before = current_fingerprint(self.platform, operation, stack, stored, config, row)
        result = self.result(operation, stack, config)
        fields = success_fields(self.platform, operation, stack, stored, before, result)
        outputs = {
            name: {"secret": True} if isinstance(value, Secret) else value for name, value in result.outputs.items()
        }
        digest = "" if kind is OperationKind.DESTROY else "0" * 64
        kept = row_fields(json.loads(json.dumps(fields)))
        self.platform.stores.stacks.put(replace(row, status=status, outputs=outputs, program_digest=digest, **kept))
        return operation

    def claimed(self, operation: Operation, stack: str) -> StackRecord:
        forgotten = FORGOTTEN if operation.kind not in (OperationKind.PREVIEW, OperationKind.DRIFT) else {}
        row = replace(row_of(self.platform, operation, stack), operation_id=operation.id, **forgotten)
        return self.platform.stores.stacks.put(row)

    def result(self, operation: Operation, stack: str, config: Mapping[str, Any]) -> RunResult:
        request = RunRequest(
            operation.id,
            operation.deployment_id,
            "dev",
            stack,
            pulumi_stack_name(operation.deployment_id, stack, "dev"),
            operation.project,
            operation.kind,
            program(),
            config,
        )
        result = self.scene.runner.run(request, lambda _: None, lambda: False)
        return replace(result, **self.results.get(stack, {}))

    def deploy(self) -> None:
        self.run("network")
        self.run("app")

    def decide(self, stack: str = "app", kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Decision:
        operation = self.operation(kind, **options)
        stored = load_manifest(self.platform, operation)
        config = resolve_stack(self.platform, operation, stack)
        return is_unchanged(self.platform, operation, stack, stored, config, self.scene.row(stack))

    def update(self, stack: str, **fields: Any) -> None:
        self.platform.stores.stacks.put(replace(self.scene.row(stack), **fields))

    def write_state(self, stack: str) -> None:
        self.scene.runner.states.written("shop", pulumi_stack_name(self.scene.deployment_id, stack, "dev"))


@pytest.fixture
def world(scene: Scene) -> World:
    scene.runner.scripts = {
        "network": Script(outputs={"id": "vpc-1", "key": Secret("k-1")}),
        "app": Script(outputs={"url": "http://app"}),
    }
    world = World(scene, replace(scene.platform, engine=ENGINE))
    world.manifest()
    return world


def config_of(**values: Any) -> dict[str, Any]:
    return {"stacks": {"app": {"config": values}}}


Change = Callable[[World], object]


def other_program(world: World) -> None:
    artifacts = world.scene.stores.artifacts
    programs = {
        "network": artifacts.put_program(program()),
        "app": artifacts.put_program(program("name: shop\nruntime: nodejs\n")),
    }
    text = world.scene.text(GRAPH, **config_of(size=1))
    put_manifest(world.platform, world.scene.deployment_id, text=text, configs={}, programs=programs)


def network_gives(world: World, **outputs: Any) -> None:
    world.scene.runner.scripts["network"] = Script(outputs=outputs)
    world.run("network")


def other_engine(world: World) -> None:
    world.platform = replace(world.platform, engine="pulumi 4, python 3.11")


def unknown_engine(world: World) -> None:
    world.platform = replace(world.platform, engine="")


def later(world: World, **time: float) -> None:
    world.scene.clock.advance(timedelta(**time).total_seconds())


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


# -- StackReferences


def references_to(world: World, *names: str) -> None:
    world.results["app"] = {"references": names}


@pytest.fixture
def referring(world: World) -> World:
    """``app`` declares nothing, and refers to ``network``."""
    world.manifest({"network": [], "app": []})
    references_to(world, f"organization/shop/{world.scene.deployment_id}-network-dev")
    world.run("network")
    world.run("app")
    return world


def test_a_reference_that_was_not_declared_is_unknown_once_and_counts_from_then_on(referring: World) -> None:
    assert referring.decide() == Decision(False, "network's outputs can't be compared")
    referring.run("app")
    assert referring.decide().unchanged
    network_gives(referring, id="vpc-2")
    assert referring.decide() == Decision(False, "network's outputs changed")


def test_a_reference_that_is_gone_leaves_no_cause_behind(referring: World) -> None:
    referring.run("app")
    references_to(referring)
    referring.run("app")
    assert outputs_of("network") not in referring.scene.row("app").fingerprint
    assert referring.decide().unchanged


def test_what_a_neighbour_changes_while_the_stack_runs_is_a_change(referring: World) -> None:
    """``network`` ends while ``app`` runs: nobody knows which of its outputs ``app`` has read."""
    world = referring
    world.run("app")
    operation = world.operation()
    stored, row = load_manifest(world.platform, operation), world.claimed(operation, "app")
    config = resolve_stack(world.platform, operation, "app")
    before = current_fingerprint(world.platform, operation, "app", stored, config, row)
    network_gives(world, id="vpc-2")
    result = world.result(operation, "app", config)
    world.update("app", **row_fields(success_fields(world.platform, operation, "app", stored, before, result)))
    assert world.decide() == Decision(False, "network's outputs changed")


def test_a_neighbour_that_is_running_is_not_known(referring: World) -> None:
    world = referring
    world.claimed(world.operation(), "network")
    world.run("app")
    assert world.scene.row("app").fingerprint[outputs_of("network")] == UNKNOWN
    world.run("network")
    assert world.decide() == Decision(False, "network's outputs can't be compared")


@pytest.mark.parametrize(
    "reference",
    [
        "organization/other/D999999-network-dev",
        "organization/shop/D999999-network-dev",
        "organization/shop/handmade",
        "organization/shop/{id}-network-prod",
        "organization/other/{id}-network-dev",
        "handmade",
    ],
)
def test_a_stack_outside_is_known_by_the_etag_of_its_state(world: World, reference: str) -> None:
    name = reference.format(id=world.scene.deployment_id)
    project, _, stack = name.removeprefix("organization/").rpartition("/")
    references_to(world, name)
    world.deploy()
    world.run("app")
    assert world.decide() == Decision(False, f"{name}'s outputs can't be compared")
    world.scene.runner.states.written(project or "shop", stack)
    world.run("app")
    assert world.decide().unchanged
    world.scene.runner.states.written(project or "shop", stack)
    assert world.decide() == Decision(False, f"{name}'s outputs changed")


@pytest.mark.parametrize("form", ["organization/shop/{}", "acme/shop/{}", "shop/{}", "{}"])
def test_a_neighbour_is_known_by_any_form_of_its_name(world: World, form: str) -> None:
    references_to(world, form.format(f"{world.scene.deployment_id}-network-dev"))
    world.deploy()
    assert set(world.scene.row("app").fingerprint) == {
        "program",
        "configuration",
        "provider",
        "engine",
        outputs_of("network"),
    }
    assert world.decide().unchanged


# -- what is kept of a success


def test_the_age_counts_from_the_run_and_not_from_the_decisions_after_it(world: World) -> None:
    world.deploy()
    later(world, hours=20)
    assert world.decide().unchanged
    later(world, hours=20)
    assert not world.decide().unchanged


def test_pending_operations_leave_no_fingerprint(world: World) -> None:
    world.results["app"] = {"has_pending": True}
    world.deploy()
    assert world.scene.row("app").fingerprint == {}
    assert world.scene.row("app").outputs_digest
    assert world.decide() == Decision(False, "there is no complete deploy to compare with")


class Unreachable:
    """Neither the key nor the state answers."""

    def mac(self, *_: str) -> str:
        raise NetworkError("no answer")

    etag = seal = open = mac


@pytest.mark.parametrize("port", ["vault", "state"])
def test_a_success_stays_one_when_nobody_can_remember_it_and_runs_again(world: World, port: str) -> None:
    world.results["app"] = {"references": (f"shop/{world.scene.deployment_id}-network-dev",)}
    world.deploy()
    operation = world.operation()
    stored, row = load_manifest(world.platform, operation), world.claimed(operation, "app")
    before = current_fingerprint(world.platform, operation, "app", stored, {}, row)
    result = world.result(operation, "app", {})
    unreachable: dict[str, Any] = {port: Unreachable}
    broken = replace(world.platform, **unreachable)
    world.update("app", **row_fields(success_fields(broken, operation, "app", stored, before, result)))
    assert world.decide() == Decision(False, "there is no complete deploy to compare with")
    assert world.scene.row("app").references == result.references


def test_a_destroyed_stack_keeps_nothing(world: World) -> None:
    references_to(world, "organization/shop/handmade")
    world.deploy()
    world.run("app", OperationKind.DESTROY)
    row = world.scene.row("app")
    assert {name: getattr(row, name) for name in FORGOTTEN} == dict(FORGOTTEN)
    assert row.references == ()


def test_what_leaves_the_state_alone_leaves_the_row_alone(world: World) -> None:
    world.deploy()
    before = world.scene.row("app")
    operation = world.operation(OperationKind.DRIFT)
    stored = load_manifest(world.platform, operation)
    result = world.result(operation, "app", {})
    assert success_fields(world.platform, operation, "app", stored, before.fingerprint, result) == {}


def test_a_decision_reads_all_dependencies_at_once_and_the_state_once(world: World) -> None:
    graph = {**{f"dep-{number}": [] for number in range(20)}, "app": [f"dep-{number}" for number in range(20)]}
    world.manifest(graph)
    world.run("app")
    operation = world.operation()
    stored = load_manifest(world.platform, operation)
    config = resolve_stack(world.platform, operation, "app")
    calls: list[str] = []

    class Counting:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(self._inner, name)

    stacks, state = Counting(world.platform.stores.stacks), Counting(world.platform.state())
    row = world.scene.row("app")
    counted = replace(world.platform, stores=replace(world.platform.stores, stacks=stacks), state=lambda: state)
    assert is_unchanged(counted, operation, "app", stored, config, row).unchanged
    assert calls == ["get_many", "etag"]
