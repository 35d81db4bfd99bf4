"""S3, EFS and Backup."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by


def _of_bucket(operation: str, found: str, *absent: str) -> Reader:
    return told_by(
        "s3", operation, lambda resource: {"Bucket": resource["outputs"]["bucket"]}, found, ("NoSuchBucket", *absent)
    )


RECORDED = frozenset({"aws:backup/selection:Selection"})

READERS: Mapping[str, Reader] = {
    "aws:s3/bucket:Bucket": told_by(
        "s3", "get_bucket_location", lambda resource: {"Bucket": resource["id"]}, "`true`", ("NoSuchBucket",)
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_bucket(
        "get_public_access_block", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"
    ),
    # A bucket that had versions can only be suspended; that is what AWS's own deletion of the setting comes to.
    "aws:s3/bucketVersioning:BucketVersioning": _of_bucket("get_bucket_versioning", "Status == 'Enabled'"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of_bucket(
        "get_bucket_encryption",
        "ServerSideEncryptionConfiguration.Rules[?ApplyServerSideEncryptionByDefault.SSEAlgorithm == 'aws:kms']",
        "ServerSideEncryptionConfigurationNotFoundError",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _of_bucket("get_bucket_policy", "Policy", "NoSuchBucketPolicy"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of_bucket(
        "get_bucket_lifecycle_configuration", "Rules", "NoSuchLifecycleConfiguration"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _of_bucket(
        "get_bucket_ownership_controls", "OwnershipControls", "OwnershipControlsNotFoundError"
    ),
    "aws:efs/fileSystem:FileSystem": told_by(
        "efs",
        "describe_file_systems",
        lambda resource: {"FileSystemId": resource["id"]},
        "FileSystems[?LifeCycleState != 'deleted']",
        ("FileSystemNotFound",),
    ),
    "aws:efs/mountTarget:MountTarget": told_by(
        "efs",
        "describe_mount_targets",
        lambda resource: {"MountTargetId": resource["id"]},
        "MountTargets[?LifeCycleState != 'deleted']",
        ("MountTargetNotFound",),
    ),
    "aws:backup/vault:Vault": told_by(
        "backup",
        "describe_backup_vault",
        lambda resource: {"BackupVaultName": resource["id"]},
        "BackupVaultName",
        ("ResourceNotFoundException",),
    ),
    "aws:backup/plan:Plan": told_by(
        "backup",
        "get_backup_plan",
        lambda resource: {"BackupPlanId": resource["id"]},
        "!DeletionDate && BackupPlan",
        ("ResourceNotFoundException",),
    ),
}
