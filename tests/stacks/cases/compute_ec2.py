"""What is tried with the stack compute-ec2."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
TARGETS = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
EVENING = {"recurrence": "0 20 * * MON-FRI", "desiredSize": 1, "timeZone": "Europe/Berlin"}


def stand_in(outputs: Outputs) -> Config:
    return {
        "subnetIds": outputs["network"]["privateSubnetIds"],
        "kmsKeyArn": outputs["security"]["kmsKeyArn"],
        "appSecurityGroupId": outputs["security"]["appSecurityGroupId"],
        "bucketArns": outputs["storage"]["bucketArns"],
    }


CASE = StackCase(
    needs=("network", "security", "storage"),
    stand_in=stand_in,
    production={
        "instanceType": "m7g.large",
        "userData": "#!/bin/sh\ndnf -y install nginx\n",
        "detailedMonitoring": True,
        "volume": {"sizeGib": 30},
        "minSize": 1,
        "maxSize": 6,
        "scaling": {"cpuPercent": 50},
        "schedules": {"evening": EVENING},
        "refresh": {"minHealthyPercent": 100, "warmupSeconds": 60},
        "healthCheckGraceSeconds": 120,
        "bucketAccess": {"data": "read-write"},
    },
    change={
        "instanceType": "m7g.xlarge",
        "maxSize": 8,
        "scaling": {"cpuPercent": 70},
        "schedules": {"evening": {**EVENING, "desiredSize": 2}},
        "bucketAccess": {"data": "read"},
    },
    never_replaced="names are Pulumi's own, and everything else of a template or a group is changed in place",
    accepted=(
        {"bucketAccess": {"data": "read"}},
        {"minSize": 2, "desiredSize": 2, "maxSize": 2, "kmsKeyArn": KEY, "subnetIds": ["subnet-0a"]},
        {"imageParameter": "/golden/images/web", "instanceType": "u-6tb1.56xlarge", "volume": {"sizeGib": 16384}},
        {"userData": "#" * 16384, "healthCheckGraceSeconds": 0, "targetGroupArns": [TARGETS]},
        {"scaling": {"cpuPercent": 10}, "schedules": {"night": {"recurrence": "0 0 * * *", "desiredSize": 0}}},
        {"bucketAccess": {"data": "read"}, "bucketArns": {"data": "arn:aws:s3:::some-bucket"}},
    ),
    refused=(
        ({"instanceType": "large"}, "p:instanceType: String should match pattern"),
        ({"desiredSize": 2}, "desiredSize is 2, but must be from minSize to maxSize"),
        ({"minSize": 3, "scaling": {"cpuPercent": 50}}, "minSize is 3, but maxSize 1"),
        (
            {"desiredSize": 1, "scaling": {"cpuPercent": 50}},
            "desiredSize is decided by scaling.cpuPercent; leave it out",
        ),
        (
            {"schedules": {"day": {"recurrence": "0 8 * * *", "desiredSize": 2}}},
            "schedules.day.desiredSize is not from minSize to maxSize",
        ),
        ({"schedules": {"day": {"recurrence": "daily", "desiredSize": 1}}}, "p:schedules.day.recurrence"),
        ({"scaling": {"cpuPercent": 9}}, "p:scaling.cpuPercent: Input should be greater than or equal to 10 (got 9)"),
        ({"maxSize": 0}, "p:maxSize: Input should be greater than or equal to 1 (got 0)"),
        ({"userData": "#" * 16385}, "userData is of 16385 bytes, and may be of 16384"),
        ({"volume": {"sizeGib": 7}}, "p:volume.sizeGib: Input should be greater than or equal to 8 (got 7)"),
        ({"bucketAccess": {"data": "write"}}, "p:bucketAccess.data: Input should be 'read' or 'read-write'"),
        (
            {"bucketArns": {"data": "arn:aws:s3:::some-bucket"}},
            "bucketArns names data, to which bucketAccess gives no access",
        ),
        ({"targetGroupArns": ["arn:aws:s3:::bucket"]}, "p:targetGroupArns.0: String should match pattern"),
    ),
)
