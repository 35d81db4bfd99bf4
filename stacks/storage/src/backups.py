"""AWS Backup: a vault under the deployment's key, and a daily plan for what this stack stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import backup, iam

from cloud_stack import Context, Limit, allow, auto, document, standard_tags
from src.configuration import BackupConfig

# AWS's own policies for AWS Backup: it documents no narrower ones for file systems and buckets.
MANAGED_POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)


@dataclass(frozen=True, slots=True)
class BackupsArgs:
    """``resource_arns`` are what is backed up; without any there is a plan that selects nothing."""

    context: Context
    kms_key_arn: pulumi.Input[str]
    resource_arns: Sequence[pulumi.Input[str]]
    settings: BackupConfig


class Backups(pulumi.ComponentResource):
    """Vault, plan, and the selection with the role that AWS Backup works under."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:storage:Backups", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        vault = backup.Vault(
            name,
            name=args.context.name("backups", limit=Limit.BACKUP_VAULT),
            kms_key_arn=args.kms_key_arn,
            force_destroy=settings.force_destroy,
            opts=self._child,
        )
        plan = backup.Plan(
            name,
            name=args.context.name("daily", limit=Limit.BACKUP_PLAN),
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": vault.name,
                    "schedule": settings.schedule,
                    "lifecycle": {
                        "delete_after": settings.retention_days,
                        **({"cold_storage_after": settings.cold_storage_days} if settings.cold_storage_days else {}),
                    },
                    "recovery_point_tags": standard_tags(),  # default tags do not reach recovery points
                }
            ],
            opts=self._child,
        )
        if args.resource_arns:
            backup.Selection(
                name,
                name=args.context.name("stored", limit=Limit.BACKUP_PLAN),
                plan_id=plan.id,
                iam_role_arn=self._create_role(args.context).arn,
                resources=list(args.resource_arns),
                opts=self._child,
            )
        self.register_outputs({})

    def _create_role(self, context: Context) -> iam.Role:
        role = iam.Role(
            context.name("backup", limit=auto(Limit.IAM_ROLE)),
            description="AWS Backup of the storage stack",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "backup.amazonaws.com"})),
            opts=self._child,
        )
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        for policy in MANAGED_POLICIES:
            iam.RolePolicyAttachment(
                policy.rpartition("/")[2],
                role=role.name,
                policy_arn=f"arn:{partition}:iam::aws:policy/{policy}",
                opts=self._child,
            )
        return role
