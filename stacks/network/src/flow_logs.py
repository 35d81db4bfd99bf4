"""Flow logs of the VPC into CloudWatch Logs, written by a role that can do nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import cloudwatch, ec2, iam

from cloud_stack import Limit, allow, auto, document, shorten

TEN_MINUTES = 600
"""Seconds over which flows are aggregated; the other choice, 60, makes up to ten times as many records."""


@dataclass(frozen=True, slots=True)
class FlowLogsArgs:
    """``traffic`` is ``reject``, ``accept`` or ``all``; ``retention_days`` one of CloudWatch's retentions."""

    prefix: str
    vpc_id: pulumi.Input[str]
    traffic: str
    retention_days: int


class FlowLogs(pulumi.ComponentResource):
    """Log group, role and flow log."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:network:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = cloudwatch.LogGroup(
            "flow-logs",
            name=shorten(f"/vpc/{args.prefix}/flow-logs", Limit.LOG_GROUP),
            retention_in_days=args.retention_days,
            opts=child,
        )
        role = iam.Role(
            shorten(f"{args.prefix}-flow-logs", auto(Limit.IAM_ROLE)),
            description="Lets VPC flow logs write to their log group",
            assume_role_policy=document(
                allow(
                    "sts:AssumeRole",
                    on=[],
                    principals={"Service": "vpc-flow-logs.amazonaws.com"},
                    when={
                        "StringEquals": {
                            "aws:SourceAccount": aws.get_caller_identity(
                                opts=pulumi.InvokeOptions(parent=self)
                            ).account_id
                        }
                    },
                )
            ),
            opts=child,
        )
        permission = iam.RolePolicy(
            "flow-logs",
            role=role.name,
            policy=document(
                allow(
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                    "logs:DescribeLogStreams",
                    on=[group.arn, group.arn.apply("{}:*".format)],
                )
            ),
            opts=child,
        )
        ec2.FlowLog(
            "flow-logs",
            vpc_id=args.vpc_id,
            traffic_type=args.traffic.upper(),
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=TEN_MINUTES,
            tags={"Name": f"{args.prefix}-flow-logs"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({})
