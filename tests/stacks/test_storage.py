"""The storage stack: deployed, read back from AWS, deployed again, changed, destroyed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi.automation.errors import CommandError

from tests.stacks.conftest import Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def default_encryption(deployer: Deployer, bucket: str) -> dict[str, Any]:
    answer = deployer.client("s3").get_bucket_encryption(Bucket=bucket)
    rule: dict[str, Any] = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    return rule


def exists(deployer: Deployer, bucket: str) -> bool:
    return bucket in {found["Name"] for found in deployer.client("s3").list_buckets()["Buckets"]}


def test_its_outputs_are_the_contracts(base: Deployer) -> None:
    outputs = base.outputs("storage")
    assert set(outputs) == {"bucketNames", "bucketArns", "fileSystemId", "stack", "deployment", "env"}
    name = outputs["bucketNames"]["data"]
    assert name.startswith(f"ecommerce-{base.deployment.lower()}-dev-data-")
    assert outputs["bucketArns"] == {"data": f"arn:aws:s3:::{name}"}
    assert outputs["fileSystemId"] == ""


def test_its_bucket_is_versioned_private_and_encrypted_with_the_deployments_key(base: Deployer) -> None:
    client, bucket = base.client("s3"), base.outputs("storage")["bucketNames"]["data"]
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    access = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert list(access.values()) == [True] * 4
    rule = default_encryption(base, bucket)
    encryption = rule["ApplyServerSideEncryptionByDefault"]
    assert encryption["SSEAlgorithm"] == "aws:kms"
    assert encryption["KMSMasterKeyID"] == base.outputs("security")["kmsKeyArn"]
    assert rule["BucketKeyEnabled"] is True


def test_its_bucket_refuses_whatever_is_not_tls(base: Deployer) -> None:
    bucket = base.outputs("storage")["bucketNames"]["data"]
    (statement,) = json.loads(base.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert sorted(statement["Resource"]) == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    with pytest.raises(ClientError, match="403"):
        base.client("s3").put_object(Bucket=bucket, Key="by-http", Body=b"1")


def test_its_bucket_drops_old_versions_and_unfinished_uploads(base: Deployer) -> None:
    bucket = base.outputs("storage")["bucketNames"]["data"]
    (rule,) = base.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


def test_a_second_up_changes_nothing(base: Deployer) -> None:
    changes = base.up("storage").summary.resource_changes
    assert changes is not None
    assert set(changes) <= {"same", "read"}


def test_it_changes_in_place_and_leaves_nothing_behind(base: Deployer, deployer: Deployer) -> None:
    network, security = base.outputs("network"), base.outputs("security")
    key = {"kmsKeyArn": security["kmsKeyArn"]}
    first = deployer.up("storage", key).outputs["bucketNames"].value
    changed = deployer.up(
        "storage",
        {
            **key,
            "buckets": {"data": {"infrequentAccessDays": 30, "expireDays": 90}, "assets": {}},
            "fileSystem": {
                "enabled": True,
                "vpcId": network["vpcId"],
                "subnetIds": network["privateSubnetIds"],
                "clientSecurityGroupId": security["appSecurityGroupId"],
            },
            "backup": {"enabled": True, "retentionDays": 14},
        },
    )
    names = changed.outputs["bucketNames"].value
    assert names["data"] == first["data"]
    assert set(names) == {"data", "assets"}
    (rule,) = deployer.client("s3").get_bucket_lifecycle_configuration(Bucket=names["data"])["Rules"]
    assert rule["Transitions"] == [{"Days": 30, "StorageClass": "STANDARD_IA"}]
    assert rule["Expiration"] == {"Days": 90}
    file_system = changed.outputs["fileSystemId"].value
    (found,) = deployer.client("efs").describe_file_systems(FileSystemId=file_system)["FileSystems"]
    assert (found["Encrypted"], found["KmsKeyId"]) == (True, security["kmsKeyArn"])
    targets = deployer.client("efs").describe_mount_targets(FileSystemId=file_system)["MountTargets"]
    assert sorted(target["SubnetId"] for target in targets) == sorted(network["privateSubnetIds"])
    plan_id = deployer.client("backup").list_backup_plans()["BackupPlansList"][0]["BackupPlanId"]
    (daily,) = deployer.client("backup").get_backup_plan(BackupPlanId=plan_id)["BackupPlan"]["Rules"]
    assert daily["Lifecycle"]["DeleteAfterDays"] == 14
    vault = deployer.client("backup").describe_backup_vault(BackupVaultName=daily["TargetBackupVaultName"])
    assert vault["EncryptionKeyArn"] == security["kmsKeyArn"]

    deployer.destroy()
    assert deployer.client("backup").list_backup_vaults()["BackupVaultList"] == []
    assert not any(exists(deployer, name) for name in names.values())
    assert deployer.client("efs").describe_file_systems()["FileSystems"] == []


def test_a_bucket_with_objects_is_not_destroyed_unless_told_to(base: Deployer, deployer: Deployer) -> None:
    key = {"kmsKeyArn": base.outputs("security")["kmsKeyArn"]}
    bucket = deployer.up("storage", key).outputs["bucketNames"].value["data"]
    put_without_tls(deployer, bucket)

    with pytest.raises(CommandError, match="BucketNotEmpty"):
        deployer.destroy()
    assert exists(deployer, bucket)

    deployer.up("storage", {**key, "buckets": {"data": {"forceDestroy": True}}})
    deployer.destroy()
    assert not exists(deployer, bucket)


def put_without_tls(deployer: Deployer, bucket: str) -> None:
    """The emulated AWS has no TLS, and keeps to the bucket's policy: it has to go for a moment."""
    client = deployer.client("s3")
    policy = client.get_bucket_policy(Bucket=bucket)["Policy"]
    client.delete_bucket_policy(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="precious", Body=b"1")
    client.put_bucket_policy(Bucket=bucket, Policy=policy)
