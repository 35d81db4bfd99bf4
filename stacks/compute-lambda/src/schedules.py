"""Schedules that call a function, and the role under which EventBridge Scheduler does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam, scheduler

from cloud_stack import Context, Limit, Place, allow, auto, document
from src.configuration import ScheduleConfig


@dataclass(frozen=True, slots=True)
class SchedulesArgs:
    """``max_retries`` and ``max_event_age`` (seconds) are of a call that Lambda doesn't take; then it is a dead letter."""

    context: Context
    place: Place
    purpose: str
    function_arn: pulumi.Input[str]
    dead_letters_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    max_retries: int
    max_event_age: int
    schedules: Mapping[str, ScheduleConfig]


class Schedules(pulumi.ComponentResource):
    """One role for all schedules of a function, which may call this function and nothing else."""

    def __init__(self, name: str, args: SchedulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:compute-lambda:Schedules", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = iam.Role(
            args.context.name(args.purpose, "schedules", limit=auto(Limit.IAM_ROLE)),
            description=f"EventBridge Scheduler calls {args.purpose}",
            assume_role_policy=document(
                allow(
                    "sts:AssumeRole",
                    on=[],
                    principals={"Service": "scheduler.amazonaws.com"},
                    when={"StringEquals": {"aws:SourceAccount": args.place.account}},
                )
            ),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{name}-schedules",
            role=role.name,
            policy=document(
                allow("lambda:InvokeFunction", on=[args.function_arn], sid="Function"),
                allow("sqs:SendMessage", on=[args.dead_letters_arn], sid="DeadLetters"),
                allow("kms:Decrypt", "kms:GenerateDataKey", on=[args.kms_key_arn], sid="Key"),
            ),
            opts=child,
        )
        for key, settings in args.schedules.items():
            scheduler.Schedule(
                f"{name}-{key}",
                name=args.context.name(args.purpose, key, limit=Limit.SCHEDULE),
                schedule_expression=settings.expression,
                schedule_expression_timezone=settings.timezone,
                state="DISABLED" if settings.paused else "ENABLED",
                flexible_time_window={"mode": "OFF"},
                kms_key_arn=args.kms_key_arn,
                target={
                    "arn": args.function_arn,
                    "role_arn": role.arn,
                    "input": json.dumps(settings.input),
                    "retry_policy": {
                        "maximum_retry_attempts": args.max_retries,
                        "maximum_event_age_in_seconds": args.max_event_age,
                    },
                    "dead_letter_config": {"arn": args.dead_letters_arn},
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        self.register_outputs({})
