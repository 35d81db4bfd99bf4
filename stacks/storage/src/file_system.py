"""An EFS file system that only the deployment's applications can mount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, efs, vpc

from cloud_stack import fingerprint
from src.configuration import FileSystemConfig

NFS = 2049


@dataclass(frozen=True, slots=True)
class FileSystemArgs:
    """One mount target per subnet; clients are what carries the client security group. ``prefix`` has at most 55 characters."""

    prefix: str
    kms_key_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_security_group_id: pulumi.Input[str]
    settings: FileSystemConfig


class FileSystem(pulumi.ComponentResource):
    """File system, mount targets, and the security group between them and the clients."""

    id: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:storage:FileSystem", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        age = args.settings.infrequent_access_days
        days = "DAY" if age == 1 else "DAYS"
        # AWS takes a token once: under another key there is another file system, made before this one goes.
        key_mark = pulumi.Output.from_input(args.kms_key_arn).apply(fingerprint)
        file_system = efs.FileSystem(
            name,
            creation_token=pulumi.Output.format("{}-{}", args.prefix, key_mark),
            encrypted=True,
            kms_key_id=args.kms_key_arn,
            throughput_mode=args.settings.throughput,
            lifecycle_policies=[{"transition_to_ia": f"AFTER_{age}_{days}"}] if age is not None else None,
            tags={"Name": args.prefix},
            opts=child,
        )
        group = self._create_security_group(args, child)
        for index, subnet_id in enumerate(args.subnet_ids, 1):
            efs.MountTarget(
                f"{name}-{index}",
                file_system_id=file_system.id,
                subnet_id=subnet_id,
                security_groups=[group.id],
                opts=child,
            )
        self.id, self.arn = file_system.id, file_system.arn
        self.register_outputs({"id": self.id})

    @staticmethod
    def _create_security_group(args: FileSystemArgs, child: pulumi.ResourceOptions) -> ec2.SecurityGroup:
        """Both ends of the rule are this stack's: NFS in here, and NFS out of the clients' group to here."""
        group = ec2.SecurityGroup(
            args.prefix,
            description="EFS mount targets: NFS from the applications",
            vpc_id=args.vpc_id,
            tags={"Name": args.prefix},
            opts=child,
        )
        vpc.SecurityGroupIngressRule(
            "nfs",
            security_group_id=group.id,
            referenced_security_group_id=args.client_security_group_id,
            ip_protocol="tcp",
            from_port=NFS,
            to_port=NFS,
            description="NFS from the applications",
            opts=child,
        )
        vpc.SecurityGroupEgressRule(
            "nfs",
            security_group_id=args.client_security_group_id,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=NFS,
            to_port=NFS,
            description="NFS to the file system",
            opts=child,
        )
        return group
