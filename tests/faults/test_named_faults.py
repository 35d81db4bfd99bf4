"""Each fault of the table, under several orders of everything else: the end is the one that the table says."""

from __future__ import annotations

import pytest

from cloud.domain.operations import Operation
from cloud.domain.states import StackStatus
from tests.faults.invariants import check, check_deployed, check_destroyed
from tests.faults.named import NAMED
from tests.faults.named_fault import GRAPH, Named
from tests.faults.scenarios import PLOTS
from tests.faults.world import World

SEEDS = (1, 2)
_UNDER_WAY = {None, "deploying", "destroying"}


def told(world: World, operation_id: str) -> dict[str, str]:
    """How each stack ended, as everybody was told."""
    events = world.stores.events.read(world.deployment_id, operation_id, limit=500)
    return {
        event.data["stack"]: event.data["status"]
        for event in events
        if "stack" in event.data and event.data.get("status") not in _UNDER_WAY
    }


def first_of(world: World, kind: str) -> Operation:
    """The operation of that kind that ran first; a cancelled one may never have run."""
    found = [operation for operation in world.operations() if operation.kind.value == kind]
    return min(found, key=lambda operation: (operation.started_at or "~", operation.id))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", NAMED, ids=lambda fault: fault.name)
def test_a_fault_ends_as_the_table_says(fault: Named, seed: int) -> None:
    world = World(seed, GRAPH, fault.faults)
    try:
        world.play(lambda: PLOTS[fault.plot](world, 0.0))
        assert check(world) == []
        assert len(world.points.happened) == len(fault.faults), world.points.happened
        first = first_of(world, fault.of)
        assert first.state.value in fault.state.split(" or "), first.error
        assert fault.stacks is None or told(world, first.id) == fault.stacks
        runs = [each for each in world.model.begun if (each.operation_id, each.stack) == (first.id, "network")]
        assert fault.runs is None or len(runs) == fault.runs

        destroys = fault.of == "destroy"
        world.play(lambda: world.await_end(world.start(fault.of)))
        assert (check_destroyed if destroys else check_deployed)(world) == []
        assert all(row.status is not StackStatus.FAILED for row in world.rows())
    finally:
        world.tasks.end()
