"""Laws of retries, over any graph, any policy and any stacks that fail."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.adapters.memory.runner import Script
from cloud.domain.operations import OperationKind
from cloud.domain.states import StackStatus, TaskState
from cloud.service.retry_operation import retry_operation
from tests.unit.service.machine import run
from tests.unit.service.scene import ME
from tests.unit.service.test_operation_laws import POLICIES, graphs, scene_of

LAWFUL = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWFUL
@given(graphs(), POLICIES, st.data(), st.integers(0, 2**32))
def test_retried_until_it_succeeds_a_deploy_has_run_every_stack_to_one_success(
    graph: dict[str, list[str]], policy: dict[str, Any], data: st.DataObject, seed: int
) -> None:
    """However often it fails on the way: no stack that succeeded runs again, and none is forgotten."""
    failing = data.draw(st.sets(st.sampled_from(sorted(graph)), max_size=3), "failing")
    scene = scene_of(graph, policy, failing)
    operation = scene.start()
    run(scene, operation.id, seed)
    runs = [set(scene.runner.ran)]
    while scene.operation(operation.id).state is TaskState.FAILED:
        mended = data.draw(st.sampled_from(sorted(failing)), "mended")
        failing.discard(mended)
        scene.runner.scripts[mended] = Script(resources=2, outputs={"id": mended})
        left = {name for name in graph if not _is_deployed(scene, name)}
        scene.runner.ran.clear()
        operation = retry_operation(scene.platform, scene.deployment_id, requester=ME)
        run(scene, operation.id, seed)
        assert set(scene.runner.ran) <= left
        runs.append(set(scene.runner.ran))
    assert scene.operation(operation.id).state is TaskState.SUCCEEDED
    assert {scene.row(name).status for name in graph} == {StackStatus.DEPLOYED}
    assert set().union(*runs) == graph.keys()
    assert operation.kind is OperationKind.DEPLOY


def _is_deployed(scene: Any, name: str) -> bool:
    row = scene.stores.stacks.get(scene.deployment_id, name, "dev")
    return row is not None and row.status is StackStatus.DEPLOYED
