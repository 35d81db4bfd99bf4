"""Scenarios drawn by a seed: a graph, its programs, what a person does, and what goes wrong. Then recovery, and the checks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.cloud_model import Program
from tests.faults.invariants import check, check_deployed, check_destroyed
from tests.faults.points import Fault, Kind
from tests.faults.tasks import Stuck
from tests.faults.world import World

NAMES = ("network", "storage", "app", "web", "jobs")
BEFORE = (Kind.KILL, Kind.THROTTLE, Kind.DELAY, Kind.RAISE, Kind.HANG)
AFTER = (Kind.KILL, Kind.LOSE, Kind.DELAY)
PULUMI = (Kind.KILL, Kind.KILL_ENGINE, Kind.DELAY, Kind.STOP, Kind.CANCEL, Kind.FORCE)
LAMBDA = (Kind.REFUSE, Kind.BREAK, Kind.UNHEARD, Kind.TWICE, Kind.LATE, Kind.DELAY, Kind.KILL, Kind.STOP, Kind.CANCEL)
ANSWER = (Kind.LOSE, Kind.KILL, Kind.DELAY)

CATALOGUE: tuple[tuple[str, tuple[Kind, ...], int], ...] = (
    ("*: invoke", (*LAMBDA, Kind.RELEASE), 40),
    ("run_stack *: invoke", LAMBDA, 5),
    ("record_stack *: invoke", LAMBDA, 5),
    ("finish_operation*: invoke", LAMBDA, 2),
    ("reconcile_operation*: invoke", (*LAMBDA, Kind.HANG), 3),
    ("*: answer", ANSWER, 40),
    ("run_stack *: answer", ANSWER, 5),
    ("pulumi *: *", PULUMI, 40),
    ("pulumi *: before create *", PULUMI, 6),
    ("pulumi *: after create *", PULUMI, 6),
    ("pulumi *: * outputs", PULUMI, 6),
    ("run_stack *: before *", BEFORE, 30),
    ("run_stack *: after *", AFTER, 30),
    ("record_stack *: before *", BEFORE, 30),
    ("record_stack *: after *", AFTER, 20),
    ("finish_operation*: before *", BEFORE, 20),
    ("finish_operation*: after *", AFTER, 10),
    ("reconcile_operation*: before *", BEFORE, 20),
    ("reconcile_operation*: after *", AFTER, 10),
    ("request_approval: before *", BEFORE, 5),
    ("request_approval: invoke", LAMBDA, 1),
    ("request_approval: answer", ANSWER, 1),
    ("serve_api*: before *", BEFORE, 12),
    ("serve_api*: after *", AFTER, 8),
    ("*: before workflow.succeed", (*BEFORE, Kind.DROP), 6),
    ("*: after operations.put_schedule", AFTER, 5),
    ("*: after operations.put_lock", AFTER, 3),
    ("*: before *", (*BEFORE, Kind.STOP, Kind.CANCEL, Kind.FORCE, Kind.RELEASE), 250),
    ("*: after *", (*AFTER, Kind.STOP, Kind.CANCEL, Kind.FORCE, Kind.RELEASE), 100),
)
"""Where, what, and at which occurrence at most."""
DELAYS = (0.5, 5.0, 58.0)
"""Of a call to AWS; its client gives up after a minute."""
LATER = (0.5, 30.0, 200.0, 1000.0)
"""Of a second delivery."""


@dataclass(frozen=True)
class Scenario:
    """``plot`` names what the person does; ``pause`` is how long she waits in the middle of it, in seconds."""

    seed: int
    plot: str
    graph: Mapping[str, Sequence[str]]
    programs: Mapping[str, Program]
    policy: Mapping[str, Any]
    pause: float
    faults: tuple[Fault, ...]
    destroys: bool

    def lines(self) -> list[str]:
        """To read."""
        graph = ", ".join(f"{name}({' '.join(needs)})" if needs else name for name, needs in self.graph.items())
        programs = ", ".join(f"{name}: {program}" for name, program in self.programs.items())
        return [
            f"seed {self.seed}: {self.plot}, pause {self.pause:.1f} s, then {'destroy' if self.destroys else 'deploy'}",
            f"  stacks {graph}; policy {dict(self.policy)}",
            f"  programs {programs}",
            *(f"  fault {fault}" for fault in self.faults),
        ]


def _cancel(world: World, pause: float, *, force: bool = False) -> None:
    operation_id = world.start()
    world.tasks.wait(seconds=pause)
    if operation_id:
        world.cancel(operation_id, force=force)
        world.await_end(operation_id)


def _two(first: str, second: str) -> Callable[[World, float], None]:
    def play(world: World, pause: float) -> None:
        both = [world.start(first)]
        world.tasks.wait(seconds=pause % 5.0)
        both.append(world.start(second))
        for operation_id in both:
            world.await_end(operation_id)

    return play


def _then(first: str, second: str) -> Callable[[World, float], None]:
    def play(world: World, pause: float) -> None:
        world.await_end(world.start(first))
        world.await_end(world.start(second))

    return play


def _after_a_deploy(then: Callable[[World, float], None]) -> Callable[[World, float], None]:
    def play(world: World, pause: float) -> None:
        world.await_end(world.start())
        then(world, pause)

    return play


def _changed(world: World, pause: float) -> None:
    world.await_end(world.start())
    name = sorted(world.graph)[0]
    world.put(**{name: Program(resources=1, revision=2)})
    world.await_end(world.start())


def _mended(world: World, pause: float) -> None:
    name = next(iter(world.graph))
    good = world.programs[name]
    world.put(**{name: Program(good.resources + 1, good.revision, broken=good.resources + 1)})
    world.await_end(world.start())
    world.put(**{name: good})
    world.await_end(world.start("retry"))


def _approved(world: World, pause: float) -> None:
    world.needs_approval = True
    world.put()
    world.await_end(world.start())
    world.needs_approval = False
    world.put()


def _changed_meanwhile(world: World, pause: float) -> None:
    operation_id = world.start()
    world.tasks.wait(seconds=pause)
    world.put(**{name: Program(resources=2, revision=2) for name in world.graph})
    world.await_end(operation_id)


PLOTS: Mapping[str, Callable[[World, float], None]] = {
    "deploy": lambda world, _: world.await_end(world.start()),
    "two deploys": _two("deploy", "deploy"),
    "destroy and deploy at once": _after_a_deploy(_two("destroy", "deploy")),
    "deploy and preview at once": _two("deploy", "preview"),
    "deploy, change meanwhile": _changed_meanwhile,
    "an event that is delivered twice": lambda world, _: world.start_from_outside("event-1"),
    "approve": _approved,
    "deploy then drift": _then("deploy", "drift"),
    "cancel": lambda world, pause: _cancel(world, pause),
    "cancel by force": lambda world, pause: _cancel(world, pause, force=True),
    "deploy then destroy": _then("deploy", "destroy"),
    "deploy then refresh": _then("deploy", "refresh"),
    "deploy then retry": _then("deploy", "retry"),
    "deploy, change, deploy": _changed,
    "deploy what is broken, mend, retry": _mended,
}


def drawn(seed: int) -> Scenario:
    """The scenario of a seed."""
    chance = random.Random(f"scenario {seed}")
    names = NAMES[: chance.randint(2, len(NAMES))]
    graph = {
        name: tuple(sorted(chance.sample(names[:index], chance.randint(0, min(index, 2)))))
        for index, name in enumerate(names)
    }
    return Scenario(
        seed=seed,
        plot=chance.choice(sorted(PLOTS)),
        graph=graph,
        programs={name: Program(resources=chance.randint(1, 3)) for name in names},
        policy={
            "on_failure": chance.choice(["stop", "continue"]),
            "max_parallel": chance.randint(1, 4),
            "strict_layers": chance.random() < 0.2,
        },
        pause=chance.choice([0.0, chance.uniform(0.0, 3.0), chance.uniform(0.0, 30.0)]),
        faults=tuple(_fault(chance) for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3, 4]))),
        destroys=chance.random() < 0.25,
    )


def _fault(chance: random.Random) -> Fault:
    point, kinds, most = chance.choice(CATALOGUE)
    kind = chance.choice(kinds)
    seconds = chance.choice(LATER if kind is Kind.LATE else DELAYS) if kind in (Kind.LATE, Kind.DELAY) else 0.0
    return Fault(point, kind, chance.randint(1, most), seconds)


@dataclass(frozen=True)
class Report:
    """``broken`` are the sentences that do not hold; ``trace`` the points in order, ``happened`` what struck."""

    scenario: Scenario
    broken: tuple[str, ...]
    happened: tuple[str, ...]
    trace: tuple[tuple[float, str], ...]

    def lines(self, last: int = 0) -> list[str]:
        """To read; ``last`` points of the trace (0: all)."""
        return [
            *self.scenario.lines(),
            *(f"  struck {each}" for each in self.happened),
            *(f"  BROKEN {each}" for each in self.broken),
            *(f"    {at:9.3f} {name}" for at, name in self.trace[-last:]),
        ]


def run(scenario: Scenario) -> Report:
    """Play it, recover without faults, and check after both."""
    world = World(scenario.seed, scenario.graph, scenario.faults, programs=scenario.programs, policy=scenario.policy)
    broken: list[str] = []
    try:
        world.play(lambda: PLOTS[scenario.plot](world, scenario.pause))
        broken = check(world)
        world.points.disarm()
        if not broken:
            kind = "destroy" if scenario.destroys and any(row.is_deployed for row in world.rows()) else "deploy"
            world.play(lambda: world.await_end(world.start(kind)))
            broken = (check_destroyed if kind == "destroy" else check_deployed)(world)
    except Stuck as stuck:
        broken = [*world.ledger.violations, str(stuck)]
    finally:
        world.tasks.end()
    return Report(scenario, tuple(broken), tuple(world.points.happened), tuple(world.points.trace))
