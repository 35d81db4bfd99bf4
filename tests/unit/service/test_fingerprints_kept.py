"""What is kept of a success so that the next deploy can tell: StackReferences, races, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.errors import NetworkError
from cloud.domain.fingerprint import UNKNOWN, Decision, outputs_of
from cloud.domain.operations import OperationKind
from cloud.service.fingerprinting import (
    FORGOTTEN,
    current_fingerprint,
    is_unchanged,
    must_refresh,
    row_fields,
    success_fields,
)
from cloud.service.planning import load_manifest
from cloud.service.resolving import resolve_stack
from tests.unit.service.scene import Scene
from tests.unit.service.stages import begun, run_it
from tests.unit.service.world import World, later, network_gives

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


def test_a_stack_that_is_only_needed_through_others_is_known_at_once(world: World) -> None:
    """``app`` declares ``middle``, and reads what ``network``, below that, exports."""
    world.manifest({"network": [], "middle": ["network"], "app": ["middle"]})
    references_to(world, f"organization/shop/{world.scene.deployment_id}-network-dev")
    for stack in ("network", "middle", "app"):
        world.run(stack)
    assert world.decide().unchanged
    assert set(world.scene.row("app").fingerprint) >= {outputs_of("network"), outputs_of("middle")}
    network_gives(world, id="vpc-2")
    assert world.decide() == Decision(False, "network's outputs changed")


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


# -- what was changed by hand


def refreshes(world: World) -> bool:
    """Whether a deploy of app that has just been claimed reads its resources first."""
    operation = world.operation()
    row = world.claimed(operation, "app")
    return must_refresh(world.platform, "app", load_manifest(world.platform, operation), row)


def test_a_deploy_reads_the_resources_first_when_it_is_there_to_find_what_was_changed_by_hand(world: World) -> None:
    assert not refreshes(world), "nothing is there to be read"
    world.deploy()
    assert not refreshes(world)
    world.update("app", has_drift=True)
    assert refreshes(world)
    world.update("app", has_drift=False)
    later(world, hours=24)
    assert refreshes(world)
    world.run("app")
    assert not refreshes(world)


def test_the_age_goes_on_over_runs_that_fail_and_begins_anew_after_a_destroy(world: World) -> None:
    world.deploy()
    later(world, hours=12)
    world.claimed(world.operation(), "app")
    later(world, hours=12)
    assert refreshes(world)
    world.run("app", OperationKind.DESTROY)
    assert not refreshes(world)


def test_a_deploy_after_known_drift_asks_the_runner_to_read_first(scene: Scene) -> None:
    operation_id = begun(scene)
    row = scene.row("network")
    scene.stores.stacks.put(replace(row, has_drift=True))
    run_it(scene, operation_id)
    assert [request.refresh for request in scene.runner.requests] == [True]
