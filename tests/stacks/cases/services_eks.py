"""What is tried with the stack services-eks."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
ADMINS = "arn:aws:iam::123456789012:role/admins"
DEVELOPERS = "arn:aws:iam::123456789012:role/team/developers"


def stand_in(outputs: Outputs) -> Config:
    return {
        "subnetIds": outputs["network"]["privateSubnetIds"],
        "kmsKeyArn": outputs["security"]["kmsKeyArn"],
        "appSecurityGroupId": outputs["security"]["appSecurityGroupId"],
    }


CASE = StackCase(
    needs=("network", "security"),
    stand_in=stand_in,
    production={
        "deletionProtection": True,
        "serviceCidr": "10.96.0.0/16",
        "logs": {"types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "retentionDays": 365},
        "fargate": {"namespaces": ["kube-system", "batch-*"]},
        "nodes": {
            "enabled": True,
            "instanceTypes": ["m7g.large", "m6g.large"],
            "minSize": 2,
            "desiredSize": 3,
            "maxSize": 6,
            "volumeGib": 50,
            "labels": {"tier": "web"},
            "detailedMonitoring": True,
            "sessionManager": True,
        },
        "access": {
            "admins": {"principalArn": ADMINS, "policies": {"AmazonEKSClusterAdminPolicy": []}},
            "developers": {
                "principalArn": DEVELOPERS,
                "policies": {"AmazonEKSEditPolicy": ["default"], "AmazonEKSViewPolicy": []},
                "kubernetesGroups": ["developers"],
            },
        },
        "addons": {"coredns": {}, "vpc-cni": {"version": "v1.20.4-eksbuild.2"}, "kube-proxy": {}},
    },
    change={
        "deletionProtection": False,
        "logs": {"types": ["audit"], "retentionDays": 30},
        "nodes": {"desiredSize": 2, "maxSize": 4, "labels": {"tier": "api"}},
    },
    replace={"deletionProtection": False, "nodes": {"instanceTypes": ["m7i.large"]}},
    accepted=(
        {"kubernetesVersion": "1.33", "extendedSupport": True},
        {"endpoint": {"public": True, "publicCidrs": ["192.0.2.0/24", "198.51.100.7/32"]}},
        {"fargate": {"namespaces": []}, "nodes": {"enabled": True, "minSize": 0, "desiredSize": 0, "maxSize": 1}},
        {"nodes": {"enabled": True, "capacity": "spot", "instanceTypes": ["a1.large", "t4g.small", "c7gn.large"]}},
        {"nodes": {"enabled": True, "instanceTypes": ["g4dn.xlarge", "m7i-flex.large", "r8i.large"]}},
        {"serviceCidr": "172.16.0.0/12", "kmsKeyArn": KEY, "logs": {"types": [], "kmsKeyArn": KEY}},
        {"subnetIds": ["subnet-0a", "subnet-0b"], "appSecurityGroupId": "sg-0a"},
    ),
    refused=(
        ({"kubernetesVersion": "1.32"}, "p:kubernetesVersion: String should match pattern"),
        ({"endpoint": {"public": True}}, "p:endpoint: public needs publicCidrs: who may reach the endpoint"),
        ({"endpoint": {"publicCidrs": ["192.0.2.0/24"]}}, "p:endpoint: publicCidrs mean something only where"),
        (
            {"endpoint": {"public": True, "publicCidrs": ["0.0.0.0/0"]}},
            "p:endpoint: publicCidrs may not be the whole internet",
        ),
        ({"fargate": {"namespaces": []}}, "nothing could run: there are neither fargate.namespaces nor nodes"),
        ({"fargate": {"namespaces": ["a"] * 6}}, "p:fargate.namespaces: List should have at most 5 items"),
        ({"fargate": {"namespaces": ["a", "a"]}}, "fargate.namespaces names something twice"),
        ({"nodes": {"minSize": 3}}, "p:nodes: desiredSize is 1, but must be from minSize to maxSize"),
        ({"nodes": {"instanceTypes": ["t4g.small", "t3.small"]}}, "p:nodes: instanceTypes are of two architectures"),
        ({"nodes": {"volumeGib": 19}}, "p:nodes.volumeGib: Input should be greater than or equal to 20 (got 19)"),
        ({"access": {"me": {}}}, "p:access.me.principalArn: required, and not set"),
        (
            {"access": {"me": {"principalArn": "arn:aws:sts::123456789012:assumed-role/a/b"}}},
            "p:access.me.principalArn: String should match pattern",
        ),
        (
            {"access": {"me": {"principalArn": ADMINS, "policies": {"AdministratorAccess": []}}}},
            "p:access.me.policies.AdministratorAccess.[key]: String should match pattern",
        ),
        ({"subnetIds": ["subnet-0a"]}, "subnetIds must be at least two, in two zones"),
        ({"serviceCidr": "10.0.0.0/8"}, "serviceCidr is 10.0.0.0/8, but must be private and of /12 to /24"),
        ({"serviceCidr": "192.0.3.0/24"}, "serviceCidr is 192.0.3.0/24, but must be private and of /12 to /24"),
        ({"logs": {"retentionDays": 31}}, "p:logs.retentionDays: Input should be 1, 3, 5"),
        ({"logs": {"types": ["audit", "audit"]}}, "logs.types names something twice"),
    ),
)
