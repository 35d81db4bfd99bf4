"""Which block of the VPC each subnet gets.

A VPC has 32 blocks of equal size, eight for each of four tiers: public, private, isolated, and one kept free. A subnet's
block depends on its tier and zone alone, so that adding a zone renumbers nothing. In a /16 each subnet is a /21.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

TIERS = ("public", "private", "isolated")

_BLOCK_BITS = 5
_ZONES_PER_TIER = 8


def subnet_cidr(vpc_cidr: str, tier: str, zone_index: int) -> str:
    """The CIDR of a tier's subnet in the zone with that index (from 0). Raises ``ValueError`` where there is none."""
    vpc = IPv4Network(vpc_cidr)
    if not 0 <= zone_index < _ZONES_PER_TIER:
        raise ValueError(f"a tier has room for {_ZONES_PER_TIER} zones")
    block = TIERS.index(tier) * _ZONES_PER_TIER + zone_index
    prefix = vpc.prefixlen + _BLOCK_BITS
    first = int(vpc.network_address) + block * 2 ** (vpc.max_prefixlen - prefix)
    return f"{IPv4Address(first)}/{prefix}"
