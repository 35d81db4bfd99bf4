"""What is tried with the stack storage."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def stand_in(outputs: Outputs) -> Config:
    return {
        "kmsKeyArn": outputs["security"]["kmsKeyArn"],
        "fileSystem": {
            "vpcId": outputs["network"]["vpcId"],
            "subnetIds": outputs["network"]["privateSubnetIds"],
            "clientSecurityGroupId": outputs["security"]["appSecurityGroupId"],
        },
    }


CASE = StackCase(
    needs=("network", "security"),
    stand_in=stand_in,
    production={
        "buckets": {"data": {"infrequentAccessDays": 30, "expireDays": 90}, "assets": {}},
        "fileSystem": {"enabled": True},
        "backup": {"enabled": True, "retentionDays": 14},
    },
    change={"buckets": {"data": {"infrequentAccessDays": 60, "expireDays": 120}, "assets": {}}},
    replace={"kmsKeyArn": KEY},
    accepted=(
        {"buckets": {}, "kmsKeyArn": KEY},
        {"buckets": {"data": {"infrequentAccessDays": 30, "archiveDays": 60, "expireDays": 61}}},
        {"fileSystem": {"enabled": True, "mountTargets": 6, "infrequentAccessDays": None}},
        {"backup": {"enabled": True, "coldStorageDays": 10, "retentionDays": 100}},
    ),
    refused=(
        ({"buckets": {"Data!": {}}}, "p:buckets.Data!.[key]: String should match pattern"),
        ({"buckets": {"d": {"infrequentAccessDays": 29}}}, "p:buckets.d.infrequentAccessDays"),
        (
            {"buckets": {"d": {"infrequentAccessDays": 30, "archiveDays": 59}}},
            "p:buckets.d: archiveDays is 59, but must be at least 60, after infrequentAccessDays",
        ),
        (
            {"buckets": {"d": {"archiveDays": 60, "expireDays": 60}}},
            "p:buckets.d: expireDays is 60, but must be at least 61, after archiveDays",
        ),
        ({"kmsKeyArn": "arn:aws:s3:::bucket"}, "p:kmsKeyArn: String should match pattern"),
        ({"backup": {"schedule": "daily"}}, "p:backup.schedule: String should match pattern"),
        (
            {"backup": {"coldStorageDays": 10, "retentionDays": 99}},
            "p:backup: retentionDays is 99, but must be at least 100, after coldStorageDays",
        ),
        ({"fileSystem": {"throughput": "fast"}}, "p:fileSystem.throughput: Input should be 'bursting' or"),
    ),
)
