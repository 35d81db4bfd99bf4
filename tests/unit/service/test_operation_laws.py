"""What holds for every operation, whatever order its deliveries come in and wherever its functions die.

The laws: every stack ends, the operation ends once, nothing starts before what it needs, never more than ``max_parallel`` at
once, the environment is free afterwards, the events have no gap and one end, nobody waits for a wake-up that never comes.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.adapters.memory.runner import Script
from cloud.domain.errors import CloudError
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.states import StackStatus, TaskState
from cloud.service.cancel_operation import cancel_operation
from cloud.service.finish_abandoned import SETTLING_SECONDS
from tests.unit.service.machine import Crash, Machine
from tests.unit.service.scene import Graph, Scene

NAMES = ("aa", "bb", "cc", "dd", "ee", "ff")
LAWFUL = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    size = draw(st.integers(1, len(NAMES)))
    return {
        name: draw(st.lists(st.sampled_from(NAMES[:index]), unique=True, max_size=3)) if index else []
        for index, name in enumerate(NAMES[:size])
    }


POLICIES = st.fixed_dictionaries(
    {
        "on_failure": st.sampled_from(["stop", "continue"]),
        "max_parallel": st.integers(1, 4),
        "strict_layers": st.booleans(),
    }
)


def scene_of(graph: Graph, policy: dict[str, Any], failing: set[str]) -> Scene:
    scene = Scene()
    scene.manifest(graph, policy=policy)
    scene.runner.scripts = {
        name: Script(resources=2, outputs={"id": name}, error="program-failed" if name in failing else "", fail_after=1)
        for name in graph
    }
    return scene


def watch(scene: Scene, machine: Machine, graph: Graph, policy: dict[str, Any]) -> None:
    """What must hold after every step."""
    ran = 0

    def look() -> None:
        nonlocal ran
        assert len(machine.holding) <= policy["max_parallel"]
        for request in scene.runner.requests[ran:]:
            ran += 1
            others = graph[request.stack]
            if request.kind is OperationKind.DESTROY:
                others = [name for name, needs in graph.items() if request.stack in needs]
            ends = (
                (StackStatus.DESTROYED,)
                if request.kind is OperationKind.DESTROY
                else (
                    StackStatus.DEPLOYED,
                    StackStatus.UNCHANGED,
                )
            )
            for other in others:
                row = scene.stores.stacks.get(scene.deployment_id, other, "dev")
                assert row is None or row.operation_id != request.operation_id or row.status in ends
                assert request.kind is OperationKind.DESTROY or (row is not None and row.status in ends)

    machine.watch = look


def execute(scene: Scene, machine: Machine, kind: OperationKind = OperationKind.DEPLOY) -> Operation:
    operation = scene.start(kind)
    machine.execute({"operation_id": operation.id, "deployment_id": scene.deployment_id}, operation.id)
    return operation


def heal(scene: Scene) -> None:
    """What the reconciler does for operations whose execution, or one of whose runs, died: in the first sweep it may find a
    claim or a turn that has not run out, in the second it takes it, in the third it ends what the second passed on."""
    for _ in range(3):
        scene.sweep(later=SETTLING_SECONDS)


def check_the_end(scene: Scene, operation: Operation) -> None:
    ended = scene.operation(operation.id)
    assert ended.state.is_terminal
    events = scene.events(operation.id)
    ends = [event.sequence for event in events if event.data.get("terminal")]
    assert ends == [len(events)], [event.data for event in events]
    assert events[-1].data["state"] == ended.state.value
    if not ended.started_at:
        return
    schedule, _ = scene.stores.operations.get_schedule(scene.deployment_id, operation.id)
    results: dict[str, set[str]] = {}
    for event in events:
        if "stack" in event.data and event.data.get("status") not in (None, "waiting", "deploying", "destroying"):
            results.setdefault(event.data["stack"], set()).add(event.data["status"])
    for name in schedule.stacks:
        assert len(results[name]) == 1, f"{name} ended in {results[name]}"
        if "skipped" in results[name]:
            assert any(e.data.get("blocked_by") for e in events if e.data.get("stack") == name)


def check_the_environment(scene: Scene, last: Operation) -> None:
    lock = scene.stores.operations.get_lock(scene.deployment_id, "dev")
    assert lock.owner is None
    assert lock.queue == ()
    ended = scene.operation(last.id)
    if ended.started_at:
        schedule, _ = scene.stores.operations.get_schedule(scene.deployment_id, last.id)
        rows = {row.stack: row for row in scene.stores.stacks.list(scene.deployment_id, "dev")}
        for name in schedule.stacks:
            assert rows[name].operation_id == last.id
            assert rows[name].status.is_settled
            assert (rows[name].status is StackStatus.SKIPPED) <= bool(rows[name].blocked_by)


@LAWFUL
@given(graphs(), POLICIES, st.data(), st.integers(0, 2**32), st.sampled_from([0.0, 0.15, 0.4]))
def test_one_operation_ends_well(
    graph: dict[str, list[str]], policy: dict[str, Any], data: st.DataObject, seed: int, faults: float
) -> None:
    failing = data.draw(st.sets(st.sampled_from(sorted(graph)), max_size=2), "failing")
    scene = scene_of(graph, policy, failing)
    machine = Machine(scene, random.Random(seed), faults)
    watch(scene, machine, graph, policy)
    operation = execute(scene, machine)
    machine.finish()
    heal(scene)
    check_the_end(scene, operation)
    check_the_environment(scene, operation)
    if not faults:
        assert scene.operation(operation.id).state is (TaskState.FAILED if failing else TaskState.SUCCEEDED)
        assert scene.status() == ("failed" if failing else "deployed")
        assert len(scene.runner.ran) == len(set(scene.runner.ran))


@LAWFUL
@given(graphs(), POLICIES, st.integers(0, 2**32), st.sampled_from([0.0, 0.3]), st.integers(0, 40))
def test_a_cancelled_operation_ends_once_wherever_it_is_cancelled(
    graph: dict[str, list[str]], policy: dict[str, Any], seed: int, faults: float, after: int
) -> None:
    scene = scene_of(graph, policy, set())
    machine = Machine(scene, random.Random(seed), faults)
    watch(scene, machine, graph, policy)
    operation = execute(scene, machine)
    left = iter(range(after))
    machine.advance(lambda: next(left, None) is None)
    machine.fuse.left = machine.random.choice([None, 1, 2, 3])
    try:
        cancel_operation(machine.platform, scene.deployment_id, operation.id, caller="ops")
    except Crash:
        if not scene.operation(operation.id).state.is_terminal:
            cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    machine.fuse.left = None
    machine.finish()
    heal(scene)
    check_the_end(scene, operation)
    check_the_environment(scene, operation)
    if not faults:
        assert scene.operation(operation.id).state in (TaskState.CANCELLED, TaskState.SUCCEEDED)


@LAWFUL
@given(
    graphs(),
    POLICIES,
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.25]),
    st.lists(st.sampled_from(["deploy", "destroy"]), min_size=2, max_size=3),
)
def test_operations_on_one_environment_run_one_after_the_other(
    graph: dict[str, list[str]], policy: dict[str, Any], seed: int, faults: float, kinds: list[str]
) -> None:
    scene = scene_of(graph, policy, set())
    first = Machine(scene, random.Random(0))
    execute(scene, first)
    first.finish()
    machine = Machine(scene, random.Random(seed), faults)
    operations = [execute(scene, machine, OperationKind(kind)) for kind in kinds]
    began: dict[str, int] = {}

    def look() -> None:
        running = [item.id for item in operations if scene.operation(item.id).state is TaskState.RUNNING]
        assert len(running) <= 1
        for operation_id in running:
            began.setdefault(operation_id, len(began))

    machine.watch = look
    healed: set[str] = set()
    while True:
        try:
            machine.finish()
            break
        except AssertionError:
            # Only those whose execution has ended without them may hold the others up, until somebody looks; each once.
            dead = {item.id for item in operations if not scene.workflow.is_running(scene.arn_of(item.id))}
            if dead <= healed:
                raise
            healed |= dead
            heal(scene)
    heal(scene)
    for operation in operations:
        check_the_end(scene, operation)
    order = [operation for operation in operations if scene.operation(operation.id).started_at]
    if order:
        check_the_environment(scene, max(order, key=lambda item: began[item.id]))


@settings(LAWFUL, max_examples=40)
@given(graphs(), POLICIES, st.integers(0, 2**32), st.sampled_from([0.0, 0.3]), st.integers(0, 40), st.booleans())
def test_an_execution_that_is_stopped_anywhere_ends_well(
    graph: dict[str, list[str]], policy: dict[str, Any], seed: int, faults: float, after: int, cancelled: bool
) -> None:
    """Deliveries that were under way come after the reconciler has looked, between its looks, or before."""
    scene = scene_of(graph, policy, set())
    machine = Machine(scene, random.Random(seed), faults)
    operation = execute(scene, machine)
    left = iter(range(after))
    machine.advance(lambda: next(left, None) is None)
    if cancelled:
        cancel_operation(scene.platform, scene.deployment_id, operation.id, caller="ops")
    machine.stop(operation.id)
    for _ in range(4):
        scene.sweep(later=machine.random.choice([1.0, SETTLING_SECONDS]))
        while machine.late and machine.random.random() < 0.5:
            machine.deliver_late()
    heal(scene)
    while machine.late:
        machine.deliver_late()
    check_the_end(scene, operation)
    check_the_environment(scene, operation)
    assert scene.stores.operations.list_unsettled().items == ()
    if cancelled and not faults:
        assert scene.operation(operation.id).state in (TaskState.CANCELLED, TaskState.SUCCEEDED)
    assert all(row.claim is None for row in scene.stores.stacks.list(scene.deployment_id, "dev"))


def test_a_machine_that_never_wakes_is_noticed() -> None:
    """The harness itself must be able to fail."""
    scene = scene_of({"aa": [], "bb": ["aa"]}, {"max_parallel": 1}, set())
    machine = Machine(scene, random.Random(1))
    operation = execute(scene, machine)
    machine.advance(lambda: bool(scene.runner.ran))
    scene.stores.operations.put_token(scene.deployment_id, operation.id, "bb", "the token of somebody else", "~")
    with pytest.raises(AssertionError, match="nothing can move"):
        machine.finish()


def test_the_harness_counts_errors_of_the_platform_as_caught() -> None:
    scene = scene_of({"aa": []}, {}, set())
    machine = Machine(scene, random.Random(1))
    run = machine.execute({"deployment_id": "D999999", "environment": "dev"}, "console")
    machine.finish()
    assert run.failed is not None
    assert issubclass(CloudError, Exception)
    assert run.failed.error == "NotFound"
