"""Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_OF: Final = {
    "ServiceNamespace": "{serviceNamespace}",
    "ResourceId": "{resourceId}",
    "ScalableDimension": "{scalableDimension}",
}


def _policy(scene: Scene) -> Any:
    asked = {
        "ServiceNamespace": scene.properties["serviceNamespace"],
        "ResourceId": scene.properties["resourceId"],
        "ScalableDimension": scene.properties["scalableDimension"],
        "PolicyNames": [scene.properties.get("name") or scene.id],
    }
    found = scene.call("describe_scaling_policies", asked).get("ScalingPolicies") or [None]
    return found[0]


def _target(scene: Scene) -> Any:
    asked = {
        "ServiceNamespace": scene.properties["serviceNamespace"],
        "ResourceIds": [scene.properties["resourceId"]],
        "ScalableDimension": scene.properties["scalableDimension"],
    }
    found = scene.call("describe_scalable_targets", asked).get("ScalableTargets") or [None]
    return found[0]


def _alarm_arns(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"alarmArns": [alarm["AlarmARN"] for alarm in found.get("Alarms") or ()]}


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:appautoscaling/target:Target": row(
        "application-autoscaling",
        "register_scalable_target",
        "{resourceId}",
        _OF,
        [Read("describe_scalable_targets", by=_target)],
        delete="deregister_scalable_target",
        updates=[Update("register_scalable_target", ("minCapacity", "maxCapacity", "roleArn"), on_create=False)],
        rename={"arn": "ScalableTargetARN", "roleArn": "RoleARN"},
        sticky=["roleArn", "suspendedState"],
        auto_name=None,
    ),
    "aws:appautoscaling/policy:Policy": row(
        "application-autoscaling",
        "put_scaling_policy",
        "{name}",
        {**_OF, "PolicyName": "{name}"},
        [Read("describe_scaling_policies", by=_policy)],
        delete="delete_scaling_policy",
        updates=[
            Update(
                "put_scaling_policy",
                (
                    "policyType",
                    "targetTrackingScalingPolicyConfiguration",
                    "stepScalingPolicyConfiguration",
                    "predictiveScalingPolicyConfiguration",
                ),
                on_create=False,
                whole=True,
            )
        ],
        rename={"name": "PolicyName", "arn": "PolicyARN"},
        defaults={"policyType": "StepScaling"},
        auto_name=AutoName(longest=255),
        enrich=_alarm_arns,
        taggable=False,
    ),
}
