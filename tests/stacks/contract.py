"""The table of the specification: what each of the sixteen stacks depends on and exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contract:
    """``dependencies`` come before the stack; ``optional`` ones too, where they are enabled."""

    outputs: tuple[str, ...]
    dependencies: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


CONTRACTS: Mapping[str, Contract] = {
    "network": Contract(
        ("vpcId", "cidr", "publicSubnetIds", "privateSubnetIds", "isolatedSubnetIds", "availabilityZones")
    ),
    "dns": Contract(("zoneId", "zoneName", "nameServers", "certificateArn")),
    "security": Contract(
        ("kmsKeyArn", "webSecurityGroupId", "appSecurityGroupId", "dataSecurityGroupId", "webAclArn"), ("network",)
    ),
    "secrets": Contract(("secretArns", "databaseSecretArn", "parameterNames"), ("security",)),
    "storage": Contract(("bucketNames", "bucketArns", "fileSystemId"), ("security",)),
    "authentication": Contract(("userPoolId", "userPoolArn", "clientIds", "issuer"), ("security",)),
    "services-ecr": Contract(("repositoryUrls", "repositoryArns"), ("security",)),
    "services-ecs": Contract(
        ("clusterArn", "albArn", "albDnsName", "listenerArn", "namespaceId"), ("network", "security")
    ),
    "services-eks": Contract(("clusterName", "clusterEndpoint", "oidcProviderArn"), ("network", "security")),
    "database-rds": Contract(
        ("clusterEndpoint", "readerEndpoint", "port", "databaseName", "secretArn"), ("network", "security", "secrets")
    ),
    "containers-images": Contract(("projectNames", "imageUris"), ("services-ecr", "security")),
    "compute-ec2": Contract(("asgName", "launchTemplateId", "instanceProfileArn"), ("network", "security", "storage")),
    "compute-lambda": Contract(
        ("functionArns", "functionNames", "dlqArns"), ("network", "security", "storage", "secrets", "database-rds")
    ),
    "containers-apps": Contract(
        ("serviceNames", "taskDefinitionArns", "urls"),
        ("services-ecs", "containers-images", "secrets", "storage", "database-rds"),
    ),
    "services-api": Contract(("apiId", "apiEndpoint", "customDomain"), ("authentication", "compute-lambda", "dns")),
    "monitoring": Contract(
        ("topicArn", "dashboardName", "alarmArns"),
        (),
        (
            "network",
            "database-rds",
            "services-ecs",
            "services-eks",
            "services-api",
            "compute-ec2",
            "compute-lambda",
            "containers-apps",
        ),
    ),
}
"""In an order in which every stack comes after what it needs."""
