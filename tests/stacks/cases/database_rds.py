"""What is tried with the stack database-rds."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase


def stand_in(outputs: Outputs) -> Config:
    return {
        "subnetIds": outputs["network"]["isolatedSubnetIds"],
        "dataSecurityGroupId": outputs["security"]["dataSecurityGroupId"],
        "kmsKeyArn": outputs["security"]["kmsKeyArn"],
        "secretArn": outputs["secrets"]["databaseSecretArn"],
    }


CASE = StackCase(
    needs=("network", "security", "secrets"),
    stand_in=stand_in,
    production={
        "capacity": {"min": 0.5, "max": 8},
        "readers": 1,
        "masterSecret": "secrets",
        "backup": {"retentionDays": 14},
        "logs": {"enabled": True, "retentionDays": 365},
        "monitoring": {"performanceInsights": True, "interval": 60},
        "applyImmediately": False,
    },
    change={
        "capacity": {"max": 16},
        "backup": {"retentionDays": 21, "window": "01:00-02:00"},
        "logs": {"retentionDays": 30},
        "monitoring": {"performanceInsightsDays": 31, "interval": 30},
    },
    replace={"databaseName": "other"},
    accepted=(
        {"capacity": {"min": 0, "max": 1, "pauseAfterMinutes": 5}},
        {"capacity": {"min": 256, "max": 256}, "readers": 15},
        {"kind": "instance", "engine": "mysql", "instance": {"storage": 20, "maxStorage": 20, "multiAz": True}},
        {"backup": {"retentionDays": 35, "window": "23:00-23:30", "finalSnapshot": True}, "deletionProtection": True},
        {"monitoring": {"performanceInsights": True, "performanceInsightsDays": 731, "interval": 1}},
    ),
    refused=(
        ({"capacity": {"min": 2, "max": 1}}, "p:capacity: max is 1, but must be at least min, 2"),
        ({"capacity": {"max": 0.5}}, "p:capacity.max: Input should be greater than or equal to 1 (got 0.5)"),
        ({"capacity": {"min": 0.7}}, "p:capacity.min: Input should be a multiple of 0.5 (got 0.7)"),
        ({"capacity": {"pauseAfterMinutes": 4}}, "p:capacity.pauseAfterMinutes"),
        ({"kind": "instance", "readers": 1}, "readers are Aurora's: an instance has multiAz"),
        ({"kind": "cluster"}, "p:kind: Input should be 'aurora' or 'instance'"),
        ({"readers": 16}, "p:readers: Input should be less than or equal to 15 (got 16)"),
        ({"masterUsername": "postgres"}, "masterUsername may not be 'postgres'"),
        ({"databaseName": "my-app"}, "p:databaseName: String should match pattern"),
        ({"instance": {"storage": 19}}, "p:instance.storage"),
        ({"instance": {"storage": 200}}, "p:instance: maxStorage is 100, but must be at least storage, 200"),
        ({"backup": {"retentionDays": 0}}, "p:backup.retentionDays"),
        ({"backup": {"window": "24:00-24:30"}}, "p:backup.window: String should match pattern"),
        ({"backup": {"window": "3am"}}, "p:backup.window: String should match pattern"),
        ({"monitoring": {"interval": 2}}, "p:monitoring.interval: Input should be 0, 1, 5"),
        ({"subnetIds": ["subnet-1"]}, "p:subnetIds"),
    ),
)
