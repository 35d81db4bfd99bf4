"""EFS and Backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_BACKUP_NAMES: Final = {
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "destinationVaultArn": "DestinationBackupVaultArn",
}


def _empty_vault(scene: Scene) -> None:
    """With `forceDestroy` the recovery points go first."""
    if not scene.properties.get("forceDestroy"):
        return
    for page in scene.connection.pages(
        "backup", "list_recovery_points_by_backup_vault", {"BackupVaultName": scene.id}, scene.region
    ):
        for point in page.get("RecoveryPoints", ()):
            target = {"BackupVaultName": scene.id, "RecoveryPointArn": point["RecoveryPointArn"]}
            scene.call("delete_recovery_point", target)


def _disable_backup(scene: Scene) -> None:
    """A backup policy can't be removed, only switched off."""
    scene.call("put_backup_policy", {"FileSystemId": scene.id, "BackupPolicy": {"Status": "DISABLED"}})


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:efs/fileSystem:FileSystem": row(
        "efs",
        "create_file_system",
        "FileSystemId",
        {"FileSystemId": "{id}"},
        [
            "describe_file_systems FileSystems[0]",
            Read(
                "describe_lifecycle_configuration",
                "LifecyclePolicies",
                {"FileSystemId": "{id}"},
                into="lifecyclePolicies",
                optional=True,
            ),
        ],
        delete="delete_file_system",
        gone="LifeCycleState == 'deleted'",
        updates=[
            Update("put_lifecycle_configuration", ("lifecyclePolicies",), whole=True, zero=True),
            Update(
                "update_file_system", ("throughputMode", "provisionedThroughputInMibps"), on_create=False, whole=True
            ),
            Update("update_file_system_protection", ("protection",), whole=True),
        ],
        rename={"protection": "FileSystemProtection"},
        sticky=["creationToken", "kmsKeyId", "performanceMode", "throughputMode"],
        outputs={"dnsName": "{id}.efs.{region}.amazonaws.com"},
        auto_name=None,
    ),
    "aws:efs/mountTarget:MountTarget": row(
        "efs",
        "create_mount_target",
        "MountTargetId",
        {"MountTargetId": "{id}"},
        [
            "describe_mount_targets MountTargets[0]",
            Read(
                "describe_mount_target_security_groups",
                "SecurityGroups",
                {"MountTargetId": "{id}"},
                into="securityGroups",
            ),
        ],
        delete="delete_mount_target",
        gone="LifeCycleState == 'deleted'",
        updates=[Update("modify_mount_target_security_groups", ("securityGroups",), on_create=False, whole=True)],
        sticky=["securityGroups", "ipAddress", "ipAddressType"],
        outputs={
            "dnsName": "{fileSystemId}.efs.{region}.amazonaws.com",
            "mountTargetDnsName": "{availabilityZoneName}.{fileSystemId}.efs.{region}.amazonaws.com",
            "fileSystemArn": "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{fileSystemId}",
        },
    ),
    "aws:efs/accessPoint:AccessPoint": row(
        "efs",
        "create_access_point",
        "AccessPointId",
        {"AccessPointId": "{id}"},
        ["describe_access_points AccessPoints[0]"],
        delete="delete_access_point",
        sticky=["rootDirectory"],
        outputs={"fileSystemArn": "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{fileSystemId}"},
        auto_name=None,
    ),
    "aws:efs/backupPolicy:BackupPolicy": row(
        "efs",
        "put_backup_policy",
        "{fileSystemId}",
        {"FileSystemId": "{id}"},
        ["describe_backup_policy"],
        updates=[Update("put_backup_policy", ("backupPolicy",), on_create=False)],
        outputs={"fileSystemId": "{id}"},
        deleting=_disable_backup,
        deleted="BackupPolicy.Status == 'DISABLED' || BackupPolicy.Status == 'DISABLING'",
    ),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": row(
        "efs",
        "put_file_system_policy",
        "{fileSystemId}",
        {"FileSystemId": "{id}"},
        ["describe_file_system_policy"],
        delete="delete_file_system_policy",
        updates=[Update("put_file_system_policy", ("policy",), on_create=False)],
        provider_only=["bypassPolicyLockoutSafetyCheck"],
        outputs={"fileSystemId": "{id}"},
    ),
    "aws:backup/vault:Vault": row(
        "backup",
        "create_backup_vault",
        "{name}",
        {"BackupVaultName": "{id}"},
        ["describe_backup_vault"],
        delete="delete_backup_vault",
        rename={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "recoveryPoints": "NumberOfRecoveryPoints"},
        defaults={"forceDestroy": False},
        provider_only=["forceDestroy"],
        sticky=["kmsKeyArn"],
        auto_name=AutoName(longest=50),
        deleting=_empty_vault,
    ),
    "aws:backup/plan:Plan": row(
        "backup",
        "create_backup_plan",
        "BackupPlanId",
        {"BackupPlanId": "{id}"},
        ["get_backup_plan", "get_backup_plan BackupPlan"],
        delete="delete_backup_plan",
        updates=[Update("update_backup_plan", on_create=False, whole=True)],
        body="BackupPlan",
        rename={"name": "BackupPlanName"},
        nested=_BACKUP_NAMES,
        auto_name=AutoName(longest=50),
        gone="DeletionDate",
    ),
    "aws:backup/selection:Selection": row(
        "backup",
        "create_backup_selection",
        "SelectionId",
        {"BackupPlanId": "{planId}", "SelectionId": "{id}"},
        ["get_backup_selection BackupSelection"],
        delete="delete_backup_selection",
        body="BackupSelection",
        rename={"name": "SelectionName", "selectionTags": "ListOfTags"},
        nested={"type": "ConditionType", "key": "ConditionKey", "value": "ConditionValue"},
        outputs={"planId": "{planId}"},
        auto_name=AutoName(longest=50),
        prepare=lambda scene, _operation, arguments: arguments.update(BackupPlanId=scene.properties["planId"]),
    ),
}
