"""Laws of a dependency graph, for any names.

A graph is a mapping of every name to the names that it depends on. ``graphlib`` does the sorting; what it returns depends
on the order of its input, so only order-free facts (layers, longest paths) are read off it, and a cycle is searched for in
the sorted graph: the same graph gives the same answer whatever order it was written in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from cloud.domain.errors import DependencyError, Problem
from cloud.domain.suggestions import did_you_mean

Dependencies = Mapping[str, Collection[str]]

MAX_CYCLES_REPORTED = 10
"""Each search takes the whole graph once; a hostile graph of thousands of cycles is not worth thousands of searches."""

MAX_SUGGESTIONS = 10
"""Each suggestion compares with every known name."""

MAX_PROBLEMS_IN_MESSAGE = 5
"""The message stays readable; ``problems`` has them all."""


def find_cycle(dependencies: Dependencies) -> tuple[str, ...] | None:
    """A closed path ``(a, b, …, a)`` in which each depends on the next and ``a`` is the smallest, or None."""
    try:
        _sort(dependencies)
    except CycleError:
        ordered = {name: sorted(dependencies[name]) for name in sorted(dependencies)}
        try:
            _sort(ordered)
        except CycleError as found:
            return _from_smallest(found.args[1])
    return None


def topological_order(dependencies: Dependencies) -> list[str]:
    """Every name after all that it depends on. Raises DependencyError with every one of ``graph_problems``."""
    _require_known(dependencies)
    try:
        return _sort(dependencies)
    except CycleError:
        raise dependency_error(graph_problems(dependencies)) from None


def graph_problems(dependencies: Dependencies) -> list[Problem]:
    """Everything that is wrong with the graph: unknown dependencies, then cycles (at most 10, none sharing a name)."""
    problems = [
        _unknown(name, missing, dependencies if number < MAX_SUGGESTIONS else ())
        for number, (name, missing) in enumerate(_unknown_dependencies(dependencies))
    ]
    remaining: Dependencies = dependencies
    for _ in range(MAX_CYCLES_REPORTED):
        cycle = find_cycle(remaining)
        if cycle is None:
            break
        problems.append(_cyclic(cycle))
        inside = set(cycle)
        remaining = {
            name: [other for other in others if other not in inside]
            for name, others in remaining.items()
            if name not in inside
        }
    return problems


def layers_of(dependencies: Dependencies, order: Sequence[str] | None = None) -> dict[str, int]:
    """The layer of every name: 1 + the deepest of its dependencies.

    ``order`` is ``topological_order(dependencies)`` where the caller has it already; without it the graph is checked, and
    DependencyError names every unknown dependency and the path of every cycle.
    """
    layers: dict[str, int] = {}
    for name in topological_order(dependencies) if order is None else order:
        layers[name] = 1 + max((layers[other] for other in dependencies[name]), default=0)
    return layers


def reverse(dependencies: Dependencies) -> dict[str, list[str]]:
    """Every name with its dependents, in sorted order. Unknown dependencies become names of their own."""
    dependents: dict[str, list[str]] = {name: [] for name in dependencies}
    for name in sorted(dependencies):
        for other in dependencies[name]:
            dependents.setdefault(other, []).append(name)
    return dependents


def remaining_seconds(
    dependencies: Dependencies, seconds: Mapping[str, float], order: Sequence[str] | None = None
) -> dict[str, float]:
    """The longest path from the start of each name to the end of the graph, its own seconds included.

    A name without seconds takes none. Raises DependencyError as ``layers_of`` does.
    """
    ordered = topological_order(dependencies) if order is None else order
    after = dict.fromkeys(ordered, 0.0)  # the longest path through the dependents met so far
    for name in reversed(ordered):
        after[name] = total = after[name] + seconds.get(name, 0.0)
        for other in dependencies[name]:
            if after[other] < total:
                after[other] = total
    return after


def critical_path(
    dependencies: Dependencies, seconds: Mapping[str, float], order: Sequence[str] | None = None
) -> tuple[float, tuple[str, ...]]:
    """``(seconds, names)`` of the longest path, first to last; of equal paths the alphabetically smaller one.

    No run can end sooner, however many slots there are. Raises DependencyError as ``layers_of`` does.
    """
    ordered = topological_order(dependencies) if order is None else order
    if not ordered:
        return 0.0, ()
    remaining = remaining_seconds(dependencies, seconds, ordered)
    dependents = reverse(dependencies)
    # The longest path always begins where nothing is depended on, also when stacks take no time at all.
    path = [_longest((name for name in ordered if not dependencies[name]), remaining)]
    while dependents[path[-1]]:
        path.append(_longest(dependents[path[-1]], remaining))
    return remaining[path[0]], tuple(path)


def reachable(start: Iterable[str], edges: Dependencies) -> dict[str, str]:
    """Everything that the edges lead to from ``start``, with the name that led there (empty for ``start`` itself).

    Breadth first and alphabetical, so that the name given is a nearest one and always the same.
    """
    found = dict.fromkeys(sorted(start), "")
    frontier = list(found)
    while frontier:
        following: list[str] = []
        for name in frontier:
            for other in sorted(edges[name]):
                if other not in found:
                    found[other] = name
                    following.append(other)
        frontier = sorted(following)
    return found


def within(dependencies: Dependencies, inside: Collection[str], order: Sequence[str]) -> dict[str, list[str]]:
    """The graph of the names ``inside`` only, sorted.

    A path that leads through names outside stays an edge: where ``a`` needs ``b`` and ``b`` needs ``c``, ``a`` still comes
    after ``c`` when ``b`` is not there. ``order`` is a topological order of ``dependencies``.
    """
    members = frozenset(inside)
    nearest: dict[str, set[str]] = {}  # for every name, the names inside that it depends on
    for name in order:
        found: set[str] = set()
        for other in dependencies[name]:
            if other in members:
                found.add(other)
            else:
                found |= nearest[other]
        nearest[name] = found
    return {name: sorted(nearest[name]) for name in order if name in members}


def dependency_error(problems: Sequence[Problem]) -> DependencyError:
    """One error for all the problems; its message holds the first few of them."""
    shown = "; ".join(problem.message for problem in problems[:MAX_PROBLEMS_IN_MESSAGE])
    more = len(problems) - MAX_PROBLEMS_IN_MESSAGE
    tail = f"; and {more} more" if more > 0 else ""
    return DependencyError(f"The stacks cannot be ordered: {shown}{tail}.", problems=problems)


def _longest(names: Iterable[str], remaining: Mapping[str, float]) -> str:
    return min(names, key=lambda name: (-remaining[name], name))


def _sort(dependencies: Dependencies) -> list[str]:
    return list(TopologicalSorter(dependencies).static_order())


def _from_smallest(cycle: Sequence[str]) -> tuple[str, ...]:
    """graphlib lists each name before its dependent, and the first again at the end; we read the other way."""
    names = list(reversed(cycle[:-1]))
    first = names.index(min(names))
    return (*names[first:], *names[:first], names[first])


def _unknown_dependencies(dependencies: Dependencies) -> list[tuple[str, str]]:
    return [
        (name, other)
        for name in sorted(dependencies)
        for other in sorted(dependencies[name])
        if other not in dependencies
    ]


def _require_known(dependencies: Dependencies) -> None:
    for others in dependencies.values():
        for other in others:
            if other not in dependencies:
                raise dependency_error(graph_problems(dependencies))


def _unknown(name: str, missing: str, known: Iterable[str]) -> Problem:
    return Problem(
        f"{name} depends on {missing}, which does not exist",
        path=f"stacks.{name}",
        suggestion=did_you_mean(missing, known),
    )


def _cyclic(cycle: tuple[str, ...]) -> Problem:
    path = f"stacks.{cycle[0]}"
    if len(cycle) == 2:
        return Problem(f"{cycle[0]} depends on itself", path=path)
    return Problem(f"these stacks depend on each other: {' → '.join(cycle)}", path=path, expected="no cycle")
