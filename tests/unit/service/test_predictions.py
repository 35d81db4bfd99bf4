"""What a plan says of stacks that will probably turn out unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloud.domain.operations import OperationKind, OperationOptions, Selection
from cloud.service.planning import plan_operation
from cloud.service.put_manifest import put_manifest
from tests.unit.service.machine import run
from tests.unit.service.scene import Scene

GRAPH: dict[str, list[str]] = {"network": [], "app": ["network"], "edge": ["app", "network"]}
UNCHANGED = {
    "network": "unchanged",
    "app": "unchanged if network's outputs don't change",
    "edge": "unchanged if app's and network's outputs don't change",
}


@pytest.fixture
def deployed(scene: Scene) -> Scene:
    scene.platform = replace(scene.platform, engine="pulumi 3, python 3.11")
    scene.manifest(GRAPH)
    run(scene, scene.start().id)
    return scene


def predicted(scene: Scene, kind: OperationKind = OperationKind.DEPLOY, **asked: Any) -> dict[str, str]:
    """What is predicted of the stacks that are planned; nothing of the others."""
    plan = plan_operation(scene.platform, scene.start(kind, **asked))
    return {name: stack.prediction for name, stack in plan.stacks.items() if stack.prediction}


def change_row(stack: str, **fields: Any) -> Callable[[Scene], object]:
    return lambda scene: scene.stores.stacks.put(replace(scene.row(stack), **fields))


def test_a_plan_says_under_which_condition_a_stack_is_unchanged(deployed: Scene) -> None:
    assert predicted(deployed) == UNCHANGED
    assert predicted(deployed, selection=Selection(only=("app",))) == {"app": "unchanged"}


def test_before_the_first_deploy_nothing_is_predicted(scene: Scene) -> None:
    scene.manifest(GRAPH)
    assert predicted(scene) == {}


def test_only_deploys_have_predictions(deployed: Scene) -> None:
    assert predicted(deployed, OperationKind.DESTROY) == {}
    assert predicted(deployed, OperationKind.PREVIEW) == {}


def test_another_version_of_the_manifest_changes_the_predictions_of_those_that_it_changes(deployed: Scene) -> None:
    deployed.manifest(GRAPH, stacks={"app": {"config": {"size": 2}}})
    assert predicted(deployed) == {name: UNCHANGED[name] for name in ("network", "edge")}
    deployed.manifest(GRAPH, environment={"region": "eu-west-1"})
    assert predicted(deployed) == {}


def test_what_is_looked_up_in_aws_may_change_too(scene: Scene) -> None:
    scene.platform = replace(scene.platform, engine="e")
    zones = {"config": {"zones": "{{aws.azs}}"}}
    scene.manifest(GRAPH, stacks={"network": zones, "app": zones})
    run(scene, scene.start().id)
    found = predicted(scene)
    assert found["network"] == "unchanged if what it looks up in AWS doesn't change"
    assert found["app"] == "unchanged if network's outputs and what it looks up in AWS don't change"


@pytest.mark.parametrize(
    "change",
    [
        change_row("app", fingerprint={}),
        change_row("app", has_drift=True),
        change_row("app", operation_id="01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        change_row("network", outputs_digest="another"),
        lambda scene: setattr(scene, "platform", replace(scene.platform, engine="pulumi 4")),
        lambda scene: scene.clock.advance(timedelta(days=2).total_seconds()),
        lambda scene: put_manifest(
            scene.platform,
            scene.deployment_id,
            text=scene.text(GRAPH),
            configs={},
            programs={"app": scene.stores.artifacts.put_program(b"another")},
        ),
        lambda scene: scene.manifest({**GRAPH, "dns": [], "app": ["network", "dns"]}),
        lambda scene: scene.manifest(GRAPH, stacks={"app": {"fingerprint": "off"}}),
    ],
    ids=["forgotten", "drift", "operation gone", "outputs", "engine", "age", "program", "dependency", "off"],
)
def test_what_speaks_against_it_leaves_the_prediction_out(deployed: Scene, change: Callable[[Scene], object]) -> None:
    change(deployed)
    assert "app" not in predicted(deployed)


@pytest.mark.parametrize("options", [OperationOptions(force=True), OperationOptions(settings={"size": 3})])
def test_force_and_other_settings_leave_nothing_to_predict(deployed: Scene, options: OperationOptions) -> None:
    assert predicted(deployed, options=options) == {}


def test_a_stack_that_the_manifest_had_not_when_it_was_deployed_is_not_predicted(deployed: Scene) -> None:
    """Its row names an operation of which the manifest doesn't know it: an older stack of the same name, say."""
    deployed.manifest({**GRAPH, "dns": []})
    row = replace(deployed.row("network"), stack="dns", version=0)
    deployed.stores.stacks.put(row)
    assert "dns" not in predicted(deployed)
