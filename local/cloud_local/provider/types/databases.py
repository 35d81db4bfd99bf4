"""RDS: clusters and instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.database_groups import GROUPS
from cloud_local.provider.types.notation import row

_MASTER: Final = {"masterPassword": "MasterUserPassword", "password": "MasterUserPassword"}


def _final_snapshot(scene: Scene, arguments: dict[str, Any]) -> None:
    skip = bool(scene.properties.get("skipFinalSnapshot"))
    arguments["SkipFinalSnapshot"] = skip
    if not skip:
        arguments["FinalDBSnapshotIdentifier"] = scene.properties.get("finalSnapshotIdentifier")


def _cluster_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "delete_db_cluster":
        _final_snapshot(scene, arguments)
    elif operation in ("create_db_cluster", "modify_db_cluster"):
        if operation == "modify_db_cluster":
            arguments["ApplyImmediately"] = True
        _log_exports(scene, operation, arguments)


def _log_exports(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Created with a list, changed by what is switched on and off."""
    wanted = set(scene.properties.get("enabledCloudwatchLogsExports") or ())
    if operation.startswith("create"):
        if wanted:
            arguments["EnableCloudwatchLogsExports"] = sorted(wanted)
    elif "enabledCloudwatchLogsExports" in scene.changed:
        old = set(scene.old.get("enabledCloudwatchLogsExports") or ())
        arguments["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": sorted(wanted - old),
            "DisableLogTypes": sorted(old - wanted),
        }


def _cluster_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "vpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups") or ()],
        "clusterMembers": [member["DBInstanceIdentifier"] for member in found.get("DBClusterMembers") or ()],
        "engineVersionActual": found.get("EngineVersion"),
        "dbSubnetGroupName": found.get("DBSubnetGroup"),
        "dbClusterParameterGroupName": found.get("DBClusterParameterGroup"),
        "enabledCloudwatchLogsExports": found.get("EnabledCloudwatchLogsExports") or None,
    }
    return facts | _managed_secret(found)


def _managed_secret(found: Mapping[str, Any]) -> dict[str, Any]:
    secret = found.get("MasterUserSecret")
    if not secret:
        return {"manageMasterUserPassword": None}
    members = {"secretArn": "SecretArn", "kmsKeyId": "KmsKeyId", "secretStatus": "SecretStatus"}
    told = {name: secret.get(member) for name, member in members.items()}
    return {
        "manageMasterUserPassword": True,
        "masterUserSecrets": [{name: value for name, value in told.items() if value}],
        "masterUserSecretKmsKeyId": secret.get("KmsKeyId"),
    }


def _instance_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "delete_db_instance":
        if "clusterIdentifier" in scene.properties:
            arguments["SkipFinalSnapshot"] = True  # the data is the cluster's
        else:
            _final_snapshot(scene, arguments)
    elif operation in ("create_db_instance", "modify_db_instance"):
        if operation == "modify_db_instance":
            arguments["ApplyImmediately"] = True
        if "clusterIdentifier" not in scene.properties:
            _log_exports(scene, operation, arguments)
            if "identifier" in scene.changed:  # renamed: its id, which RDS gives, stays
                arguments["DBInstanceIdentifier"] = scene.old["identifier"]
                arguments["NewDBInstanceIdentifier"] = scene.properties["identifier"]


def _member_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    endpoint, name = found.get("Endpoint") or {}, found["DBInstanceIdentifier"]
    clusters = scene.call("describe_db_clusters", {"DBClusterIdentifier": found["DBClusterIdentifier"]})["DBClusters"]
    roles = {
        member["DBInstanceIdentifier"]: member.get("IsClusterWriter") for member in clusters[0]["DBClusterMembers"]
    }
    return {
        "writer": roles.get(name),
        "endpoint": endpoint.get("Address"),
        "port": endpoint.get("Port"),
        "dbSubnetGroupName": _subnet_group(found),
        "dbParameterGroupName": _parameter_group(found),
        "engineVersionActual": found.get("EngineVersion"),
    }


def _instance_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = found.get("Endpoint") or {}
    address, port = endpoint.get("Address"), endpoint.get("Port")
    return {
        "address": address,
        "endpoint": f"{address}:{port}",
        "port": port,
        "vpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups") or ()],
        "dbSubnetGroupName": _subnet_group(found),
        "parameterGroupName": _parameter_group(found),
        "engineVersionActual": found.get("EngineVersion"),
        "enabledCloudwatchLogsExports": found.get("EnabledCloudwatchLogsExports") or None,
        **_managed_secret(found),
    }


def _follow_a_new_name(scene: Scene) -> None:
    """A renamed instance has another ARN, and its tags are changed by that."""
    if "identifier" in scene.changed:
        stem, _, _ = str(scene.properties["arn"]).rpartition(":")
        scene.properties["arn"] = f"{stem}:{scene.properties['identifier']}"


def _subnet_group(found: Mapping[str, Any]) -> str | None:
    name: str | None = (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName")
    return name


def _parameter_group(found: Mapping[str, Any]) -> str | None:
    groups = found.get("DBParameterGroups") or [{}]
    name: str | None = groups[0].get("DBParameterGroupName")
    return name


_CLUSTER_UPDATE: Final = (
    "allocatedStorage",
    "allowMajorVersionUpgrade",
    "backupRetentionPeriod",
    "copyTagsToSnapshot",
    "dbClusterParameterGroupName",
    "deletionProtection",
    "enableHttpEndpoint",
    "enabledCloudwatchLogsExports",
    "engineVersion",
    "iamDatabaseAuthenticationEnabled",
    "manageMasterUserPassword",
    "masterPassword",
    "masterUserSecretKmsKeyId",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "port",
    "preferredBackupWindow",
    "preferredMaintenanceWindow",
    "serverlessv2ScalingConfiguration",
    "storageType",
    "vpcSecurityGroupIds",
)
_MEMBER_UPDATE: Final = (
    "autoMinorVersionUpgrade",
    "caCertIdentifier",
    "copyTagsToSnapshot",
    "dbParameterGroupName",
    "engineVersion",
    "instanceClass",
    "monitoringInterval",
    "monitoringRoleArn",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "preferredBackupWindow",
    "preferredMaintenanceWindow",
    "promotionTier",
    "publiclyAccessible",
)
"""Of an instance in a cluster."""
_INSTANCE_UPDATE: Final = (
    "allocatedStorage",
    "autoMinorVersionUpgrade",
    "backupRetentionPeriod",
    "backupWindow",
    "caCertIdentifier",
    "copyTagsToSnapshot",
    "dbSubnetGroupName",
    "deletionProtection",
    "enabledCloudwatchLogsExports",
    "engineVersion",
    "iamDatabaseAuthenticationEnabled",
    "identifier",
    "instanceClass",
    "iops",
    "licenseModel",
    "maintenanceWindow",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "maxAllocatedStorage",
    "monitoringInterval",
    "monitoringRoleArn",
    "multiAz",
    "optionGroupName",
    "parameterGroupName",
    "password",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "port",
    "publiclyAccessible",
    "storageThroughput",
    "storageType",
    "vpcSecurityGroupIds",
)
_INSTANCE: Final = {
    "identifier": "DBInstanceIdentifier",
    "arn": "DBInstanceArn",
    "clusterIdentifier": "DBClusterIdentifier",
    "instanceClass": "DBInstanceClass",
    "dbiResourceId": "DbiResourceId",
    "resourceId": "DbiResourceId",
    "parameterGroupName": "DBParameterGroupName",
    "dbParameterGroupName": "DBParameterGroupName",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled|EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled|EnableIAMDatabaseAuthentication",
    "caCertIdentifier": "CACertificateIdentifier",
    "enabledCloudwatchLogsExports": "-",
    "multiAz": "MultiAZ",
    "dbName": "DBName",
    "username": "MasterUsername",
    "status": "DBInstanceStatus",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "endpoint": "-",
    "port": "Port|DBPortNumber",
    **_MASTER,
}

ROWS: Final[Mapping[str, ResourceType]] = {
    **GROUPS,
    "aws:rds/cluster:Cluster": row(
        "rds",
        "create_db_cluster",
        "{clusterIdentifier}",
        {"DBClusterIdentifier": "{id}"},
        [Read("describe_db_clusters", "DBClusters[0]", {"DBClusterIdentifier": "{id}"})],
        delete="delete_db_cluster",
        updates=[Update("modify_db_cluster", _CLUSTER_UPDATE, on_create=False, zero=True)],
        rename={
            "clusterIdentifier": "DBClusterIdentifier",
            "arn": "DBClusterArn",
            "clusterResourceId": "DbClusterResourceId",
            "dbClusterParameterGroupName": "DBClusterParameterGroupName",
            "enabledCloudwatchLogsExports": "-",
            "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled|EnableIAMDatabaseAuthentication",
            "performanceInsightsEnabled": "PerformanceInsightsEnabled|EnablePerformanceInsights",
            "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
            "enableHttpEndpoint": "HttpEndpointEnabled|EnableHttpEndpoint",
            "serverlessv2ScalingConfiguration": "ServerlessV2ScalingConfiguration",
            **_MASTER,
        },
        replace=["availabilityZones", "databaseName", "engine", "engineMode", "kmsKeyId", "masterUsername"],
        provider_only=[
            "applyImmediately",
            "clusterIdentifierPrefix",
            "deleteAutomatedBackups",
            "finalSnapshotIdentifier",
            "skipFinalSnapshot",
            "clusterMembers",
        ],
        unread=["masterPassword"],
        defaults={"backupRetentionPeriod": 1, "engineMode": "provisioned", "skipFinalSnapshot": False},
        sticky=[
            "allocatedStorage",
            "availabilityZones",
            "dbClusterParameterGroupName",
            "engineVersion",
            "kmsKeyId",
            "port",
            "preferredBackupWindow",
            "preferredMaintenanceWindow",
            "storageType",
            "vpcSecurityGroupIds",
        ],
        auto_name=AutoName(property="clusterIdentifier", longest=63, prefix=""),
        prepare=_cluster_arguments,
        enrich=_cluster_facts,
    ),
    "aws:rds/clusterInstance:ClusterInstance": row(
        "rds",
        "create_db_instance",
        "{identifier}",
        {"DBInstanceIdentifier": "{id}"},
        [Read("describe_db_instances", "DBInstances[0]", {"DBInstanceIdentifier": "{id}"})],
        delete="delete_db_instance",
        updates=[Update("modify_db_instance", _MEMBER_UPDATE, on_create=False)],
        rename=_INSTANCE,
        replace=["availabilityZone", "clusterIdentifier", "dbSubnetGroupName", "engine", "identifier"],
        provider_only=["applyImmediately", "forceDestroy", "identifierPrefix"],
        sticky=[
            "availabilityZone",
            "caCertIdentifier",
            "dbParameterGroupName",
            "dbSubnetGroupName",
            "engineVersion",
            "preferredBackupWindow",
            "preferredMaintenanceWindow",
        ],
        defaults={"autoMinorVersionUpgrade": True, "promotionTier": 0},
        auto_name=AutoName(property="identifier", longest=63),
        prepare=_instance_arguments,
        enrich=_member_facts,
    ),
    "aws:rds/instance:Instance": row(
        "rds",
        "create_db_instance",
        "DBInstance.DbiResourceId",
        {"DBInstanceIdentifier": "{identifier}"},
        [Read("describe_db_instances", "DBInstances[0]", {"DBInstanceIdentifier": "{identifier}"})],
        delete="delete_db_instance",
        updates=[Update("modify_db_instance", _INSTANCE_UPDATE, on_create=False)],
        rename=_INSTANCE,
        replace=[
            "availabilityZone",
            "dbName",
            "engine",
            "kmsKeyId",
            "storageEncrypted",
            "username",
        ],
        provider_only=[
            "allowMajorVersionUpgrade",
            "applyImmediately",
            "deleteAutomatedBackups",
            "finalSnapshotIdentifier",
            "identifierPrefix",
            "latestRestorableTime",  # moves on by itself
            "skipFinalSnapshot",
        ],
        unread=["password"],
        defaults={"autoMinorVersionUpgrade": True, "monitoringInterval": 0, "publiclyAccessible": False}
        | {"skipFinalSnapshot": False},
        sticky=[
            "availabilityZone",
            "backupWindow",
            "caCertIdentifier",
            "engineVersion",
            "kmsKeyId",
            "licenseModel",
            "maintenanceWindow",
            "optionGroupName",
            "parameterGroupName",
            "port",
            "storageType",
            "vpcSecurityGroupIds",
        ],
        auto_name=AutoName(property="identifier", longest=63),
        prepare=_instance_arguments,
        enrich=_instance_facts,
        updated=_follow_a_new_name,
    ),
}
