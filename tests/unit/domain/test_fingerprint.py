"""When a stack is unchanged: laws over every cause, and the sentence that each refusal says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cloud.domain.fingerprint import (
    ABSENT,
    CONFIGURATION,
    ENGINE,
    PROGRAM,
    PROVIDER,
    UNCHANGED,
    UNKNOWN,
    Decision,
    LastDeploy,
    Rules,
    canonical,
    decide,
    differences,
    outputs_of,
    ruled_out,
)
from cloud.domain.secret import Secret
from cloud.domain.states import StackStatus

OWN = (PROGRAM, CONFIGURATION, PROVIDER, ENGINE)
DIGESTS = st.sampled_from(["a", "b", "c", ABSENT])
NEIGHBOURS = st.dictionaries(st.sampled_from(["dns", "network", "storage"]).map(outputs_of), DIGESTS)
FINGERPRINTS = st.builds(
    lambda own, others: {**own, **others}, st.fixed_dictionaries(dict.fromkeys(OWN, DIGESTS)), NEIGHBOURS
)

PRINT = {PROGRAM: "p", CONFIGURATION: "c", PROVIDER: "v", ENGINE: "e", outputs_of("network"): "n"}
LAST = LastDeploy(StackStatus.DEPLOYED, PRINT, "etag-1", age_seconds=60.0)
RULES = Rules(max_age_seconds=24 * 3600)


def decided(
    last: LastDeploy = LAST, rules: Rules = RULES, current: Mapping[str, str] = PRINT, etag: str = "etag-1"
) -> Decision:
    return decide(last, rules, lambda: current, lambda: etag)


@given(FINGERPRINTS)
def test_equal_causes_and_an_untouched_state_are_unchanged(fingerprint: dict[str, str]) -> None:
    last = replace(LAST, fingerprint=fingerprint)
    assert decided(last, current=dict(reversed(fingerprint.items()))) == Decision(True, UNCHANGED)


@given(FINGERPRINTS, FINGERPRINTS)
def test_any_difference_of_any_cause_runs_the_stack(before: dict[str, str], now: dict[str, str]) -> None:
    assume(before != now)
    decision = decided(replace(LAST, fingerprint=before), current=now)
    assert not decision.unchanged
    assert decision.reason


@given(FINGERPRINTS, st.data())
def test_a_cause_that_is_not_known_runs_the_stack_on_whichever_side(
    fingerprint: dict[str, str], data: st.DataObject
) -> None:
    unknown = {**fingerprint, data.draw(st.sampled_from(sorted(fingerprint))): UNKNOWN}
    last = replace(LAST, fingerprint=fingerprint)
    assert not decided(last, current=unknown).unchanged
    assert not decided(replace(last, fingerprint=unknown), current=fingerprint).unchanged
    assert not decided(replace(last, fingerprint=unknown), current=unknown).unchanged


@given(FINGERPRINTS, st.data())
def test_a_cause_that_is_missing_runs_the_stack_even_where_it_is_missing_twice(
    fingerprint: dict[str, str], data: st.DataObject
) -> None:
    missing = dict(fingerprint)
    del missing[data.draw(st.sampled_from(OWN))]
    assert not decided(replace(LAST, fingerprint=missing), current=missing).unchanged


@given(FINGERPRINTS, FINGERPRINTS)
def test_differences_are_none_only_between_equals_and_one_for_each_cause(
    before: dict[str, str], now: dict[str, str]
) -> None:
    different = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    found = differences(before, now)
    assert len(found) == len(set(found)) == len(different)


@given(st.floats(0, 10**7, allow_nan=False), st.integers(0, 10**7))
def test_a_deploy_counts_until_it_is_as_old_as_max_age(age: float, max_age: int) -> None:
    decision = decided(replace(LAST, age_seconds=age), Rules(max_age))
    assert decision.unchanged == (age < max_age)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({PROGRAM: "p2"}, "the program changed"),
        ({CONFIGURATION: "c2"}, "the configuration changed"),
        ({PROVIDER: "v2"}, "the account, region, role, tags or provider configuration changed"),
        ({ENGINE: "e2"}, "Pulumi, its SDKs, plugins or runtime changed"),
        ({ENGINE: UNKNOWN}, "Pulumi, its SDKs, plugins or runtime can't be compared"),
        ({"more": "m"}, "more can't be compared"),
        ({outputs_of("network"): "n2"}, "network's outputs changed"),
        ({outputs_of("network"): ABSENT}, "network's outputs changed"),
        ({outputs_of("network"): UNKNOWN}, "network's outputs can't be compared"),
        ({outputs_of("dns"): "d"}, "it depends on dns now"),
        ({PROGRAM: "p2", outputs_of("network"): "n2"}, "the program changed, network's outputs changed"),
        (
            {PROGRAM: "p2", CONFIGURATION: "c2", ENGINE: "e2", PROVIDER: "v2", outputs_of("dns"): "d"},
            "the configuration changed, Pulumi, its SDKs, plugins or runtime changed, the program changed, and 2 more",
        ),
    ],
)
def test_what_changed_is_said(change: dict[str, str], reason: str) -> None:
    assert decided(current={**PRINT, **change}) == Decision(False, reason)


def test_a_dependency_that_is_gone_is_said() -> None:
    current = {key: PRINT[key] for key in OWN}
    assert decided(current=current) == Decision(False, "it no longer depends on network")


@pytest.mark.parametrize(
    ("last", "rules", "reason"),
    [
        ({}, {"force": True}, "--force"),
        ({}, {"enabled": False}, "fingerprint: off"),
        ({"status": StackStatus.DESTROYED}, {}, "it was destroyed"),
        ({"fingerprint": {}}, {}, "there is no complete deploy to compare with"),
        ({"fingerprint": {}, "status": StackStatus.FAILED}, {}, "its last run did not succeed"),
        ({"fingerprint": {}, "status": StackStatus.CANCELLED}, {}, "its last run did not succeed"),
        ({"has_drift": True}, {}, "known drift"),
        ({"age_seconds": 24 * 3600}, {}, "its last deploy is older than max_age (1d)"),
        ({"age_seconds": 90}, {"max_age_seconds": 90}, "its last deploy is older than max_age (1m30s)"),
    ],
)
def test_what_rules_it_out_is_said_before_anything_is_looked_at(
    last: dict[str, Any], rules: dict[str, Any], reason: str
) -> None:
    def asked() -> Any:
        raise AssertionError("nothing needs to be read")

    past, wanted = replace(LAST, **last), replace(RULES, **rules)
    assert ruled_out(past, wanted) == reason
    assert decide(past, wanted, asked, asked) == Decision(False, reason)


def test_the_state_is_not_looked_at_when_an_input_changed() -> None:
    def asked() -> str:
        raise AssertionError("the state needs no look")

    assert not decide(LAST, RULES, lambda: {**PRINT, PROGRAM: "p2"}, asked).unchanged


@pytest.mark.parametrize(
    ("left", "found", "reason"),
    [
        ("etag-1", "etag-2", "Pulumi's state was written by somebody else"),
        ("etag-1", "", "Pulumi's state is not there any more"),
        ("", "etag-1", "Pulumi's state could not be looked at after its last deploy"),
        ("", "", "Pulumi's state could not be looked at after its last deploy"),
    ],
)
def test_a_state_that_is_not_as_the_deploy_left_it_runs_the_stack(left: str, found: str, reason: str) -> None:
    assert decided(replace(LAST, state_etag=left), etag=found) == Decision(False, reason)


@pytest.mark.parametrize("status", [StackStatus.SKIPPED, StackStatus.CANCELLED, StackStatus.FAILED])
def test_what_ended_before_pulumi_began_still_compares_with_the_deploy_before(status: StackStatus) -> None:
    assert decided(replace(LAST, status=status)).unchanged


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "map", "secret", "é", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "map", "secret"]), inner, max_size=3)
        | inner.map(Secret)
    ),
    max_leaves=6,
)


def same(one: Any, other: Any) -> bool:
    """Equality of JSON, to which true is no 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Secret):
        return same(one.value, other.value)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(JSON, JSON)
def test_the_canonical_text_is_equal_for_equal_values_only(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Secret("a"), "a"),
        (Secret("a"), {"secret": "a"}),
        ({"map": {"a": 1}}, {"a": 1}),
        ([Secret(1), 2], [1, Secret(2)]),
        (1, 1.0),
        (1, True),
        ("1", 1),
        ({}, None),
        ([], {}),
    ],
)
def test_values_that_are_different_to_pulumi_have_different_texts(one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)


def test_the_order_of_keys_does_not_matter_and_tuples_are_lists() -> None:
    assert canonical({"b": (1, 2), "a": Secret({"d": 1, "c": 2})}) == canonical(
        {"a": Secret({"c": 2, "d": 1}), "b": [1, 2]}
    )
