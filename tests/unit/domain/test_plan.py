"""Planning: which stacks run, in which order, and what is refused."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError, DependencyError, QuotaExceeded
from cloud.domain.operations import OnFailure, OperationKind, Selection
from cloud.domain.plan import Plan, StackNode, make_plan
from cloud.domain.schedule import Begin, advance
from cloud.domain.stack_graph import deployment_problems


def nodes(*stacks: StackNode) -> dict[str, StackNode]:
    return {stack.name: stack for stack in stacks}


def plan(stacks: dict[str, StackNode], kind: OperationKind = OperationKind.DEPLOY, **options: Any) -> Plan:
    return make_plan(stacks, kind=kind, deployment_id="D1BRV40", environment="dev", **options)


def names(planned: Plan) -> list[list[str]]:
    return [[stack.stack for stack in layer] for layer in planned.layers]


SHOP = nodes(
    StackNode("network", predicted_seconds=2.0, executor="lambda"),
    StackNode("security", ("network",), predicted_seconds=1.0),
    StackNode("database", ("network", "security"), predicted_seconds=6.0),
    StackNode("apps", ("database",), predicted_seconds=3.0),
    StackNode("dns", predicted_seconds=1.0),
)


def deployed(stacks: dict[str, StackNode], *which: str) -> dict[str, StackNode]:
    return {
        name: StackNode(
            name,
            stack.dependencies,
            stack.optional_dependencies,
            stack.implicit_dependencies,
            enabled=stack.enabled,
            deployed=not which or name in which,
        )
        for name, stack in stacks.items()
    }


@st.composite
def stack_maps(draw: st.DrawFn) -> dict[str, StackNode]:
    """Any acyclic deployment without hard dependencies on disabled stacks."""
    made: dict[str, StackNode] = {}
    for number in range(draw(st.integers(0, 8))):
        enabled = [name for name, node in made.items() if node.enabled]
        made[f"s{number}"] = StackNode(
            f"s{number}",
            tuple(draw(st.lists(st.sampled_from(enabled), unique=True))) if enabled else (),
            tuple(draw(st.lists(st.sampled_from([*made, "absent"]), unique=True))),
            enabled=draw(st.booleans()),
            deployed=draw(st.booleans()),
            predicted_seconds=draw(st.sampled_from([0.0, 1.0, 2.5])),
        )
    return made


def test_layers_follow_the_dependencies_and_the_alphabet() -> None:
    assert names(plan(SHOP)) == [["dns", "network"], ["security"], ["database"], ["apps"]]


def test_a_stack_says_everything_about_its_part() -> None:
    planned = plan(SHOP).stacks["security"]
    assert (planned.stack, planned.pulumi_stack) == ("security", "D1BRV40-security-dev")
    assert (planned.layer, planned.dependencies, planned.executor) == (2, ("network",), "auto")
    assert (planned.predicted_seconds, planned.reason) == (1.0, "enabled in dev")


def test_the_plan_knows_its_longest_path_and_width() -> None:
    planned = plan(SHOP)
    assert planned.critical_path == ("network", "security", "database", "apps")
    assert planned.critical_path_seconds == 12.0
    assert planned.width == 2


def test_a_cycle_is_refused_by_name() -> None:
    with pytest.raises(DependencyError, match="a → b → c → a"):
        plan(nodes(StackNode("a", ("b",)), StackNode("b", ("c",)), StackNode("c", ("a",))))


def test_a_cycle_through_a_placeholder_is_a_cycle() -> None:
    with pytest.raises(DependencyError, match="a → b → a"):
        plan(nodes(StackNode("a", ("b",)), StackNode("b", implicit_dependencies=("a",))))


def test_a_placeholder_is_a_dependency() -> None:
    assert names(plan(nodes(StackNode("a", implicit_dependencies=("b",)), StackNode("b")))) == [["b"], ["a"]]


def test_a_placeholder_to_a_missing_stack_is_refused_unless_the_dependency_is_optional() -> None:
    with pytest.raises(DependencyError, match="a depends on gone, which does not exist"):
        plan(nodes(StackNode("a", implicit_dependencies=("gone",))))
    assert names(plan(nodes(StackNode("a", (), ("gone",), ("gone",))))) == [["a"]]


def test_an_optional_dependency_counts_only_where_it_is_enabled() -> None:
    on = nodes(StackNode("apps", (), ("cache",)), StackNode("cache"))
    off = nodes(StackNode("apps", (), ("cache",)), StackNode("cache", enabled=False))
    assert names(plan(on)) == [["cache"], ["apps"]]
    assert names(plan(off)) == [["apps"]]
    assert plan(off).left_out == {"cache": "disabled in dev"}


def test_a_dependency_that_is_both_declared_and_optional_is_hard() -> None:
    with pytest.raises(DependencyError, match="apps depends on cache, which is disabled in dev"):
        plan(nodes(StackNode("apps", ("cache",), ("cache",)), StackNode("cache", enabled=False)))


def test_every_hard_dependency_on_a_disabled_stack_is_named() -> None:
    stacks = nodes(
        StackNode("network", enabled=False),
        StackNode("security", ("network",)),
        StackNode("database", (), (), ("network",)),
        StackNode("idle", ("network",), enabled=False),
    )
    with pytest.raises(DependencyError) as caught:
        plan(stacks)
    assert [problem.message for problem in caught.value.problems] == [
        "database depends on network, which is disabled in dev",
        "security depends on network, which is disabled in dev",
    ]
    assert all("enable network" in problem.suggestion for problem in caught.value.problems)


def test_a_declared_layer_must_agree_with_the_computed_one() -> None:
    stacks = nodes(StackNode("a", declared_layer=1), StackNode("b", ("a",), declared_layer=3), StackNode("c", ("b",)))
    with pytest.raises(DependencyError) as caught:
        plan(stacks)
    (problem,) = caught.value.problems
    assert (problem.path, problem.expected) == ("stacks.b.layer", "2")
    assert problem.message == "b declares layer 3, but its dependencies put it into layer 2"


def test_a_declared_layer_is_that_of_the_whole_deployment_whatever_is_enabled_or_selected() -> None:
    stacks = nodes(StackNode("cache", enabled=False), StackNode("apps", (), ("cache",), declared_layer=2))
    assert plan(stacks).stacks["apps"].layer == 1
    assert plan(stacks, selection=Selection(only=("apps",))).stacks["apps"].layer == 1


def test_problems_of_the_deployment_are_there_for_a_report_too() -> None:
    assert deployment_problems(SHOP) == []
    wrong = nodes(StackNode("a", ("a", "gone")), StackNode("b", declared_layer=2))
    assert [problem.message for problem in deployment_problems(wrong)] == [
        "a depends on gone, which does not exist",
        "a depends on itself",
    ]
    assert [problem.path for problem in deployment_problems(nodes(wrong["b"]))] == ["stacks.b.layer"]


def test_a_destroy_runs_the_other_way_and_waits_for_the_dependents() -> None:
    planned = plan(deployed(SHOP), OperationKind.DESTROY)
    assert names(planned) == [["apps", "dns"], ["database"], ["security"], ["network"]]
    assert planned.stacks["network"].dependencies == ("database", "security")
    assert planned.stacks["network"].reason == "deployed in dev"


def test_a_destroy_covers_what_is_deployed_even_if_it_is_disabled_and_nothing_else() -> None:
    stacks = nodes(
        StackNode("network", deployed=True, enabled=False),
        StackNode("security", ("network",), deployed=True),
        StackNode("database", ("security",)),
    )
    planned = plan(stacks, OperationKind.DESTROY)
    assert names(planned) == [["security"], ["network"]]
    assert planned.left_out == {"database": "not deployed in dev"}


def test_a_destroy_keeps_the_order_through_a_stack_that_is_not_deployed() -> None:
    chain = nodes(StackNode("a"), StackNode("b", ("a",)), StackNode("c", ("b",)))
    planned = plan(deployed(chain, "a", "c"), OperationKind.DESTROY)
    assert names(planned) == [["c"], ["a"]]
    assert planned.stacks["a"].dependencies == ("c",)


def test_a_deploy_says_when_a_stack_that_is_disabled_or_lost_stays_deployed() -> None:
    old, gone = (
        StackNode("old", enabled=False, deployed=True),
        StackNode("gone", enabled=False, deployed=True, lost=True),
    )
    planned = plan(nodes(old, gone))
    assert planned.left_out == {
        "old": "disabled in dev; it stays deployed",
        "gone": "no longer in the manifest; it stays deployed",
    }
    assert names(planned) == []


@pytest.mark.parametrize("kind", [OperationKind.REFRESH, OperationKind.DRIFT])
def test_refresh_and_drift_look_at_what_is_deployed_in_the_order_of_a_deploy(kind: OperationKind) -> None:
    assert names(plan(deployed(SHOP, "network", "security"), kind)) == [["network"], ["security"]]


@given(stack_maps(), st.integers(), st.sampled_from(OperationKind))
def test_the_same_stacks_in_any_order_give_an_equal_plan(
    stacks: dict[str, StackNode], seed: int, kind: OperationKind
) -> None:
    choose = random.Random(seed)

    def mixed(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(choose.sample(values, len(values)))

    shuffled = [
        StackNode(
            node.name,
            mixed(node.dependencies),
            mixed(node.optional_dependencies),
            enabled=node.enabled,
            deployed=node.deployed,
            predicted_seconds=node.predicted_seconds,
        )
        for node in stacks.values()
    ]
    choose.shuffle(shuffled)
    first, second = plan(stacks, kind), plan(nodes(*shuffled), kind)
    assert first == second
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())


@given(stack_maps(), st.sampled_from(OperationKind))
def test_every_stack_is_in_the_plan_or_left_out_with_a_reason_and_comes_after_its_dependencies(
    stacks: dict[str, StackNode], kind: OperationKind
) -> None:
    planned = plan(stacks, kind)
    assert planned.stacks.keys() | planned.left_out.keys() == stacks.keys()
    assert not planned.stacks.keys() & planned.left_out.keys()
    assert all(planned.left_out.values())
    for number, layer in enumerate(planned.layers, start=1):
        assert [stack.stack for stack in layer] == sorted(stack.stack for stack in layer)
        for stack in layer:
            assert stack.reason
            assert stack.layer == number
            assert number == 1 + max((planned.stacks[other].layer for other in stack.dependencies), default=0)


@given(stack_maps(), st.sampled_from(OperationKind), st.booleans())
def test_a_plan_survives_json(stacks: dict[str, StackNode], kind: OperationKind, strict: bool) -> None:
    planned = plan(stacks, kind, strict_layers=strict, max_parallel=3)
    read = Plan.from_dict(json.loads(json.dumps(planned.to_dict())))
    assert read == planned
    assert read.digest() == planned.digest()


def test_the_digest_is_that_of_what_would_be_done() -> None:
    digest = plan(SHOP).digest()
    assert len(digest) == 64
    better_known = {name: StackNode(name, node.dependencies, executor=node.executor) for name, node in SHOP.items()}
    assert plan(better_known).digest() == digest
    assert plan(SHOP, selection=Selection(stacks=tuple(SHOP))).digest() == digest
    others = [
        plan(SHOP, max_parallel=2),
        plan(SHOP, strict_layers=True),
        plan(SHOP, OperationKind.PREVIEW),
        plan(SHOP, selection=Selection(only=("dns",))),
        plan({**SHOP, "dns": StackNode("dns", executor="codebuild")}),
        plan({**SHOP, "dns": StackNode("dns", ("network",))}),
        make_plan(SHOP, kind=OperationKind.DEPLOY, deployment_id="D1BRV40", environment="prod"),
        make_plan(SHOP, kind=OperationKind.DEPLOY, deployment_id="D1BRV41", environment="dev"),
    ]
    assert len({digest, *(other.digest() for other in others)}) == len(others) + 1


def test_the_schedule_of_a_plan_starts_the_longest_path_first() -> None:
    schedule = plan(SHOP, max_parallel=1).schedule(OnFailure.STOP)
    assert advance(schedule, Begin()).starts == ("network",)
    assert (schedule.max_parallel, schedule.on_failure, schedule.strict_layers) == (1, OnFailure.STOP, False)


def test_without_predictions_the_longer_chain_starts_first() -> None:
    stacks = nodes(StackNode("a"), StackNode("z"), StackNode("y", ("z",)))
    assert advance(plan(stacks, max_parallel=1).schedule(OnFailure.STOP), Begin()).starts == ("z",)


def test_a_plan_that_is_too_big_can_be_looked_at_and_counts_what_it_needs() -> None:
    planned = plan(nodes(*(StackNode(f"stack-{number}") for number in range(41))))
    assert planned.budget.widest_layer == planned.width == 41
    assert [problem.message for problem in planned.budget.exceeded()] == ["the plan needs 41 stacks in one layer"]


def test_a_plan_is_run_as_far_as_this_version_can() -> None:
    plan(SHOP).require_runnable()
    with pytest.raises(QuotaExceeded, match="41 stacks in one layer"):
        plan(nodes(*(StackNode(f"stack-{number}") for number in range(41)))).require_runnable()
    with pytest.raises(ConfigurationError, match="CodeBuild") as caught:
        plan({**SHOP, "dns": StackNode("dns", executor="codebuild")}).require_runnable()
    assert [problem.path for problem in caught.value.problems] == ["stacks.dns.executor"]


def test_planning_imports_nothing_that_a_cold_start_would_feel() -> None:
    heavy = ["boto3", "botocore", "pydantic", "yaml", "pynamodb", "asyncio", "difflib", "aws_lambda_powertools"]
    code = f"import sys, cloud.domain.plan, cloud.domain.schedule; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_prediction_is_stored_and_is_no_part_of_what_would_be_done() -> None:
    planned = plan(SHOP)
    predicted = planned.with_predictions({"apps": "unchanged if database's outputs don't change"})
    assert predicted.digest() == planned.digest()
    assert Plan.from_dict(json.loads(json.dumps(predicted.to_dict()))) == predicted
    written = predicted.to_dict()
    for layer in written["layers"]:
        for stack in layer:
            del stack["prediction"]  # as an earlier version of the platform wrote it
    assert Plan.from_dict(written) == planned


def test_a_plan_that_stands_aside_has_nothing_to_do_and_another_digest() -> None:
    planned = plan(deployed(SHOP), OperationKind.DRIFT)
    aside = planned.standing_aside("dev is held by 01A")
    assert (aside.stacks, aside.width, aside.critical_path, aside.critical_path_seconds) == ({}, 0, (), 0.0)
    assert aside.left_out == dict.fromkeys(sorted(SHOP), "dev is held by 01A")
    assert aside.digest() != planned.digest()
    assert Plan.from_dict(json.loads(json.dumps(aside.to_dict()))) == aside
