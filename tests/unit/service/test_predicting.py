"""What a plan says of stacks that may turn out unchanged: only what is known from the rows it was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.fingerprint import UNKNOWN
from cloud.domain.operations import OperationKind, Selection
from cloud.domain.plan import Plan
from cloud.domain.secret import Secret
from cloud.service import predicting
from cloud.service.planning import plan_operation
from tests.unit.service.scene import Scene
from tests.unit.service.world import World, config_of, network_gives

ALL_UNCHANGED = {"app": "unchanged", "network": "unchanged"}


def told(plan: Plan) -> dict[str, str]:
    return {name: stack.prediction for name, stack in plan.stacks.items() if stack.prediction}


def predicted(world: World, kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> dict[str, str]:
    operation = world.operation(kind, **options)
    return told(predicting.predicted(world.platform, operation, plan_operation(world.platform, operation)))


def test_nothing_is_said_before_the_first_deploy(world: World) -> None:
    assert predicted(world) == {}


def test_what_would_be_found_unchanged_is_said(world: World) -> None:
    world.deploy()
    assert predicted(world) == ALL_UNCHANGED


def test_behind_a_stack_that_runs_it_depends_on_outputs_all_the_way_down(world: World) -> None:
    graph = {"network": [], "app": ["network"], "web": ["app"], "dns": []}
    world.manifest(graph)
    for stack in graph:
        world.run(stack)
    world.manifest(graph, stacks={"network": {"config": {"size": 2}}})
    assert predicted(world) == {
        "dns": "unchanged",
        "app": "unchanged if network's outputs don't change",
        "web": "unchanged if app's outputs don't change",
    }


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        (2, "d0's and d1's outputs"),
        (3, "d0's, d1's and d2's outputs"),
        (5, "d0's, d1's, d2's and 2 other stacks' outputs"),
    ],
)
def test_many_dependencies_are_listed_as_people_do(world: World, count: int, listed: str) -> None:
    names = [f"d{number}" for number in range(count)]
    graph: dict[str, list[str]] = {**{name: [] for name in names}, "app": names}
    world.manifest(graph)
    for stack in graph:
        world.run(stack)
    world.manifest(graph, stacks={name: {"fingerprint": "off"} for name in names})
    assert predicted(world) == {"app": f"unchanged if {listed} don't change"}


def test_a_reference_that_is_not_declared_counts_too(world: World) -> None:
    world.manifest({"network": [], "app": []})
    world.results["app"] = {"references": (f"organization/shop/{world.scene.deployment_id}-network-dev",)}
    world.deploy()
    world.run("app")
    world.manifest({"network": [], "app": []}, stacks={"network": {"fingerprint": "off"}})
    # The layers know nothing of the reference, so app may be looked at before network.
    assert predicted(world) == {"app": "unchanged if network's outputs don't change"}


def test_a_stack_outside_the_operation_does_not_move(world: World) -> None:
    world.deploy()
    world.manifest(stacks={"network": {"fingerprint": "off"}})
    operation = replace(world.operation(), selection=Selection(only=("app",)))
    plan = plan_operation(world.platform, operation)
    assert told(predicting.predicted(world.platform, operation, plan)) == {"app": "unchanged"}


@pytest.mark.parametrize("kind", [OperationKind.DESTROY, OperationKind.REFRESH])
def test_only_of_a_deploy_there_is_something_to_say(world: World, kind: OperationKind) -> None:
    world.deploy()
    assert predicted(world, kind) == {}


def test_a_forced_deploy_runs_everything(world: World) -> None:
    world.deploy()
    assert predicted(world, force=True) == {}


def test_what_is_looked_up_is_not_looked_up_for_a_plan(world: World) -> None:
    world.scene.lookups.parameters = {"/a": "1"}
    world.manifest(**config_of(a="{{ssm./a}}"))
    world.deploy()
    asked = len(world.scene.asked_lookups)
    assert predicted(world) == {"network": "unchanged"}
    assert len(world.scene.asked_lookups) == asked


def test_a_plan_looks_at_no_state(world: World) -> None:
    world.deploy()
    world.write_state("app")
    assert predicted(world) == ALL_UNCHANGED


def test_placeholders_and_secrets_are_compared_as_they_would_resolve_now(world: World) -> None:
    config = config_of(vpc="{{stack.network.id}}", password={"secret": "hunter2"})
    world.manifest(**config)
    world.deploy()
    assert predicted(world) == ALL_UNCHANGED
    network_gives(world, id="vpc-2", key=Secret("k-1"))
    assert predicted(world) == {"network": "unchanged"}


def test_outputs_that_are_not_known_predict_nothing(world: World, scene: Scene) -> None:
    world.deploy()
    world.update("network", outputs_digest=UNKNOWN)
    assert scene is world.scene
    assert predicted(world) == {"network": "unchanged"}
