"""RDS: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World


def second_subnet(w: World) -> Resource:
    inputs = lambda: {"vpcId": w.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZone": f"{REGION}b"}  # noqa: E731
    return w.one("second-subnet", "aws:ec2/subnet:Subnet", inputs)


def subnets(w: World) -> Resource:
    inputs = lambda: {"subnetIds": [w.subnet.id, second_subnet(w).id]}  # noqa: E731
    return w.one("subnets", "aws:rds/subnetGroup:SubnetGroup", inputs)


def declared_cluster(w: World) -> dict[str, Any]:
    return {
        "engine": "aurora-postgresql",
        "engineVersion": "16.6",
        "databaseName": "app",
        "masterUsername": "app",
        "masterPassword": "correct-horse-battery",
        "dbSubnetGroupName": subnets(w).id,
        "vpcSecurityGroupIds": [w.group.id],
        "storageEncrypted": True,
        "kmsKeyId": w.key["arn"],
        "skipFinalSnapshot": True,
    }


def cluster(w: World) -> Resource:
    return w.one("cluster", "aws:rds/cluster:Cluster", lambda: declared_cluster(w))


def force_ssl(value: str) -> list[dict[str, Any]]:
    return [{"name": "rds.force_ssl", "value": value, "applyMethod": "pending-reboot"}]


CASES: tuple[Case, ...] = (
    Case(
        "aws:rds/subnetGroup:SubnetGroup",
        lambda w: {"subnetIds": [w.subnet.id, second_subnet(w).id], **TAGGED},
        lambda w: {"subnetIds": [w.subnet.id], "description": "other", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        lambda w: {"family": "aurora-postgresql16", "parameters": force_ssl("1"), **TAGGED},
        lambda w: {"parameters": force_ssl("0"), **RETAGGED},
        lambda w: {"family": "aurora-postgresql15"},
    ),
    Case(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda w: {"family": "postgres16", "parameters": force_ssl("1"), **TAGGED},
        lambda w: {"parameters": force_ssl("0"), **RETAGGED},
        lambda w: {"family": "postgres15"},
    ),
    Case(
        "aws:rds/cluster:Cluster",
        lambda w: {
            **declared_cluster(w),
            "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 2},
            "backupRetentionPeriod": 7,
            "iamDatabaseAuthenticationEnabled": True,
            "enabledCloudwatchLogsExports": ["postgresql"],
            "copyTagsToSnapshot": True,
            **TAGGED,
        },
        lambda w: {
            "backupRetentionPeriod": 14,
            "deletionProtection": False,
            "enabledCloudwatchLogsExports": ["iam-db-auth-error", "postgresql"],
            "preferredBackupWindow": "04:00-05:00",
            "serverlessv2ScalingConfiguration": {"minCapacity": 0, "maxCapacity": 4, "secondsUntilAutoPause": 600},
            **RETAGGED,
        },
        lambda w: {"databaseName": "other"},
    ),
    Case(
        "aws:rds/cluster:Cluster",
        lambda w: {
            **{name: value for name, value in declared_cluster(w).items() if name != "masterPassword"},
            "manageMasterUserPassword": True,
            "masterUserSecretKmsKeyId": w.key["arn"],
        },
        lambda w: {"backupRetentionPeriod": 3},
        lambda w: {"engine": "aurora-mysql"},
        label="managed",
    ),
    Case(
        "aws:rds/clusterInstance:ClusterInstance",
        lambda w: {
            "clusterIdentifier": cluster(w).id,
            "engine": "aurora-postgresql",
            "instanceClass": "db.serverless",
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": w.key["arn"],
            "performanceInsightsRetentionPeriod": 7,
            "monitoringInterval": 60,
            "monitoringRoleArn": w.role["arn"],
            "autoMinorVersionUpgrade": False,
            "promotionTier": 1,
            "publiclyAccessible": False,
            **TAGGED,
        },
        lambda w: {
            "instanceClass": "db.t4g.medium",
            "performanceInsightsRetentionPeriod": 31,
            "monitoringInterval": 30,
            "promotionTier": 0,
            **RETAGGED,
        },
        lambda w: {"identifier": "other"},
    ),
    Case(
        "aws:rds/instance:Instance",
        lambda w: {
            "engine": "postgres",
            "engineVersion": "16.6",
            "instanceClass": "db.t4g.micro",
            "allocatedStorage": 20,
            "storageType": "gp3",
            "dbName": "app",
            "username": "app",
            "manageMasterUserPassword": True,
            "masterUserSecretKmsKeyId": w.key["arn"],
            "dbSubnetGroupName": subnets(w).id,
            "vpcSecurityGroupIds": [w.group.id],
            "storageEncrypted": True,
            "kmsKeyId": w.key["arn"],
            "backupRetentionPeriod": 7,
            "skipFinalSnapshot": True,
            "multiAz": True,
            "iamDatabaseAuthenticationEnabled": True,
            "performanceInsightsEnabled": True,
            "enabledCloudwatchLogsExports": ["postgresql"],
            "port": 5432,
            **TAGGED,
        },
        lambda w: {
            "allocatedStorage": 30,
            "backupRetentionPeriod": 14,
            "backupWindow": "04:00-05:00",
            "identifier": "renamed",
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "port": 5433,
            **RETAGGED,
        },
        lambda w: {"dbName": "other"},
    ),
)
