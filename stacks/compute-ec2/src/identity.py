"""What the instances are to AWS: a role that Session Manager needs, and that opens the named buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import iam

from cloud_stack import Context, Limit, Statement, allow, auto, document

# AWS's own policy for Session Manager, inventory and patches: it documents no narrower one.
SESSION_MANAGER = "AmazonSSMManagedInstanceCore"
READ = ("s3:GetObject", "s3:GetObjectVersion")
WRITE = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject")


@dataclass(frozen=True, slots=True)
class IdentityArgs:
    """``buckets`` are ARNs, each with ``read`` or ``read-write``; they are encrypted by the key."""

    context: Context
    kms_key_arn: pulumi.Input[str]
    buckets: Sequence[tuple[pulumi.Input[str], str]]


class Identity(pulumi.ComponentResource):
    """Role and instance profile."""

    profile_arn: pulumi.Output[str]

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:compute-ec2:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        role = iam.Role(
            args.context.name("instances", limit=auto(Limit.IAM_ROLE)),
            description="Instances of the auto scaling group",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "ec2.amazonaws.com"})),
            opts=child,
        )
        permissions: list[pulumi.Resource] = [
            iam.RolePolicyAttachment(
                "session-manager",
                role=role.name,
                policy_arn=f"arn:{partition}:iam::aws:policy/{SESSION_MANAGER}",
                opts=child,
            )
        ]
        if args.buckets:
            permissions.append(
                iam.RolePolicy("buckets", role=role.name, policy=document(*_bucket_statements(args)), opts=child)
            )
        profile = iam.InstanceProfile(
            args.context.name("instances", limit=auto(Limit.INSTANCE_PROFILE)),
            role=role.name,
            opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
        )
        self.profile_arn = profile.arn
        self.register_outputs({"profileArn": self.profile_arn})


def _bucket_statements(args: IdentityArgs) -> list[Statement]:
    every = [pulumi.Output.from_input(arn) for arn, _ in args.buckets]
    written = [pulumi.Output.from_input(arn) for arn, access in args.buckets if access == "read-write"]
    statements = [
        allow("s3:ListBucket", on=every, sid="List"),
        allow(*READ, on=[arn.apply("{}/*".format) for arn in every], sid="Read"),
        allow("kms:Decrypt", *(["kms:GenerateDataKey"] if written else []), on=[args.kms_key_arn], sid="Key"),
    ]
    if written:
        statements.append(allow(*WRITE, on=[arn.apply("{}/*".format) for arn in written], sid="Write"))
    return statements
