"""What moto needs to let the stacks' resources live as they do in AWS; see moto_patches.py for the rules that patches keep.

Keys are the names that requests are signed for. Tests that run moto without our front apply these groups themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def deleted_nat_gateways_free_their_address() -> None:
    """moto keeps the Elastic IP of a deleted NAT gateway associated with it, so that it can never be used again."""
    from moto.ec2.models.nat_gateways import NatGatewayBackend

    original = NatGatewayBackend.delete_nat_gateway

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        deleted = original(self, nat_gateway_id)
        for address in self.addresses:
            if address.eni is deleted._eni:
                address.eni = address.association_id = None
        return deleted

    NatGatewayBackend.delete_nat_gateway = delete_nat_gateway


RESOURCE_PATCHES: Mapping[str, tuple[Callable[[], None], ...]] = {
    "ec2": (deleted_nat_gateways_free_their_address,),
}
