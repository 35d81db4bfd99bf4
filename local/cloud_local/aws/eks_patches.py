"""What moto needs of EKS: clusters that are somebody, and node groups that keep what they are told; see moto_patches.py."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any


def clusters_have_identities_of_their_own() -> None:
    """moto gives every cluster of a process the same issuer and endpoint, so that a second cluster's identity provider is
    refused as a duplicate."""
    from moto.eks.models import Cluster
    from moto.moto_api._internal import mock_random

    original = Cluster.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        mark, region = mock_random.get_random_hex(32).upper(), self.arn.split(":")[3]
        self.identity = {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{mark}"}}
        self.endpoint = f"https://{mark}.gr7.{region}.eks.amazonaws.com"

    Cluster.__init__ = init


def clusters_have_a_security_group() -> None:
    """EKS makes a security group for control plane and nodes in the VPC of the subnets, and tells both; moto neither."""
    from moto.ec2.models import ec2_backends
    from moto.eks.models import EKSBackend

    create, delete = EKSBackend.create_cluster, EKSBackend.delete_cluster

    def create_cluster(self: Any, name: str, role_arn: str, resources_vpc_config: dict[str, Any], **kwargs: Any) -> Any:
        cluster = create(self, name, role_arn, resources_vpc_config, **kwargs)
        ec2 = ec2_backends[self.account_id][self.region_name]
        wanted = resources_vpc_config.get("subnetIds", ())
        known = [zone[subnet] for zone in ec2.subnets.values() for subnet in wanted if subnet in zone]
        if known:
            group = ec2.create_security_group(f"eks-cluster-sg-{name}", f"EKS cluster {name}", known[0].vpc_id)
            cluster.resources_vpc_config |= {"vpcId": known[0].vpc_id, "clusterSecurityGroupId": group.id}
        return cluster

    def delete_cluster(self: Any, name: str) -> Any:
        cluster = delete(self, name)
        group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
        if group:
            ec2_backends[self.account_id][self.region_name].delete_security_group(group_id=group)
        return cluster

    EKSBackend.create_cluster, EKSBackend.delete_cluster = create_cluster, delete_cluster


def clusters_keep_what_they_are_told() -> None:
    """moto drops how a cluster authenticates and upgrades, and forgets its subnets when only its endpoints change."""
    from moto.eks.responses import EKSResponse

    create, update = EKSResponse.create_cluster, EKSResponse.update_cluster_config

    def keep(self: Any, cluster: Any) -> None:
        for name, attribute in _KEPT.items():
            given = self._get_param(name)
            if given is not None:
                old = getattr(cluster, attribute, None)
                setattr(cluster, attribute, {**old, **given} if isinstance(old, Mapping) else given)

    def create_cluster(self: Any) -> Any:
        answer = create(self)
        keep(self, self.eks_backend.clusters[self._get_param("name")])
        return answer

    def update_cluster_config(self: Any) -> Any:
        cluster = self.eks_backend.clusters.get(self._get_param("name"))
        before = dict(cluster.resources_vpc_config) if cluster else {}
        answer = update(self)
        if cluster:
            cluster.resources_vpc_config = {**before, **cluster.resources_vpc_config}
            keep(self, cluster)
        return answer

    EKSResponse.create_cluster, EKSResponse.update_cluster_config = create_cluster, update_cluster_config


def protected_clusters_are_not_deleted() -> None:
    """moto deletes a cluster in spite of its deletion protection."""
    from moto.eks.exceptions import InvalidRequestException
    from moto.eks.models import EKSBackend

    original = EKSBackend.delete_cluster

    def delete_cluster(self: Any, name: str) -> Any:
        if getattr(self.clusters.get(name), "deletion_protection", False):
            raise InvalidRequestException(message=f"Cluster {name} has deletion protection enabled")
        return original(self, name)

    EKSBackend.delete_cluster = delete_cluster


def node_groups_keep_how_they_are_updated() -> None:
    """moto takes updateConfig and nodeRepairConfig by an update, and drops them at the creation."""
    from moto.eks.responses import EKSResponse

    create = EKSResponse.create_nodegroup

    def create_nodegroup(self: Any) -> Any:
        answer = create(self)
        group = self.eks_backend.describe_nodegroup(self._get_param("name"), self._get_param("nodegroupName"))
        group.update_config = self._get_param("updateConfig") or group.update_config
        group.node_repair_config = self._get_param("nodeRepairConfig") or group.node_repair_config
        return answer

    EKSResponse.create_nodegroup = create_nodegroup


def node_groups_and_fargate_profiles_have_tags() -> None:
    """moto finds clusters by ARN to tag them, and nothing inside of them."""
    from moto.eks.models import EKSBackend

    tag, untag, read = EKSBackend.tag_resource, EKSBackend.untag_resource, EKSBackend.list_tags_for_resource

    def inside(self: Any, arn: str) -> Any:
        for cluster in self.clusters.values():
            for group in cluster.nodegroups.values():
                if group.arn == arn:
                    return group
            for profile in cluster.fargate_profiles.values():
                if profile.fargate_profile_arn == arn:
                    return profile
        return None

    def tag_resource(self: Any, resource_arn: str, tags: dict[str, str]) -> None:
        found = inside(self, resource_arn)
        if found is None:
            tag(self, resource_arn, tags)
        else:
            found.tags.update(tags)

    def untag_resource(self: Any, resource_arn: str, tag_keys: Any) -> None:
        found = inside(self, resource_arn)
        if found is None:
            untag(self, resource_arn, tag_keys)
            return
        for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
            found.tags.pop(key, None)

    def list_tags_for_resource(self: Any, resource_arn: str) -> Any:
        found = inside(self, resource_arn)
        return read(self, resource_arn) if found is None else found.tags

    EKSBackend.tag_resource, EKSBackend.untag_resource = tag_resource, untag_resource
    EKSBackend.list_tags_for_resource = list_tags_for_resource


_KEPT: Mapping[str, str] = {
    "accessConfig": "access_config",
    "computeConfig": "compute_config",
    "controlPlaneScalingConfig": "control_plane_scaling_config",
    "deletionProtection": "deletion_protection",
    "storageConfig": "storage_config",
    "upgradePolicy": "upgrade_policy",
    "zonalShiftConfig": "zonal_shift_config",
}
"""Members of the requests that moto doesn't read -> where its serializer looks for them."""

EKS_PATCHES = (
    clusters_have_identities_of_their_own,
    clusters_have_a_security_group,
    clusters_keep_what_they_are_told,
    protected_clusters_are_not_deleted,
    node_groups_keep_how_they_are_updated,
    node_groups_and_fargate_profiles_have_tags,
)
