"""KMS keys: one per purpose, so that a grant to read one kind of data opens no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from cloud_stack import Context, Limit, Place, Statement, allow, document, unscoped

# Action by action instead of AWS's default "kms:*". The account must keep those of both lists, or a key can become
# unmanageable: IAM policies of the account grant nothing that the key's own policy does not grant to the account first.
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


@dataclass(frozen=True, slots=True)
class KeysArgs:
    """The first of ``purposes`` is the deployment's default key. ``deletion_window_days`` is how long a deleted key can
    still be brought back.
    """

    context: Context
    purposes: Sequence[str]
    deletion_window_days: int


class Keys(pulumi.ComponentResource):
    """The keys with their aliases ``alias/{project}-{deployment}-{environment}-{purpose}``; rotated every year."""

    default_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:security:Keys", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        place = Place.of_provider(self)
        keys = []
        for purpose in args.purposes:
            statements = [account_access(place)]
            if purpose == args.purposes[0]:
                statements.append(volumes_access(place))
            if purpose == "logs":
                statements.append(log_groups_access(place))
            key = kms.Key(
                purpose,
                description=f"{purpose} of {args.context.project} {args.context.deployment} {args.context.environment}",
                enable_key_rotation=True,
                deletion_window_in_days=args.deletion_window_days,
                policy=document(*statements),
                opts=child,
            )
            kms.Alias(
                purpose,
                name=f"alias/{args.context.name(purpose, limit=Limit.KMS_ALIAS)}",
                target_key_id=key.key_id,
                opts=child,
            )
            keys.append(key)
        self.default_key_arn = keys[0].arn
        self.register_outputs({"defaultKeyArn": self.default_key_arn})


def account_access(place: Place) -> Statement:
    """The key's account administers the key and decides by IAM policies who uses it."""
    return allow(
        *ADMINISTRATION,
        *USE,
        on=THIS_KEY,
        principals={"AWS": place.root},
        sid="Account",
    )


def volumes_access(place: Place) -> Statement:
    """Who has EC2 of this account and region make volumes uses the key for it, as with AWS's own key for volumes. Auto Scaling
    and EKS do so by roles of their own, to which no policy of the account gives a key.
    """
    return allow(
        *USE,
        "kms:DescribeKey",
        on=THIS_KEY,
        principals={"AWS": "*"},
        when={
            "StringEquals": {
                "kms:CallerAccount": place.account,
                **place.via("ec2"),
            }
        },
        sid="Volumes",
    )


def log_groups_access(place: Place) -> Statement:
    """CloudWatch Logs encrypts log groups of this account and region, and nothing else, with the key."""
    return allow(
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        on=THIS_KEY,
        principals={"Service": f"logs.{place.region}.amazonaws.com"},
        when={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
        sid="LogGroups",
    )
