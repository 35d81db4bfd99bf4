"""An operation brought to a stage by the use cases themselves, for the tests of the next one."""

from __future__ import annotations

from typing import Any

from cloud.service.acquire_environment import acquire_environment
from cloud.service.confirm_plan import confirm_plan
from cloud.service.plan_deployment import plan_deployment
from cloud.service.prepare_stack import prepare_stack
from cloud.service.run_claims import CANCEL_CHECK_SECONDS
from cloud.service.run_stack import run_stack
from tests.unit.service.scene import Scene

CHAIN = {"network": [], "app": ["network"]}
APPROVAL = {"approval": "required"}


def planned(scene: Scene, **manifest: Any) -> str:
    """An operation that is planned; gives its id."""
    scene.manifest(CHAIN, **manifest)
    operation = scene.opened()
    plan_deployment(scene.platform, scene.deployment_id, operation.id)
    return operation.id


def confirmed(scene: Scene, **manifest: Any) -> str:
    """An operation that runs."""
    operation_id = planned(scene, **manifest)
    scene.workflow.open_task("acquire")
    acquire_environment(scene.platform, scene.deployment_id, operation_id, "acquire")
    confirm_plan(scene.platform, scene.deployment_id, operation_id)
    return operation_id


def begun(scene: Scene, stack: str = "network", **manifest: Any) -> str:
    """An operation of which one stack is prepared."""
    operation_id = confirmed(scene, **manifest)
    prepare_stack(scene.platform, scene.deployment_id, operation_id, stack, go=True)
    return operation_id


def run_it(scene: Scene, operation_id: str, stack: str = "network", seconds: float = 800.0) -> dict[str, Any]:
    return run_stack(
        scene.platform, scene.deployment_id, operation_id, stack, remaining_seconds=lambda: seconds, monotonic=ticks()
    )


def ticks() -> Any:
    """A clock on which every look is later than the pause between two questions."""
    moments = iter(range(10_000))
    return lambda: next(moments) * 2 * CANCEL_CHECK_SECONDS
