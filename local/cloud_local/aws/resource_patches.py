"""What moto needs to let the stacks' resources live as they do in AWS; see moto_patches.py for the rules that patches keep.

Keys are the names that requests are signed for. Tests that run moto without our front apply these groups themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloud_local.aws.build_patches import BUILD_PATCHES
from cloud_local.aws.container_patches import CLOUD_MAP_PATCHES, ECS_PATCHES
from cloud_local.aws.database_patches import RDS_PATCHES
from cloud_local.aws.edge_patches import EDGE_PATCHES
from cloud_local.aws.eks_patches import EKS_PATCHES
from cloud_local.aws.function_patches import FUNCTION_PATCHES
from cloud_local.aws.instance_patches import AUTO_SCALING_PATCHES, LAUNCH_TEMPLATE_PATCHES
from cloud_local.aws.monitoring_patches import MONITORING_PATCHES
from cloud_local.aws.secret_patches import SECRET_PATCHES


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


def automated_snapshots_go_with_their_cluster() -> None:
    """moto keeps the automated snapshots of a deleted cluster, and refuses a new one of that name within the same minute."""
    from moto.rds.models import RDSBackend

    original = RDSBackend.delete_db_cluster

    def delete_db_cluster(self: Any, cluster_identifier: str, *arguments: Any, **named: Any) -> Any:
        deleted = original(self, cluster_identifier, *arguments, **named)
        for name in [name for name in self.cluster_snapshots if name.startswith(f"rds:{cluster_identifier}-")]:
            del self.cluster_snapshots[name]
        return deleted

    RDSBackend.delete_db_cluster = delete_db_cluster


RESOURCE_PATCHES: Mapping[str, tuple[Callable[[], None], ...]] = {
    "ec2": (deleted_nat_gateways_free_their_address, *LAUNCH_TEMPLATE_PATCHES),
    "autoscaling": AUTO_SCALING_PATCHES,
    "codebuild": BUILD_PATCHES,
    "secretsmanager": SECRET_PATCHES,
    "rds": (changed_subnet_groups_stay, automated_snapshots_go_with_their_cluster, *RDS_PATCHES),
    "ecs": ECS_PATCHES,
    "eks": EKS_PATCHES,
    "lambda": FUNCTION_PATCHES,
    "servicediscovery": CLOUD_MAP_PATCHES,
    **EDGE_PATCHES,
    **MONITORING_PATCHES,
}
