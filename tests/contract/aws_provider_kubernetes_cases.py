"""EKS and its identity provider: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World, trust


def role_of(w: World, service: str) -> str:
    made = w.one(
        f"role-{service}", "aws:iam/role:Role", lambda: {"assumeRolePolicy": trust(f"{service}.amazonaws.com")}
    )
    return str(made["arn"])


def second_subnet(w: World) -> Resource:
    inputs = lambda: {"vpcId": w.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZone": f"{REGION}b"}  # noqa: E731
    return w.one("subnet-b", "aws:ec2/subnet:Subnet", inputs)


def network(w: World, **more: Any) -> dict[str, Any]:
    return {
        "subnetIds": [w.subnet.id, second_subnet(w).id],
        "endpointPrivateAccess": True,
        "endpointPublicAccess": False,
        **more,
    }


def cluster(w: World) -> Resource:
    inputs = lambda: {"roleArn": role_of(w, "eks"), "vpcConfig": network(w), "version": "1.35"}  # noqa: E731
    return w.one("cluster", "aws:eks/cluster:Cluster", inputs)


def template(w: World) -> Resource:
    return w.one(
        "nodes", "aws:ec2/launchTemplate:LaunchTemplate", lambda: {"metadataOptions": {"httpTokens": "required"}}
    )


def scaling(desired: int) -> dict[str, int]:
    return {"desiredSize": desired, "minSize": 1, "maxSize": 3}


CASES: tuple[Case, ...] = (
    Case(
        "aws:eks/cluster:Cluster",
        lambda w: {
            "roleArn": role_of(w, "eks"),
            "version": "1.35",
            "vpcConfig": network(w),
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            "encryptionConfig": {"provider": {"keyArn": w.key["arn"]}, "resources": ["secrets"]},
            "enabledClusterLogTypes": ["audit", "api"],
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.96.0.0/16"},
            "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": True,
            **TAGGED,
        },
        lambda w: {
            "vpcConfig": network(w, endpointPublicAccess=True, publicAccessCidrs=["192.0.2.0/24"]),
            "enabledClusterLogTypes": ["audit"],
            "upgradePolicy": {"supportType": "EXTENDED"},
            "deletionProtection": False,
            **RETAGGED,
        },
        lambda w: {
            "name": "other",
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
        },
    ),
    Case(
        "aws:eks/nodeGroup:NodeGroup",
        lambda w: {
            "clusterName": cluster(w).id,
            "nodeRoleArn": role_of(w, "ec2"),
            "subnetIds": [w.subnet.id],
            "scalingConfig": scaling(1),
            "instanceTypes": ["t4g.medium"],
            "amiType": "AL2023_ARM_64_STANDARD",
            "capacityType": "SPOT",
            "launchTemplate": {"id": template(w).id, "version": "1"},
            "updateConfig": {"maxUnavailable": 1},
            "labels": {"team": "a", "tier": "web"},
            "taints": [{"key": "spot", "value": "true", "effect": "NO_SCHEDULE"}],
            **TAGGED,
        },
        lambda w: {
            "scalingConfig": scaling(2),
            "labels": {"team": "b"},
            "taints": [{"key": "other", "value": "true", "effect": "NO_EXECUTE"}],
            "updateConfig": {"maxUnavailable": 2},
            **RETAGGED,
        },
        lambda w: {
            "instanceTypes": ["t4g.large"],
            "capacityType": "ON_DEMAND",
            "launchTemplate": {"id": "lt-0123456789abcdef0", "version": "1"},
        },
    ),
    Case(
        "aws:eks/fargateProfile:FargateProfile",
        lambda w: {
            "clusterName": cluster(w).id,
            "podExecutionRoleArn": role_of(w, "eks-fargate-pods"),
            "subnetIds": [w.subnet.id],
            "selectors": [{"namespace": "default"}, {"namespace": "web", "labels": {"compute": "fargate"}}],
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"selectors": [{"namespace": "other"}]},
    ),
    Case(
        "aws:eks/addon:Addon",
        lambda w: {"clusterName": cluster(w).id, "addonName": "coredns", "resolveConflictsOnCreate": "OVERWRITE"},
        recorded=True,
    ),
    Case(
        "aws:eks/accessEntry:AccessEntry",
        lambda w: {"clusterName": cluster(w).id, "principalArn": w.role["arn"]},
        recorded=True,
    ),
    Case(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda w: {
            "clusterName": cluster(w).id,
            "principalArn": w.role["arn"],
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "cluster"},
        },
        recorded=True,
    ),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda w: {
            "url": f"https://oidc.eks.{REGION}.amazonaws.com/id/ONE",
            "clientIdLists": ["sts.amazonaws.com"],
            **TAGGED,
        },
        lambda w: {"thumbprintLists": ["0" * 40], **RETAGGED},
        lambda w: {"url": f"https://oidc.eks.{REGION}.amazonaws.com/id/TWO"},
    ),
)
