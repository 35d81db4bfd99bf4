"""Launch templates and auto scaling groups: for every type a declaration and its changes."""

from __future__ import annotations

import base64
from typing import Any

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def script(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def launched(kind: str, name: str) -> dict[str, Any]:
    return {"resourceType": kind, "tags": {"Name": name, "team": "a"}}


def template(w: World) -> Resource:
    inputs = {"imageId": IMAGE, "instanceType": "t4g.nano", "userData": script("#!/bin/sh")}
    return w.one("template", "aws:ec2/launchTemplate:LaunchTemplate", lambda: inputs)


def other_subnet(w: World) -> Resource:
    inputs = lambda: {"vpcId": w.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZone": f"{REGION}b"}  # noqa: E731
    return w.one("subnet-b", "aws:ec2/subnet:Subnet", inputs)


def group(w: World, **more: Any) -> dict[str, Any]:
    return {
        "minSize": 0,
        "maxSize": 2,
        "launchTemplate": {"id": template(w).id, "version": "1"},
        "vpcZoneIdentifiers": [w.subnet.id],
        **more,
    }


def tag(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": value, "propagateAtLaunch": True}


def scaled_group(w: World) -> str:
    return w.one("group", "aws:autoscaling/group:Group", lambda: group(w)).id


def tracking(target: float) -> dict[str, Any]:
    metric = {"predefinedMetricType": "ASGAverageCPUUtilization"}
    return {"targetTrackingConfiguration": {"targetValue": target, "predefinedMetricSpecification": metric}}


CASES: tuple[Case, ...] = (
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda w: {
            "description": "first",
            "imageId": IMAGE,
            "instanceType": "t4g.nano",
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {"encrypted": "true", "kmsKeyId": w.key["arn"], "volumeSize": 8, "volumeType": "gp3"},
                }
            ],
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
            "monitoring": {"enabled": True},
            "networkInterfaces": [
                {"associatePublicIpAddress": "false", "deleteOnTermination": "true", "securityGroups": [w.group.id]}
            ],
            "tagSpecifications": [launched("instance", "one"), launched("volume", "one")],
            "userData": script("#!/bin/sh\ntrue"),
            "updateDefaultVersion": True,
            **TAGGED,
        },
        lambda w: {
            "description": "second",
            "instanceType": "t4g.micro",
            "userData": script("#!/bin/sh\nfalse"),
            "tagSpecifications": [launched("instance", "two")],
            **RETAGGED,
        },
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:autoscaling/group:Group",
        lambda w: group(
            w,
            desiredCapacity=1,
            healthCheckType="EC2",
            healthCheckGracePeriod=60,
            enabledMetrics=["GroupDesiredCapacity"],
            instanceRefresh={"strategy": "Rolling", "preferences": {"minHealthyPercentage": 50}},
            suspendedProcesses=["AZRebalance"],
            terminationPolicies=["OldestInstance"],
            tags=[tag("Name", "first"), tag("team", "a")],
        ),
        lambda w: {
            "desiredCapacity": 2,
            "healthCheckGracePeriod": 120,
            "suspendedProcesses": ["HealthCheck"],
            "vpcZoneIdentifiers": [w.subnet.id, other_subnet(w).id],
            "tags": [tag("Name", "second")],
        },
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:autoscaling/policy:Policy",
        lambda w: {
            "autoscalingGroupName": scaled_group(w),
            "policyType": "TargetTrackingScaling",
            "estimatedInstanceWarmup": 60,
            **tracking(50.0),
        },
        lambda w: tracking(70.0),
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:autoscaling/schedule:Schedule",
        lambda w: {
            "autoscalingGroupName": scaled_group(w),
            "scheduledActionName": "evening",
            "recurrence": "0 20 * * *",
            "timeZone": "Europe/Berlin",
            "minSize": -1,
            "maxSize": -1,
            "desiredCapacity": 0,
        },
        lambda w: {"recurrence": "0 21 * * *", "minSize": 1},
        lambda w: {"scheduledActionName": "night"},
    ),
)
