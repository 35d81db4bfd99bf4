from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.pulumi.checkpoint import UNREAD, Checkpoint, PendingOperation, read_checkpoint
from cloud.adapters.pulumi.pending import Decision, Verdict, creations, decide, settled

VPC = "aws:ec2/vpc:Vpc"
STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:aws"
PET = "random:index/randomPet:RandomPet"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{kind}::{name}"


def creating(name: str = "main", resource_type: str = VPC, kind: str = "creating", **more: Any) -> PendingOperation:
    return PendingOperation(urn(resource_type, name), kind, resource_type, **more)


def nowhere(pending: Sequence[PendingOperation]) -> list[Decision]:
    return [Decision(each, Verdict.ABSENT, "not seen") for each in pending]


def as_(physical_id: str) -> Any:
    return lambda pending: [Decision(each, Verdict.FOUND, "seen", physical_id) for each in pending]


def unasked(pending: Sequence[PendingOperation]) -> list[Decision]:
    raise AssertionError(f"nothing is to be looked up: {pending}")


def test_only_creations_need_a_decision_and_imports_that_the_state_names_an_id_for() -> None:
    named = creating("named", kind="importing", id="vpc-1")
    by_program = creating("own", kind="importing", id="vpc-2", by_program=True)
    others = [creating(kind=kind) for kind in ("updating", "deleting", "reading", "importing")]
    state = Checkpoint(pending=(creating(), named, by_program, *others))

    assert creations(state) == (creating(), named)


def test_an_id_that_was_named_by_hand_is_taken_without_a_look() -> None:
    named = creating(kind="importing", id="vpc-1")

    (decision,) = decide(Checkpoint(pending=(named,)), unasked)
    assert (decision.verdict, decision.id, decision.reason) == (Verdict.FOUND, "vpc-1", "its id was named by hand")


@pytest.mark.parametrize(
    "pending",
    [
        creating(resource_type=PET),
        creating(resource_type=PROVIDER),
        creating(resource_type="my:index:Network", is_custom=False),
    ],
)
def test_what_exists_in_the_state_alone_is_absent_without_a_look(pending: PendingOperation) -> None:
    (decision,) = decide(Checkpoint(pending=(pending,)), unasked)
    assert decision.verdict is Verdict.ABSENT
    assert decision.reason.endswith("exists in the state alone")


def test_decisions_keep_the_order_of_the_state_whoever_made_them() -> None:
    pets = [creating(f"pet{n}", PET) for n in range(2)]
    vpcs = [creating(f"vpc{n}") for n in range(2)]
    order = (vpcs[0], pets[0], vpcs[1], pets[1])

    assert tuple(each.pending for each in decide(Checkpoint(pending=order), nowhere)) == order


def test_one_resource_is_never_taken_for_two() -> None:
    state = Checkpoint(pending=(creating("one"), creating("two")))

    for decision in decide(state, as_("vpc-1")):
        assert decision.verdict is Verdict.UNKNOWN
        assert decision.reason == "vpc-1 could be any of 2 interrupted creations"
        assert decision.id == ""


def test_what_the_state_holds_already_is_not_what_was_being_created() -> None:
    state = Checkpoint(pending=(creating(),), ids=frozenset({(VPC, "vpc-1")}))

    (decision,) = decide(state, as_("vpc-1"))
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason == "vpc-1 belongs to another resource of the state"
    assert decide(state, as_("vpc-2"))[0].verdict is Verdict.FOUND


ROOT = {"urn": urn(STACK, "shop-dev"), "type": STACK}
AWS = {"urn": urn(PROVIDER, "default"), "type": PROVIDER, "id": "p1", "custom": True, "inputs": {"region": "eu-west-1"}}


def resource(name: str, physical_id: str = "", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "urn": urn(VPC, name),
        "type": VPC,
        "custom": True,
        "parent": ROOT["urn"],
        "provider": f"{AWS['urn']}::p1",
        "inputs": {"cidrBlock": "10.0.0.0/16", "__defaults": ["instanceTenancy"]},
        **more,
    }
    return {**made, "id": physical_id} if physical_id else made


def deployment(*resources: dict[str, Any], pending: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    operations = [{"type": each.pop("_op", "creating"), "resource": each} for each in pending]
    return {"manifest": {"time": "now"}, "resources": [ROOT, AWS, *resources], "pending_operations": operations}


def found(name: str, physical_id: str) -> Decision:
    return Decision(creating(name), Verdict.FOUND, "seen", physical_id)


def test_what_was_found_becomes_a_resource_that_is_still_to_be_read() -> None:
    before = deployment(resource("other", "vpc-0"), pending=[resource("main")])
    after = settled(before, [found("main", "vpc-1")])

    assert "pending_operations" not in after
    assert after["resources"][:-1] == before["resources"]
    added = after["resources"][-1]
    assert added == {
        **resource("main", "vpc-1"),
        "outputs": {"cidrBlock": "10.0.0.0/16"},
        "initErrors": [UNREAD],
    }
    assert read_checkpoint(after).unread == (urn(VPC, "main"),)
    assert before["pending_operations"], "what is given is left as it is"


def test_nothing_becomes_of_what_is_absent_and_of_other_pending_operations() -> None:
    before = deployment(
        resource("kept", "vpc-0"), pending=[resource("gone"), {**resource("kept", "vpc-0"), "_op": "updating"}]
    )
    after = settled(before, [Decision(creating("gone"), Verdict.ABSENT, "not seen")])

    assert after["resources"] == before["resources"]


def test_a_replacement_takes_its_place_and_what_it_replaces_waits_for_its_deletion() -> None:
    before = deployment(
        resource("main", "vpc-old"),
        resource("user", "vpc-9", dependencies=[urn(VPC, "main")]),
        pending=[resource("main")],
    )
    after = settled(before, [found("main", "vpc-new")])["resources"]

    assert [each.get("id") for each in after] == [None, "p1", "vpc-new", "vpc-old", "vpc-9"]
    assert [each.get("delete", False) for each in after] == [False, False, False, True, False]


def test_what_was_deleted_before_its_replacement_is_forgotten() -> None:
    before = deployment(
        resource("main", "vpc-old", pendingReplacement=True),
        resource("needed", "vpc-8"),
        pending=[resource("main", dependencies=[urn(VPC, "needed")])],
    )
    after = settled(before, [found("main", "vpc-new")])["resources"]

    assert [each.get("id") for each in after] == [None, "p1", "vpc-8", "vpc-new"]


names = st.sampled_from("abcdefgh")


@given(
    st.lists(st.tuples(names, st.sets(names)), unique_by=lambda pair: pair[0], max_size=6),
    st.lists(st.tuples(names, st.sets(names), st.booleans()), unique_by=lambda each: each[0], max_size=4),
)
def test_whatever_was_pending_every_resource_stands_after_all_that_it_needs(
    existing: list[tuple[str, set[str]]], pending: list[tuple[str, set[str], bool]]
) -> None:
    known: list[str] = []
    resources = []
    for name, needs in existing:
        resources.append(resource(name, f"id-{name}", dependencies=[urn(VPC, n) for n in known if n in needs]))
        known.append(name)
    creations_ = [
        resource(name, propertyDependencies={"cidrBlock": [urn(VPC, n) for n in known if n in needs and n != name]})
        for name, needs, _ in pending
    ]
    decisions = [found(name, f"new-{name}") for name, _, is_found in pending if is_found]
    after = settled(deployment(*resources, pending=creations_), decisions)["resources"]

    seen: set[str] = set()
    for each in after:
        needs_of_it = {*each.get("dependencies", ()), *each.get("propertyDependencies", {}).get("cidrBlock", ())}
        assert needs_of_it <= seen
        seen.add(each["urn"])
    live = [each["urn"] for each in after if not each.get("delete")]
    assert len(live) == len(set(live))
    assert {each["id"] for each in after if each.get("id", "").startswith("new-")} == {each.id for each in decisions}
