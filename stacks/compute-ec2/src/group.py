"""The auto scaling group, and what moves its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import autoscaling, ec2

from cloud_stack import Context, Limit, auto, standard_tags
from src.configuration import ComputeEc2Config

UNCHANGED = -1
METRICS = ("GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupTotalInstances")
"""What CloudWatch is told of the group every minute; free of charge."""


@dataclass(frozen=True, slots=True)
class GroupArgs:
    """``template`` is what instances are made from."""

    context: Context
    template: ec2.LaunchTemplate
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    settings: ComputeEc2Config


class Group(pulumi.ComponentResource):
    """Group, target tracking policy and schedules."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: GroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:compute-ec2:Group", name, None, opts)
        child, settings = pulumi.ResourceOptions(parent=self), args.settings
        tags = {**standard_tags(), "Name": args.context.name("instance")}  # default tags do not reach instances
        group = autoscaling.Group(
            args.context.name("instances", limit=auto(Limit.AUTO_SCALING_GROUP)),
            min_size=settings.min_size,
            max_size=settings.max_size,
            # What a policy or a schedule has set is not set back by the next deployment.
            desired_capacity=None if settings.sized_by_itself else settings.desired_size,
            vpc_zone_identifiers=args.subnet_ids,
            # By number: a change of the template is then a change of the group, and begins the refresh.
            launch_template={"id": args.template.id, "version": args.template.latest_version.apply(str)},
            health_check_type="ELB" if settings.target_group_arns else "EC2",
            health_check_grace_period=settings.health_check_grace_seconds,
            target_group_arns=list(settings.target_group_arns) or None,
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "min_healthy_percentage": settings.refresh.min_healthy_percent,
                    "instance_warmup": str(settings.refresh.warmup_seconds),
                },
            },
            enabled_metrics=list(METRICS),
            tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in tags.items()],
            opts=child,
        )
        if settings.scaling.cpu_percent is not None:
            autoscaling.Policy(
                args.context.name("cpu", limit=auto(Limit.AUTO_SCALING_GROUP)),
                autoscaling_group_name=group.name,
                policy_type="TargetTrackingScaling",
                estimated_instance_warmup=settings.scaling.warmup_seconds,
                target_tracking_configuration={
                    "predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"},
                    "target_value": float(settings.scaling.cpu_percent),
                },
                opts=child,
            )
        for when, schedule in settings.schedules.items():
            autoscaling.Schedule(
                when,
                scheduled_action_name=args.context.name(when),
                autoscaling_group_name=group.name,
                recurrence=schedule.recurrence,
                time_zone=schedule.time_zone,
                min_size=UNCHANGED,
                max_size=UNCHANGED,
                desired_capacity=schedule.desired_size,
                opts=child,
            )
        self.name = group.name
        self.register_outputs({"name": self.name})
