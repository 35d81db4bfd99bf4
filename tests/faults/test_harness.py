"""The harness itself: it repeats, and it finds what is broken on purpose. Each guard that is taken away here shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cloud.domain.records import EnvironmentLock, StackRecord
from tests.faults.cloud_model import Aws
from tests.faults.invariants import check, check_deployed
from tests.faults.named_fault import GRAPH, at
from tests.faults.points import Fault, Kind
from tests.faults.scenarios import PLOTS, drawn, run
from tests.faults.tasks import Stuck
from tests.faults.watched import WatchedOperations, WatchedStacks
from tests.faults.world import World


def test_a_seed_is_one_run_whatever_the_hashes() -> None:
    def trace(hashes: int) -> str:
        command = [sys.executable, "-m", "tests.faults", "--seed", "7"]
        return subprocess.run(
            command, env={"PYTHONHASHSEED": str(hashes), "PATH": ""}, check=True, capture_output=True, text=True
        ).stdout

    assert trace(1) == trace(2)


def test_different_seeds_are_different_runs() -> None:
    assert run(drawn(1)).trace != run(drawn(2)).trace


class ForgetfulOperations(WatchedOperations):
    """A lock that tells everybody that it is free."""

    def get_lock(self, deployment_id: str, environment: str) -> EnvironmentLock:
        return replace(super().get_lock(deployment_id, environment), owner=None)


class LostUpdates(WatchedStacks):
    """Puts that overwrite what somebody else wrote meanwhile."""

    def put(self, record: StackRecord) -> StackRecord:
        there = self.get(record.deployment_id, record.stack, record.environment)
        return super().put(replace(record, version=there.version if there else 0))


class BlindAws(Aws):
    """Look-ups that find nothing."""

    def find(self, stack: str, name: str) -> list[Any]:
        return []


def played(world: World, plot: str) -> list[str]:
    try:
        world.play(lambda: PLOTS[plot](world, 0.0))
        return check(world)
    except Stuck as stuck:
        return [str(stuck)]
    finally:
        world.tasks.end()


def test_two_owners_of_one_environment_are_seen() -> None:
    world = World(1, GRAPH, operations=ForgetfulOperations)
    assert any(
        "does not own the environment" in each or "holds no environment" in each for each in played(world, "deploy")
    )


def test_writes_that_overwrite_others_are_seen() -> None:
    def broken(seed: int) -> list[str]:
        return played(World(seed, GRAPH, at("run_stack *: invoke", Kind.TWICE), stacks=LostUpdates), "deploy")

    assert any("at once" in each for seed in range(100) for each in broken(seed))


def test_a_creation_that_is_repeated_blindly_is_seen() -> None:
    world = World(1, GRAPH, at("pulumi network: after create network-1", Kind.KILL))
    world.model.aws = BlindAws()
    assert any("network has a resource twice in AWS" in each for each in played(world, "deploy then retry"))


def test_a_wake_up_that_is_never_sent_is_seen() -> None:
    world = World(1, GRAPH, tuple(Fault("*: before workflow.succeed", Kind.DROP, number) for number in range(1, 2000)))
    assert any("not over in time" in each for each in played(world, "deploy"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda world: world.model.aws.create(world.pulumi_stack("app"), "app-9", 1), "knows nothing of it"),
        (lambda world: world.model.aws.resources.clear(), "not in AWS"),
        (lambda world: _state(world).resources.clear(), "counts other resources"),
        (lambda world: setattr(_state(world), "lock", "somebody"), "Pulumi's lock on app was left behind"),
        (lambda world: setattr(_state(world), "etag", 99), "its row knows another state"),
        (lambda world: world.ledger.reported.add((world.operations()[0].id, "app")), ""),
        (lambda world: world.model.finished.clear(), "Pulumi never finished it"),
    ],
    ids=["unknown resource", "lost resource", "lost state", "lock", "etag", "nothing", "never finished"],
)
def test_what_does_not_agree_is_seen(spoil: Callable[[World], object], told: str) -> None:
    world = World(1, GRAPH)
    assert played(world, "deploy") == []
    spoil(world)
    found = check_deployed(world)
    assert (not found) if not told else any(told in each for each in found)


def _state(world: World) -> Any:
    return world.model.checkpoint(world.pulumi_stack("app"))
