"""Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stacks.readback import Reader, Resource, told_by


def _scaled(resource: Resource) -> dict[str, Any]:
    outputs = resource["outputs"]
    return {
        "ServiceNamespace": outputs["serviceNamespace"],
        "ResourceId": outputs["resourceId"],
        "ScalableDimension": outputs["scalableDimension"],
    }


def _target(resource: Resource) -> dict[str, Any]:
    asked = _scaled(resource)
    asked["ResourceIds"] = [asked.pop("ResourceId")]
    return asked


def _named(operation: str, found: str, name: str) -> Reader:
    def read(clients: Any, resource: Resource) -> bool:
        entries = getattr(clients("application-autoscaling"), operation)(**_scaled(resource))[found]
        return any(entry[name] == resource["outputs"]["name"] for entry in entries)

    return read


READERS: Mapping[str, Reader] = {
    "aws:appautoscaling/target:Target": told_by(
        "application-autoscaling",
        "describe_scalable_targets",
        _target,
        "ScalableTargets",
    ),
    "aws:appautoscaling/policy:Policy": _named("describe_scaling_policies", "ScalingPolicies", "PolicyName"),
    "aws:appautoscaling/scheduledAction:ScheduledAction": _named(
        "describe_scheduled_actions", "ScheduledActions", "ScheduledActionName"
    ),
}
