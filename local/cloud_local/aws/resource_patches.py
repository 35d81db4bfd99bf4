"""What moto needs to let the stacks' resources live as they do in AWS; see moto_patches.py for the rules that patches keep.

Keys are the names that requests are signed for. Tests that run moto without our front apply these groups themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloud_local.aws.edge_patches import EDGE_PATCHES

from cloud_local.aws.eks_patches import EKS_PATCHES


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


def changed_subnet_groups_stay() -> None:
    """moto takes a DB subnet group out of its list to change it, and doesn't put it back."""
    from moto.rds.models import RDSBackend

    original = RDSBackend.modify_db_subnet_group

    def modify_db_subnet_group(self: Any, subnet_name: str, *arguments: Any, **named: Any) -> Any:
        changed = original(self, subnet_name, *arguments, **named)
        self.subnet_groups[subnet_name] = changed
        return changed

    RDSBackend.modify_db_subnet_group = modify_db_subnet_group


RESOURCE_PATCHES: Mapping[str, tuple[Callable[[], None], ...]] = {
    "ec2": (deleted_nat_gateways_free_their_address,),
    "rds": (changed_subnet_groups_stay,),
    "eks": EKS_PATCHES,
    **EDGE_PATCHES,
}
