"""Launch templates and auto scaling groups."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

READERS: Mapping[str, Reader] = {
    "aws:ec2/launchTemplate:LaunchTemplate": told_by(
        "ec2",
        "describe_launch_templates",
        lambda resource: {"LaunchTemplateIds": [resource["id"]]},
        "LaunchTemplates",
        ("InvalidLaunchTemplateId.NotFound",),
    ),
    "aws:autoscaling/group:Group": told_by(
        "autoscaling",
        "describe_auto_scaling_groups",
        lambda resource: {"AutoScalingGroupNames": [resource["id"]]},
        "AutoScalingGroups",
    ),
    "aws:autoscaling/policy:Policy": told_by(
        "autoscaling",
        "describe_policies",
        lambda resource: {
            "AutoScalingGroupName": resource["outputs"]["autoscalingGroupName"],
            "PolicyNames": [resource["id"]],
        },
        "ScalingPolicies",
    ),
    "aws:autoscaling/schedule:Schedule": told_by(
        "autoscaling",
        "describe_scheduled_actions",
        lambda resource: {
            "AutoScalingGroupName": resource["outputs"]["autoscalingGroupName"],
            "ScheduledActionNames": [resource["id"]],
        },
        "ScheduledUpdateGroupActions",
    ),
}
