"""The role of a function: what it may do, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from cloud_stack import Context, Limit, Place, Statement, allow, auto, deny, document, unscoped
from src.configuration import PermissionConfig

READ = ("s3:GetObject",)
WRITE = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject")

NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda itself does under the function's role to place it in a VPC (AWS Lambda: execution role permissions)."""


@dataclass(frozen=True, slots=True)
class FunctionRoleArgs:
    """``buckets`` maps bucket names to whether they are written. ``queue_arn`` is None for a function without a queue."""

    context: Context
    place: Place
    purpose: str
    function: str
    kms_key_arn: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    dead_letters_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str] | None
    in_vpc: bool
    secret_arns: Sequence[pulumi.Input[str]]
    buckets: Sequence[tuple[pulumi.Input[str], bool]]
    permissions: Sequence[PermissionConfig]


class FunctionRole(pulumi.ComponentResource):
    """The role and its policy. The function needs both: without ``policy`` Lambda refuses its queues and its VPC."""

    arn: pulumi.Output[str]
    policy: iam.RolePolicy

    def __init__(self, name: str, args: FunctionRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:compute-lambda:FunctionRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = iam.Role(
            args.context.name(args.purpose, limit=auto(Limit.IAM_ROLE)),
            description=f"Lambda function {args.purpose}",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "lambda.amazonaws.com"})),
            opts=child,
        )
        statements = [*_basics(args), *_network(args), *_data(args)]
        self.policy = iam.RolePolicy(name, role=role.name, policy=document(*statements), opts=child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _basics(args: FunctionRoleArgs) -> list[Statement]:
    """Logs, traces, dead letters, and the key that the environment and the queues are encrypted with."""
    statements = [
        allow(
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            on=[pulumi.Output.concat(args.log_group_arn, ":*")],
            sid="Logs",
        ),
        allow(
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
            on=unscoped("X-Ray knows no resource for traces"),
            sid="Traces",
        ),
        allow("sqs:SendMessage", on=[args.dead_letters_arn], sid="DeadLetters"),
        allow("kms:Decrypt", "kms:GenerateDataKey", on=[args.kms_key_arn], sid="Key"),
    ]
    if args.queue_arn is not None:
        statements.append(
            allow(
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                on=[args.queue_arn],
                sid="Queue",
            )
        )
    return statements


def _network(args: FunctionRoleArgs) -> list[Statement]:
    if not args.in_vpc:
        return []
    return [
        allow(*NETWORK_INTERFACES, on=unscoped("Lambda makes network interfaces that nobody can name"), sid="Network"),
        # The role is Lambda's for this, and the function's code must not use it so.
        deny(
            *NETWORK_INTERFACES,
            on=unscoped("a Deny"),
            when={"ArnEquals": {"lambda:SourceFunctionArn": args.place.arn("lambda", f"function:{args.function}")}},
            sid="NotByCode",
        ),
    ]


def _data(args: FunctionRoleArgs) -> list[Statement]:
    statements = []
    if args.secret_arns:
        statements.append(
            allow(
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                on=list(args.secret_arns),
                sid="Secrets",
            )
        )
    for name, is_written in args.buckets:
        arn = pulumi.Output.concat(f"arn:{args.place.partition}:s3:::", name)
        statements.append(allow("s3:ListBucket", on=[arn]))
        actions: Mapping[bool, tuple[str, ...]] = {False: READ, True: (*READ, *WRITE)}
        statements.append(allow(*actions[is_written], on=[arn.apply("{}/*".format)]))
    statements += [allow(*permission.actions, on=list(permission.resources)) for permission in args.permissions]
    return statements
