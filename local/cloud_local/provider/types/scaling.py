"""Application Auto Scaling: how much there is of a thing that can be scaled, such as an ECS service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_SCALED: Final = {
    "ServiceNamespace": "{serviceNamespace}",
    "ResourceId": "{resourceId}",
    "ScalableDimension": "{scalableDimension}",
}
"""Which resource is scaled, and what of it."""


def _one_of(operation: str, found: str, name: str = "", asked: str = "") -> Callable[[Scene], Any]:
    """Finds the entry of that name in what an operation lists for the scaled resource."""

    def read(scene: Scene) -> Any:
        arguments = scene.fill(dict(_SCALED))
        if name:
            arguments[asked] = [scene.properties["name"]]
        else:
            arguments["ResourceIds"] = [arguments.pop("ResourceId")]
        entries = scene.call(operation, arguments).get(found) or ()
        return next((item for item in entries if not name or item[name] == scene.properties["name"]), None)

    return read


def _untold(scene: Scene) -> None:
    if scene.emulated and scene.properties.get("tagsAll"):
        scene.warn(f"{scene.schema.token}: recorded but not applied by the emulated AWS: tags")


def _policy_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"alarmArns": [alarm["AlarmARN"] for alarm in found.get("Alarms") or ()]}
    steps = found.get("StepScalingPolicyConfiguration")
    if steps:
        facts["stepScalingPolicyConfiguration"] = {
            **{name[0].lower() + name[1:]: value for name, value in steps.items()},
            "stepAdjustments": [_step(item) for item in steps.get("StepAdjustments") or ()],
        }
    return facts


def _step(found: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds are texts in Terraform, so that nothing can be told from zero; written without needless digits."""
    bounds = {name: f"{value:g}" for name, value in found.items() if name != "ScalingAdjustment" and value is not None}
    return {
        **{name[0].lower() + name[1:]: value for name, value in bounds.items()},
        "scalingAdjustment": found["ScalingAdjustment"],
    }


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:appautoscaling/target:Target": row(
        "application-autoscaling",
        "register_scalable_target",
        "{resourceId}",
        _SCALED,
        [Read("describe_scalable_targets", by=_one_of("describe_scalable_targets", "ScalableTargets"))],
        delete="deregister_scalable_target",
        updates=[
            Update(
                "register_scalable_target",
                ("minCapacity", "maxCapacity", "roleArn", "suspendedState"),
                on_create=False,
                whole=True,
            )
        ],
        rename={"arn": "ScalableTargetARN", "roleArn": "RoleARN"},
        sticky=["roleArn", "suspendedState"],
        created=_untold,
    ),
    "aws:appautoscaling/policy:Policy": row(
        "application-autoscaling",
        "put_scaling_policy",
        "{name}",
        {**_SCALED, "PolicyName": "{name}"},
        [
            Read(
                "describe_scaling_policies",
                by=_one_of("describe_scaling_policies", "ScalingPolicies", "PolicyName", "PolicyNames"),
            )
        ],
        delete="delete_scaling_policy",
        updates=[
            Update(
                "put_scaling_policy",
                (
                    *("policyType", "predictiveScalingPolicyConfiguration", "stepScalingPolicyConfiguration"),
                    "targetTrackingScalingPolicyConfiguration",
                ),
                on_create=False,
                whole=True,
            )
        ],
        rename={"name": "PolicyName", "arn": "PolicyARN"},
        defaults={"policyType": "StepScaling"},
        enrich=_policy_facts,
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": row(
        "application-autoscaling",
        "put_scheduled_action",
        "{name}-{serviceNamespace}-{resourceId}",
        {**_SCALED, "ScheduledActionName": "{name}"},
        [
            Read(
                "describe_scheduled_actions",
                by=_one_of(
                    "describe_scheduled_actions", "ScheduledActions", "ScheduledActionName", "ScheduledActionNames"
                ),
            )
        ],
        delete="delete_scheduled_action",
        updates=[
            Update(
                "put_scheduled_action",
                ("scalableTargetAction", "schedule", "timezone", "startTime", "endTime"),
                on_create=False,
                whole=True,
            )
        ],
        rename={"name": "ScheduledActionName", "arn": "ScheduledActionARN"},
        defaults={"timezone": "UTC"},
    ),
}
