"""The laws of dependency graphs."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import DependencyError
from cloud.domain.graph import (
    MAX_CYCLES_REPORTED,
    critical_path,
    find_cycle,
    graph_problems,
    layers_of,
    reachable,
    remaining_seconds,
    reverse,
    topological_order,
    within,
)

Graph = dict[str, list[str]]

DIAMOND: Graph = {"top": ["left", "right"], "left": ["base"], "right": ["base"], "base": []}
names = st.integers(0, 9).map(lambda number: f"s{number}")
any_graph = st.dictionaries(names, st.lists(names, max_size=4, unique=True), max_size=10)


@st.composite
def acyclic_graphs(draw: st.DrawFn) -> Graph:
    """Edges lead from later to earlier names only; the order of the mapping is drawn."""
    count = draw(st.integers(0, 9))
    everyone = draw(st.permutations([f"s{number}" for number in range(count)]))
    graph = {
        name: draw(st.lists(st.sampled_from(everyone[:at]), unique=True)) if at else []
        for at, name in enumerate(everyone)
    }
    return {name: graph[name] for name in draw(st.permutations(everyone))}


def shuffled(graph: Graph, seed: int) -> Graph:
    choose = random.Random(seed)
    entries = [(name, choose.sample(others, len(others))) for name, others in graph.items()]
    choose.shuffle(entries)
    return dict(entries)


def paths_from(graph: Graph, name: str) -> list[list[str]]:
    """Every path along dependents, by brute force."""
    dependents = [other for other in graph if name in graph[other]]
    return [[name]] if not dependents else [[name, *path] for other in dependents for path in paths_from(graph, other)]


def test_a_graph_without_a_cycle_has_none() -> None:
    assert find_cycle(DIAMOND) is None


def test_a_cycle_is_a_closed_path_that_starts_at_its_smallest_name_and_follows_the_dependencies() -> None:
    assert find_cycle({"c": ["a"], "b": ["c"], "a": ["b"]}) == ("a", "b", "c", "a")


def test_a_stack_that_depends_on_itself_is_the_shortest_cycle() -> None:
    assert find_cycle({"a": ["a"]}) == ("a", "a")


def test_a_cycle_through_an_unknown_name_does_not_exist() -> None:
    assert find_cycle({"a": ["nobody"]}) is None


def test_of_several_cycles_the_first_is_the_same_whatever_the_order_of_the_dependencies() -> None:
    loops = {"b": ["b"], "c": ["c"]}
    assert find_cycle({"a": ["b", "c"], **loops}) == find_cycle({"a": ["c", "b"], **loops}) == ("b", "b")


@given(any_graph, st.integers())
def test_the_same_cycle_is_found_whatever_the_order_of_the_graph(graph: Graph, seed: int) -> None:
    cycle = find_cycle(graph)
    assert find_cycle(shuffled(graph, seed)) == cycle
    if cycle is not None:
        assert cycle[0] == cycle[-1] == min(cycle)
        assert len(set(cycle)) == len(cycle) - 1
        assert all(after in graph[before] for before, after in pairwise(cycle))


@given(acyclic_graphs())
def test_what_has_an_order_has_no_cycle(graph: Graph) -> None:
    assert find_cycle(graph) is None
    assert graph_problems(graph) == []
    order = topological_order(graph)
    assert sorted(order) == sorted(graph)
    assert all(order.index(other) < order.index(name) for name in graph for other in graph[name])


def test_the_layer_is_one_more_than_the_deepest_dependency() -> None:
    assert layers_of({**DIAMOND, "late": ["base", "top"]}) == {"base": 1, "left": 2, "right": 2, "top": 3, "late": 4}


@given(acyclic_graphs())
def test_layers_follow_their_definition(graph: Graph) -> None:
    layers = layers_of(graph)
    assert layers == {name: 1 + max((layers[other] for other in graph[name]), default=0) for name in graph}


def test_every_cycle_and_every_unknown_dependency_is_named_in_one_error() -> None:
    graph = {"a": ["b"], "b": ["a"], "c": ["c"], "network": ["netwrk", "nobody-knows"], "database": ["network"]}
    graph["security"] = ["networks"]
    with pytest.raises(DependencyError) as caught:
        layers_of(graph)
    assert [problem.message for problem in caught.value.problems] == [
        "network depends on netwrk, which does not exist",
        "network depends on nobody-knows, which does not exist",
        "security depends on networks, which does not exist",
        "these stacks depend on each other: a → b → a",
        "c depends on itself",
    ]
    assert caught.value.problems[0].suggestion == "did you mean 'network'?"
    assert caught.value.problems[1].suggestion == ""
    assert "a → b → a" in caught.value.message


def test_a_cycle_alone_is_refused_too() -> None:
    with pytest.raises(DependencyError, match="a → b → a"):
        topological_order({"b": ["a"], "a": ["b"]})


def test_thousands_of_problems_do_not_make_an_endless_report() -> None:
    pairs = {f"x{number}": [f"y{number}"] for number in range(500)} | {
        f"y{number}": [f"x{number}", "gone"] for number in range(500)
    }
    problems = graph_problems(pairs)
    assert len(problems) == 500 + MAX_CYCLES_REPORTED
    with pytest.raises(DependencyError) as caught:
        topological_order(pairs)
    assert len(caught.value.problems) == len(problems)
    assert len(caught.value.message) < 1000
    assert "and 505 more" in caught.value.message


def test_reversed_edges_lead_to_the_dependents() -> None:
    assert reverse(DIAMOND) == {"top": [], "left": ["top"], "right": ["top"], "base": ["left", "right"]}


@given(acyclic_graphs())
def test_reversing_twice_changes_nothing(graph: Graph) -> None:
    assert reverse(reverse(graph)) == {name: sorted(others) for name, others in graph.items()}


def test_the_critical_path_is_the_slowest_chain() -> None:
    seconds = {"base": 2.0, "left": 1.0, "right": 5.0, "top": 1.0}
    assert critical_path(DIAMOND, seconds) == (8.0, ("base", "right", "top"))
    assert remaining_seconds(DIAMOND, seconds) == {"base": 8.0, "left": 2.0, "right": 6.0, "top": 1.0}


def test_of_two_equal_paths_the_alphabet_decides() -> None:
    assert critical_path(DIAMOND, {}) == (0.0, ("base", "left", "top"))


def test_nothing_takes_no_time() -> None:
    assert critical_path({}, {}) == (0.0, ())


@given(acyclic_graphs(), st.lists(st.integers(0, 100), min_size=9, max_size=9), st.integers())
def test_longest_paths_are_those_of_a_search_through_all_paths(graph: Graph, times: list[int], seed: int) -> None:
    seconds = {f"s{number}": float(time) for number, time in enumerate(times)}
    expected = {name: max(sum(seconds[step] for step in path) for path in paths_from(graph, name)) for name in graph}
    assert remaining_seconds(graph, seconds) == expected
    total, path = critical_path(graph, seconds)
    assert total == max(expected.values(), default=0.0) == sum(seconds[step] for step in path)
    assert all(before in graph[after] for before, after in pairwise(path))
    assert critical_path(shuffled(graph, seed), seconds) == (total, path)


def test_what_is_reachable_names_the_nearest_step_to_it() -> None:
    assert reachable(["top"], DIAMOND) == {"top": "", "left": "top", "right": "top", "base": "left"}


def test_a_path_through_stacks_that_are_not_there_stays_a_dependency() -> None:
    chain: Graph = {"a": ["b"], "b": ["c"], "c": ["d"], "d": [], "e": ["b", "d"]}
    assert within(chain, {"a", "d", "e"}, topological_order(chain)) == {"a": ["d"], "d": [], "e": ["d"]}


@given(acyclic_graphs(), st.sets(names))
def test_within_keeps_exactly_the_order_between_the_stacks_inside(graph: Graph, chosen: set[str]) -> None:
    inside = chosen & graph.keys()
    smaller = within(graph, inside, topological_order(graph))
    assert smaller.keys() == inside
    for name in inside:
        before = reachable([name], graph).keys() & inside
        assert reachable([name], smaller).keys() == before
