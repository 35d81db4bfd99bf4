"""EKS and IAM's identity providers."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

ABSENT = ("ResourceNotFoundException",)
RECORDED = frozenset(
    {
        "aws:eks/addon:Addon",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    }
)

READERS: Mapping[str, Reader] = {
    "aws:eks/cluster:Cluster": told_by(
        "eks", "describe_cluster", lambda resource: {"name": resource["id"]}, "cluster", ABSENT
    ),
    "aws:eks/nodeGroup:NodeGroup": told_by(
        "eks",
        "describe_nodegroup",
        lambda resource: {
            "clusterName": resource["outputs"]["clusterName"],
            "nodegroupName": resource["outputs"]["nodeGroupName"],
        },
        "nodegroup",
        ABSENT,
    ),
    "aws:eks/fargateProfile:FargateProfile": told_by(
        "eks",
        "describe_fargate_profile",
        lambda resource: {
            "clusterName": resource["outputs"]["clusterName"],
            "fargateProfileName": resource["outputs"]["fargateProfileName"],
        },
        "fargateProfile",
        ABSENT,
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": told_by(
        "iam",
        "get_open_id_connect_provider",
        lambda resource: {"OpenIDConnectProviderArn": resource["id"]},
        "Url",
        ("NoSuchEntity",),
    ),
}
