"""How long planning 10,000 stacks with 50,000 dependencies takes, and how much of it is not graphlib's sorting.

Method: one graph, made from a fixed seed and given in shuffled order; the whole of ``make_plan`` (checks, selection, layers,
critical path, budget) in this process, garbage collector on; the best of several runs, because every disturbance can only
add time. The ratio is to a bare ``graphlib.TopologicalSorter`` on the same graph, the best of as many runs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from graphlib import TopologicalSorter

from cloud.domain.operations import OperationKind
from cloud.domain.plan import StackNode, make_plan
from tests.benchmarks.results import Figure

STACKS = 10_000
EDGES = 50_000
REACH = 500  # a stack depends on some of the 500 before it, which gives a deep graph with wide layers
RUNS = 7
LIMIT_SECONDS = 0.5


def make_graph() -> dict[str, StackNode]:
    """The same graph each time: exactly 10,000 stacks and 50,000 distinct dependencies."""
    choose = random.Random(10_000)
    names = [f"stack-{number:05}" for number in range(STACKS)]
    edges: set[tuple[int, int]] = set()
    while len(edges) < EDGES:
        dependent = choose.randrange(1, STACKS)
        edges.add((dependent, choose.randrange(max(0, dependent - REACH), dependent)))
    dependencies: dict[str, list[str]] = {name: [] for name in names}
    for dependent, other in sorted(edges):
        dependencies[names[dependent]].append(names[other])
    choose.shuffle(names)
    return {
        name: StackNode(name, tuple(dependencies[name]), predicted_seconds=float(choose.randrange(10, 600)))
        for name in names
    }


def measure() -> list[Figure]:
    """``ratio`` is to bare graphlib."""
    stacks = make_graph()
    bare = {name: node.dependencies for name, node in stacks.items()}
    planning = _best(lambda: make_plan(stacks, kind=OperationKind.DEPLOY, deployment_id="D000000", environment="dev"))
    sorting = _best(lambda: list(TopologicalSorter(bare).static_order()))
    return [Figure("plan_10k_seconds", planning, "s", planning / sorting, LIMIT_SECONDS)]


def _best(action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    for figure in measure():
        print(figure)  # noqa: T201
