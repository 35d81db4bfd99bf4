"""RDS: clusters, instances, and the groups they stand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_DESCRIPTION: Final = "Managed by Pulumi"
_MASTER: Final = {"masterPassword": "MasterUserPassword", "password": "MasterUserPassword"}


def _parameters(kind: str) -> tuple[str, str, str]:
    """Operations to list, set and put back the parameters of a kind of group."""
    return f"describe_db_{kind}parameters", f"modify_db_{kind}parameter_group", f"reset_db_{kind}parameter_group"


def _set_parameters(kind: str) -> Any:
    _, modify, reset = _parameters(kind)
    member = "DBClusterParameterGroupName" if kind else "DBParameterGroupName"

    def apply(scene: Scene) -> None:
        wanted = {item["name"]: item for item in scene.properties.get("parameters") or ()}
        old = {item["name"]: item for item in scene.old.get("parameters") or ()}
        changed = [item for name, item in wanted.items() if item != old.get(name)]
        if changed:
            scene.call(modify, {member: scene.id, "Parameters": [_parameter(item) for item in changed]})
        gone = [item for name, item in old.items() if name not in wanted]
        if gone:
            scene.call(reset, {member: scene.id, "Parameters": [_parameter(item) for item in gone]})

    return apply


def _parameter(item: Mapping[str, Any]) -> dict[str, Any]:
    method = item.get("applyMethod") or "immediate"
    return {"ParameterName": item["name"], "ParameterValue": str(item["value"]), "ApplyMethod": method}


def _live_parameters(kind: str) -> Any:
    describe, _, _ = _parameters(kind)
    member = "DBClusterParameterGroupName" if kind else "DBParameterGroupName"

    def read(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
        declared = {item["name"]: item for item in scene.properties.get("parameters") or ()}
        live = scene.call(describe, {member: scene.id}).get("Parameters") or ()
        return {
            "parameters": [
                # Whether a change waits for a restart is said when it is made, and not told again.
                {"name": name, "value": item.get("ParameterValue"), **_method(declared.get(name))}
                for item in live
                if item.get("ParameterValue") is not None and (name := item["ParameterName"]) in declared
            ]
        }

    return read


def _method(declared: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"applyMethod": declared["applyMethod"]} if declared and declared.get("applyMethod") else {}


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
    told = {"secretArn": secret.get("SecretArn"), "kmsKeyId": secret.get("KmsKeyId"), "secretStatus": secret.get("SecretStatus")}
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


def _instance_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = found.get("Endpoint") or {}
    address, port = endpoint.get("Address"), endpoint.get("Port")
    groups = found.get("DBParameterGroups") or [{}]
    of_cluster = "clusterIdentifier" in scene.properties
    return {
        "address": address,
        "endpoint": address if of_cluster else f"{address}:{port}",
        "port": port,
        "vpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups") or ()],
        "dbSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
        "parameterGroupName": groups[0].get("DBParameterGroupName"),
        "dbParameterGroupName": groups[0].get("DBParameterGroupName"),
        "engineVersionActual": found.get("EngineVersion"),
        "enabledCloudwatchLogsExports": found.get("EnabledCloudwatchLogsExports") or None,
        **_managed_secret(found),
    }


def _subnet_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"subnetIds": [subnet["SubnetIdentifier"] for subnet in found.get("Subnets") or ()], "vpcId": found.get("VpcId")}


def _group(kind: str) -> ResourceType:
    """A parameter group: of instances, or of clusters (`cluster_`)."""
    noun = "DBClusterParameterGroup" if kind else "DBParameterGroup"
    prefix = "DBClusterParameterGroup" if kind else "DBParameterGroup"
    return row(
        "rds",
        f"create_db_{kind}parameter_group",
        "{name}",
        {f"{noun}Name": "{id}"},
        [f"describe_db_{kind}parameter_groups {noun}s[0]"],
        delete=f"delete_db_{kind}parameter_group",
        rename={"name": f"{noun}Name", "arn": f"{prefix}Arn", "family": "DBParameterGroupFamily"},
        by_hook=["parameters"],
        provider_only=["namePrefix", "skipDestroy"],
        defaults={"description": _DESCRIPTION},
        auto_name=AutoName(longest=255),
        created=_set_parameters(kind),
        updated=_set_parameters(kind),
        enrich=_live_parameters(kind),
    )


_CLUSTER_UPDATE: Final = (
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
    "vpcSecurityGroupIds",
)
_INSTANCE_UPDATE: Final = (
    "allocatedStorage",
    "autoMinorVersionUpgrade",
    "backupRetentionPeriod",
    "caCertIdentifier",
    "copyTagsToSnapshot",
    "dbParameterGroupName",
    "deletionProtection",
    "enabledCloudwatchLogsExports",
    "engineVersion",
    "iamDatabaseAuthenticationEnabled",
    "instanceClass",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "maxAllocatedStorage",
    "monitoringInterval",
    "monitoringRoleArn",
    "multiAz",
    "parameterGroupName",
    "password",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "preferredMaintenanceWindow",
    "promotionTier",
    "publiclyAccessible",
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
    "port": "Port",
    **_MASTER,
}

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:rds/subnetGroup:SubnetGroup": row(
        "rds",
        "create_db_subnet_group",
        "{name}",
        {"DBSubnetGroupName": "{id}"},
        ["describe_db_subnet_groups DBSubnetGroups[0]"],
        delete="delete_db_subnet_group",
        updates=[Update("modify_db_subnet_group", ("subnetIds", "description"), on_create=False, whole=True)],
        rename={"name": "DBSubnetGroupName", "arn": "DBSubnetGroupArn", "description": "DBSubnetGroupDescription"},
        provider_only=["namePrefix"],
        defaults={"description": _DESCRIPTION},
        auto_name=AutoName(longest=255),
        enrich=_subnet_facts,
    ),
    "aws:rds/parameterGroup:ParameterGroup": _group(""),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _group("cluster_"),
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
        updates=[Update("modify_db_instance", _INSTANCE_UPDATE, on_create=False)],
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
        enrich=_instance_facts,
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
        replace=["availabilityZone", "dbName", "dbSubnetGroupName", "engine", "kmsKeyId", "storageEncrypted", "username"],
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
    ),
}
