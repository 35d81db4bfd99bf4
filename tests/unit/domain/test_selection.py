"""Selections: who is in, who is out, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.errors import ConfigurationError, DependencyError, NotFound
from cloud.domain.operations import OperationKind, Selection
from cloud.domain.plan import Plan, StackNode, make_plan
from cloud.domain.selection import Remainder

GRAPH = {
    "network": (),
    "dns": (),
    "security": ("network",),
    "database": ("security",),
    "storage": ("security",),
    "apps": ("database", "dns"),
}


def plan(kind: OperationKind, *, deployed: bool = True, absent: tuple[str, ...] = (), **selection: Any) -> Plan:
    stacks = {name: StackNode(name, others, deployed=deployed and name not in absent) for name, others in GRAPH.items()}
    return make_plan(stacks, kind=kind, deployment_id="D1BRV40", environment="dev", selection=Selection(**selection))


def _options(selection: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return dict(selection)


def reasons(planned: Plan) -> dict[str, str]:
    return {name: stack.reason for name, stack in planned.stacks.items()}


def test_a_selected_stack_brings_what_it_needs() -> None:
    planned = plan(OperationKind.DEPLOY, stacks=("database",))
    assert reasons(planned) == {
        "network": "needed by security",
        "security": "needed by database",
        "database": "selected by --stack",
    }
    assert planned.left_out == dict.fromkeys(("apps", "dns", "storage"), "nothing selected needs it")


def test_only_takes_exactly_what_is_named() -> None:
    planned = plan(OperationKind.DEPLOY, only=("apps", "security"))
    assert reasons(planned) == {"security": "selected by --only", "apps": "selected by --only"}
    assert set(planned.left_out.values()) == {"not selected by --only"}
    assert planned.warnings == ()


def test_only_keeps_the_order_between_stacks_that_depend_on_each_other_through_others() -> None:
    assert plan(OperationKind.DEPLOY, only=("apps", "security")).stacks["apps"].dependencies == ("security",)


def test_only_warns_of_what_is_neither_deployed_nor_selected() -> None:
    planned = plan(OperationKind.DEPLOY, absent=("database",), only=("apps",))
    assert planned.warnings == ("apps needs database, which is not deployed and not selected.",)


def test_from_takes_everything_that_depends_on_it() -> None:
    planned = plan(OperationKind.DEPLOY, start=("security",))
    assert reasons(planned) == {
        "security": "selected by --from",
        "database": "depends on security",
        "storage": "depends on security",
        "apps": "depends on database",
    }
    assert planned.left_out == dict.fromkeys(("dns", "network"), "does not depend on anything selected")


def test_from_warns_of_what_is_neither_deployed_nor_selected() -> None:
    planned = plan(OperationKind.DEPLOY, deployed=False, start=("database",))
    assert planned.warnings == (
        "apps needs dns, which is not deployed and not selected.",
        "database needs security, which is not deployed and not selected.",
    )


def test_stack_and_from_together_take_both() -> None:
    planned = plan(OperationKind.DEPLOY, stacks=("storage",), start=("database",))
    assert reasons(planned) == {
        "network": "needed by security",
        "security": "needed by storage",
        "storage": "selected by --stack",
        "database": "selected by --from",
        "apps": "depends on database",
    }
    assert planned.left_out == {"dns": "not selected, and nothing selected leads to it"}


@pytest.mark.parametrize("option", ["stacks", "start"])
def test_only_excludes_the_other_options(option: str) -> None:
    with pytest.raises(ConfigurationError, match="--only cannot be combined"):
        plan(OperationKind.DEPLOY, **_options({"only": ("dns",), option: ("network",)}))


@pytest.mark.parametrize("option", ["stacks", "start"])
def test_destroying_a_stack_takes_its_dependents_along_and_says_so(option: str) -> None:
    planned = plan(OperationKind.DESTROY, **_options({option: ("security",)}))
    named = {"stacks": "--stack", "start": "--from"}[option]
    assert reasons(planned) == {
        "apps": "depends on database, which is destroyed",
        "storage": "depends on security, which is destroyed",
        "database": "depends on security, which is destroyed",
        "security": f"selected by {named}",
    }
    assert planned.left_out == dict.fromkeys(("dns", "network"), "does not depend on anything that is destroyed")
    assert planned.warnings == ()


def test_destroying_only_a_stack_that_others_stand_on_is_refused_with_their_names() -> None:
    with pytest.raises(DependencyError) as caught:
        plan(OperationKind.DESTROY, only=("security", "dns"))
    assert [problem.message for problem in caught.value.problems] == [
        "apps would be left deployed without dns",
        "database, storage would be left deployed without security",
    ]
    assert "--stack" in caught.value.hint


def test_destroying_only_what_nothing_deployed_stands_on_is_allowed() -> None:
    assert list(plan(OperationKind.DESTROY, only=("apps", "dns")).stacks) == ["apps", "dns"]
    assert list(plan(OperationKind.DESTROY, absent=("apps",), only=("dns",)).stacks) == ["dns"]


def test_a_dependent_behind_a_stack_that_is_gone_still_stands_on_it() -> None:
    with pytest.raises(DependencyError, match="apps would be left deployed without security"):
        plan(OperationKind.DESTROY, absent=("database", "storage"), only=("security",))


def test_destroying_a_stack_that_is_not_deployed_leaves_it_and_everything_else_alone() -> None:
    planned = plan(OperationKind.DESTROY, absent=("security",), stacks=("security",))
    assert planned.stacks == {}
    assert planned.left_out["security"] == "not deployed in dev"


def test_a_refresh_of_a_stack_looks_at_what_it_needs_too() -> None:
    assert list(plan(OperationKind.REFRESH, stacks=("security",)).stacks) == ["network", "security"]


def test_every_unknown_name_is_reported_with_the_nearest_one() -> None:
    with pytest.raises(NotFound) as caught:
        plan(OperationKind.DEPLOY, stacks=("netwrk", "apps"), start=("qqqqqq", "databse"))
    problems = {problem.message: problem.suggestion for problem in caught.value.problems}
    assert problems == {
        "there is no stack 'databse'": "did you mean 'database'?",
        "there is no stack 'netwrk'": "did you mean 'network'?",
        "there is no stack 'qqqqqq'": "",
    }
    assert "did you mean 'network'?" in caught.value.hint


def test_a_name_that_is_near_to_nothing_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        plan(OperationKind.DEPLOY, only=("qqqqqq",))
    assert caught.value.hint == "The stacks are apps, database, dns, network, security, storage."


def test_a_selected_stack_that_is_disabled_is_refused() -> None:
    stacks = {"cache": StackNode("cache", enabled=False), "old": StackNode("old", enabled=False)}
    with pytest.raises(ConfigurationError) as caught:
        make_plan(
            stacks,
            kind=OperationKind.DEPLOY,
            deployment_id="D1BRV40",
            environment="dev",
            selection=Selection(stacks=("old", "cache")),
        )
    assert [problem.message for problem in caught.value.problems] == [
        "cache is disabled in dev",
        "old is disabled in dev",
    ]


@given(st.sets(st.sampled_from(sorted(GRAPH)), min_size=1), st.sampled_from(["stacks", "start", "only"]), st.data())
def test_no_selection_ever_destroys_what_a_deployed_stack_stands_on(
    chosen: set[str], option: str, data: st.DataObject
) -> None:
    absent = tuple(sorted(data.draw(st.sets(st.sampled_from(sorted(GRAPH))))))
    try:
        planned = plan(OperationKind.DESTROY, absent=absent, **_options({option: tuple(sorted(chosen))}))
    except DependencyError:
        assert option == "only"
        return
    left = [name for name in GRAPH if name not in absent and name not in planned.stacks]
    assert not [name for name in left for other in GRAPH[name] if other in planned.stacks]


# -- what a retry touches


def remaining(kind: OperationKind, unfinished: set[str], done: dict[str, str] | None = None, **more: Any) -> Plan:
    absent = more.pop("absent", ())
    stacks = {name: StackNode(name, others, deployed=name not in absent) for name, others in GRAPH.items()}
    stacks |= more.pop("stacks", {})
    remainder = Remainder("01A", frozenset(unfinished), done or {})
    return make_plan(stacks, kind=kind, deployment_id="D1BRV40", environment="dev", remainder=remainder)


def test_a_retry_takes_exactly_what_did_not_succeed() -> None:
    done = dict.fromkeys(("network", "dns", "security"), "deployed by operation 01A")
    planned = remaining(OperationKind.DEPLOY, {"apps", "database"}, done)
    assert reasons(planned) == dict.fromkeys(("database", "apps"), "did not succeed in operation 01A")
    assert planned.stacks["apps"].dependencies == ("database",)
    assert planned.left_out == {**done, "storage": "not part of operation 01A"}


def test_a_retry_leaves_out_what_is_gone_or_disabled() -> None:
    off = {"storage": StackNode("storage", ("security",), enabled=False)}
    planned = remaining(OperationKind.DEPLOY, {"apps", "storage", "cache"}, {"gone": "deployed by 01A"}, stacks=off)
    assert list(planned.stacks) == ["apps"]
    assert planned.left_out["cache"] == "no longer in the manifest"
    assert planned.left_out["storage"] == "disabled in dev"
    assert "gone" not in planned.left_out


def test_a_retry_warns_of_what_is_missing_beneath() -> None:
    planned = remaining(OperationKind.DEPLOY, {"apps"}, absent=("database",))
    assert planned.warnings == ("apps needs database, which is not deployed and not selected.",)


def test_a_retried_destroy_leaves_no_dependents_on_nothing() -> None:
    assert list(
        remaining(OperationKind.DESTROY, {"network", "security"}, absent=("apps", "database", "storage")).stacks
    )
    with pytest.raises(DependencyError, match="apps would be left deployed without dns"):
        remaining(OperationKind.DESTROY, {"dns"})


@given(st.sets(st.sampled_from([*GRAPH, "gone"])), st.sampled_from([OperationKind.DEPLOY, OperationKind.PREVIEW]))
def test_every_stack_is_in_or_out_of_a_retry_with_a_reason(unfinished: set[str], kind: OperationKind) -> None:
    planned = remaining(kind, unfinished)
    assert planned.stacks.keys() == unfinished - {"gone"}
    assert planned.stacks.keys() | planned.left_out.keys() == GRAPH.keys() | (unfinished & {"gone"})
    assert not planned.stacks.keys() & planned.left_out.keys()
    assert all(planned.left_out.values())
