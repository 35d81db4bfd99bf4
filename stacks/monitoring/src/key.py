"""The key of what this stack keeps and tells. CloudWatch may use it: with AWS's own key for SNS no alarm would arrive."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_aws import kms

from cloud_stack import Context, Limit, Place, Statement, allow, document, unscoped

# Action by action instead of AWS's default "kms:*"; the same as the security stack's keys have.
ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
USE = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
THIS_KEY = unscoped("in a key policy the resource is the key itself")


def create_key(context: Context, place: Place, services: Sequence[str]) -> kms.Key:
    """``services`` are those that publish to the topic, such as ``cloudwatch``; only for this account."""
    key = kms.Key(
        "monitoring",
        description=f"monitoring of {context.project} {context.deployment} {context.environment}",
        enable_key_rotation=True,
        deletion_window_in_days=7,
        policy=document(_account(place), *(_publisher(place, service) for service in services)),
    )
    name = context.name("monitoring", limit=Limit.KMS_ALIAS)
    kms.Alias("monitoring", name=f"alias/{name}", target_key_id=key.key_id)
    return key


def _account(place: Place) -> Statement:
    return allow(
        *ADMINISTRATION,
        *USE,
        on=THIS_KEY,
        principals={"AWS": place.root},
        sid="Account",
    )


def _publisher(place: Place, service: str) -> Statement:
    return allow(
        "kms:Decrypt",
        "kms:GenerateDataKey",
        on=THIS_KEY,
        principals={"Service": f"{service}.amazonaws.com"},
        when={"StringEquals": {"aws:SourceAccount": place.account}},
        sid=service.capitalize(),
    )
