"""Files, backups, secrets, messages and tables: for every type a declaration and its changes."""

from __future__ import annotations

from tests.contract.aws_provider_harness import REGION
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, policy

CASES: tuple[Case, ...] = (
    Case(
        "aws:efs/fileSystem:FileSystem",
        lambda w: {
            "encrypted": True,
            "kmsKeyId": w.key["arn"],
            "lifecyclePolicies": [{"transitionToIa": "AFTER_30_DAYS"}],
            **TAGGED,
        },
        lambda w: {"lifecyclePolicies": [{"transitionToIa": "AFTER_60_DAYS"}], **RETAGGED},
        lambda w: {"encrypted": False},
    ),
    Case(
        "aws:efs/mountTarget:MountTarget",
        lambda w: {"fileSystemId": w.file_system.id, "subnetId": w.subnet.id, "securityGroups": [w.group.id]},
        lambda w: {"securityGroups": [w.other_group.id]},
        lambda w: {"subnetId": "subnet-0123456789abcdef0"},
    ),
    Case(
        "aws:efs/accessPoint:AccessPoint",
        lambda w: {
            "fileSystemId": w.file_system.id,
            "posixUser": {"uid": 1000, "gid": 1000},
            "rootDirectory": {
                "path": "/data",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0755"},
            },
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"posixUser": {"uid": 0, "gid": 0}},
    ),
    Case(
        "aws:efs/backupPolicy:BackupPolicy",
        lambda w: {"fileSystemId": w.file_system.id, "backupPolicy": {"status": "ENABLED"}},
        recorded=True,
    ),
    Case(
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        lambda w: {"fileSystemId": w.file_system.id, "policy": policy("elasticfilesystem:ClientMount")},
        lambda w: {"policy": policy("elasticfilesystem:ClientWrite")},
        lambda w: {"fileSystemId": "fs-0123456789abcdef0"},
        stays=True,
    ),
    Case(
        "aws:backup/vault:Vault",
        lambda w: {"kmsKeyArn": w.key["arn"], **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"kmsKeyArn": w.other_key["arn"]},
    ),
    Case(
        "aws:backup/plan:Plan",
        lambda w: {
            "rules": [
                {
                    "ruleName": "daily",
                    "targetVaultName": w.vault.id,
                    "schedule": "cron(0 5 * * ? *)",
                    "startWindow": 60,
                    "completionWindow": 180,
                    "lifecycle": {"deleteAfter": 35},
                }
            ],
            **TAGGED,
        },
        lambda w: RETAGGED,
    ),
    Case(
        "aws:backup/selection:Selection",
        lambda w: {"planId": w.plan.id, "iamRoleArn": w.role["arn"], "resources": [w.file_system["arn"]]},
        recorded=True,
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda w: {"type": "String", "value": "one", "description": "a number", **TAGGED},
        lambda w: {"value": "two", "description": "another", **RETAGGED},
        lambda w: {"name": "/other"},
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda w: {"type": "SecureString", "value": "one", "name": "/shop/secure"},
        lambda w: {"value": "two"},
        lambda w: {"name": "/other"},
        label="secure",
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda w: {"description": "database", "recoveryWindowInDays": 0, "kmsKeyId": w.key["arn"], **TAGGED},
        lambda w: {"description": "other", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda w: {"secretId": w.secret.id, "secretString": "hunter2"},
        None,
        lambda w: {"secretString": "other"},
        stays=True,
    ),
    Case(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        lambda w: {
            "secretArn": w.secret.id,
            "policy": policy("secretsmanager:GetSecretValue", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        },
        lambda w: {
            "policy": policy("secretsmanager:DescribeSecret", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        },
        lambda w: {"secretArn": "other"},
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda w: {"visibilityTimeoutSeconds": 60, "sqsManagedSseEnabled": True, **TAGGED},
        lambda w: {"visibilityTimeoutSeconds": 90, "delaySeconds": 5, **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda w: {
            "queueUrl": w.queue.id,
            "policy": policy("sqs:SendMessage", w.queue["arn"], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        },
        lambda w: {
            "policy": policy("sqs:ReceiveMessage", w.queue["arn"], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        },
        lambda w: {"queueUrl": "other"},
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {"displayName": "alarms", "kmsMasterKeyId": "alias/aws/sns", **TAGGED},
        lambda w: {"displayName": "other", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {
            "arn": w.topic.id,
            "policy": policy("sns:Publish", w.topic.id, Principal={"Service": "cloudwatch.amazonaws.com"}),
        },
        lambda w: {"policy": policy("sns:Publish", w.topic.id, Principal={"Service": "events.amazonaws.com"})},
        lambda w: {"arn": "other"},
        stays=True,
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {
            "topic": w.topic.id,
            "protocol": "sqs",
            "endpoint": w.queue["arn"],
            "rawMessageDelivery": True,
        },
        lambda w: {"rawMessageDelivery": False},
        lambda w: {"endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"},
    ),
    Case(
        "aws:dynamodb/table:Table",
        lambda w: {
            "hashKey": "PK",
            "rangeKey": "SK",
            "billingMode": "PAY_PER_REQUEST",
            "attributes": [
                {"name": "PK", "type": "S"},
                {"name": "SK", "type": "S"},
                {"name": "GSI1PK", "type": "S"},
            ],
            "globalSecondaryIndexes": [{"name": "GSI1", "hashKey": "GSI1PK", "projectionType": "ALL"}],
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "pointInTimeRecovery": {"enabled": True},
            "streamEnabled": True,
            "streamViewType": "NEW_IMAGE",
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key["arn"]},
            **TAGGED,
        },
        lambda w: {"pointInTimeRecovery": {"enabled": False}, "deletionProtectionEnabled": False, **RETAGGED},
        lambda w: {"hashKey": "Other"},
    ),
)
