"""Application Auto Scaling: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from tests.contract.aws_provider_containers_cases import cluster, service
from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import Case, World


def scaled(w: World) -> dict[str, Any]:
    return {
        "resourceId": f"service/{cluster(w)['name']}/{service(w)['name']}",
        "scalableDimension": "ecs:service:DesiredCount",
        "serviceNamespace": "ecs",
    }


def target(w: World) -> Resource:
    return w.one(
        "target", "aws:appautoscaling/target:Target", lambda: {**scaled(w), "minCapacity": 1, "maxCapacity": 3}
    )


def on_target(w: World) -> dict[str, Any]:
    return {name: target(w)[name] for name in ("resourceId", "scalableDimension", "serviceNamespace")}


def tracking(value: float) -> dict[str, Any]:
    metric = {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
    return {"targetValue": value, "predefinedMetricSpecification": metric, "scaleInCooldown": 60}


def step(adjustment: int) -> dict[str, Any]:
    steps = [{"metricIntervalLowerBound": "0", "scalingAdjustment": adjustment}]
    return {"adjustmentType": "ChangeInCapacity", "cooldown": 60, "stepAdjustments": steps}


CASES: tuple[Case, ...] = (
    Case(
        "aws:appautoscaling/target:Target",
        lambda w: {**scaled(w), "minCapacity": 1, "maxCapacity": 3},
        lambda w: {"minCapacity": 2, "maxCapacity": 5},
        lambda w: {"resourceId": "service/other/other"},
        gaps=frozenset({"tags"}),
    ),
    Case(
        "aws:appautoscaling/policy:Policy",
        lambda w: {
            **on_target(w),
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": tracking(60),
        },
        lambda w: {"targetTrackingScalingPolicyConfiguration": tracking(70)},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:appautoscaling/policy:Policy",
        lambda w: {**on_target(w), "stepScalingPolicyConfiguration": step(1)},
        lambda w: {"stepScalingPolicyConfiguration": step(2)},
        lambda w: {"resourceId": "service/other/other"},
        label="step",
    ),
    Case(
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        lambda w: {
            **on_target(w),
            "schedule": "cron(0 7 * * ? *)",
            "timezone": "Europe/Berlin",
            "scalableTargetAction": {"minCapacity": 2, "maxCapacity": 4},
        },
        lambda w: {"schedule": "cron(0 8 * * ? *)", "scalableTargetAction": {"minCapacity": 3, "maxCapacity": 4}},
        lambda w: {"name": "other"},
    ),
)
