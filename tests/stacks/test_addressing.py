"""Every subnet has its own block of the VPC, and keeps it when zones are added."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stacks.conftest import STACKS, load_module

addressing = load_module(STACKS / "network" / "src" / "addressing.py")

VPCS = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False), st.integers(0, 2**32 - 1), st.integers(16, 23)
)


@given(VPCS)
def test_subnets_lie_inside_the_vpc_overlap_nowhere_and_are_none_smaller_than_aws_allows(vpc: IPv4Network) -> None:
    subnets = [
        IPv4Network(addressing.subnet_cidr(str(vpc), tier, zone)) for tier, zone in product(addressing.TIERS, range(6))
    ]
    assert all(subnet.subnet_of(vpc) and subnet.prefixlen <= 28 for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


def test_a_quarter_of_the_vpc_stays_free_for_what_comes_later() -> None:
    last = IPv4Network(addressing.subnet_cidr("10.0.0.0/16", "isolated", 7))
    assert last.broadcast_address < IPv4Network("10.0.192.0/18").network_address


def test_the_default_vpcs_subnets_are_where_the_documents_say() -> None:
    assert addressing.subnet_cidr("10.0.0.0/16", "public", 0) == "10.0.0.0/21"
    assert addressing.subnet_cidr("10.0.0.0/16", "private", 1) == "10.0.72.0/21"
    assert addressing.subnet_cidr("10.0.0.0/16", "isolated", 0) == "10.0.128.0/21"


@pytest.mark.parametrize(("tier", "zone"), [("public", 8), ("public", -1), ("secret", 0)])
def test_a_tier_or_zone_that_does_not_exist_is_refused(tier: str, zone: int) -> None:
    with pytest.raises(ValueError, match=r"room for 8 zones|not in tuple"):
        addressing.subnet_cidr("10.0.0.0/16", tier, zone)
