"""Launch templates and auto scaling groups.

Every change of a launch template makes a new version of it. A group names a version by number, so that the change reaches
it, and its instance refresh then replaces the instances one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cloud_local.provider.connection import NotEmulated
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.names import plain
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_TEMPLATE: Final = (
    *("blockDeviceMappings", "capacityReservationSpecification", "cpuOptions", "creditSpecification", "description"),
    *("disableApiStop", "disableApiTermination", "ebsOptimized", "enclaveOptions", "hibernationOptions"),
    *("iamInstanceProfile", "imageId", "instanceInitiatedShutdownBehavior", "instanceMarketOptions"),
    *("instanceRequirements", "instanceType", "kernelId", "keyName", "licenseSpecifications", "maintenanceOptions"),
    *("metadataOptions", "monitoring", "networkInterfaces", "networkPerformanceOptions", "placement"),
    *("privateDnsNameOptions", "ramDiskId", "secondaryInterfaces", "securityGroupNames", "tagSpecifications"),
    *("userData", "vpcSecurityGroupIds"),
)
"""What a version is made of; leaving one out of the next version removes it."""

_REFRESHING: Final = frozenset({"launchConfiguration", "launchTemplate", "mixedInstancesPolicy"})
"""Changes after which instances are no longer what the group would launch."""

_ATTACHED: Final = (
    ("targetGroupArns", "TargetGroupARNs", "load_balancer_target_groups"),
    ("loadBalancers", "LoadBalancerNames", "load_balancers"),
)
"""Property, member, and what the operations that attach and detach are about."""


def _template_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Tags of what is launched are part of the version, unlike the template's own."""
    if operation in ("create_launch_template", "create_launch_template_version"):
        wanted = scene.properties.get("tagSpecifications") or ()
        if wanted:
            arguments.setdefault("LaunchTemplateData", {})["TagSpecifications"] = [
                {
                    "ResourceType": item["resourceType"],
                    "Tags": [{"Key": key, "Value": str(value)} for key, value in (item.get("tags") or {}).items()],
                }
                for item in wanted
            ]


def _default_version(scene: Scene) -> None:
    """Instances that name no version take the default one."""
    wanted = scene.properties.get("defaultVersion")
    if scene.properties.get("updateDefaultVersion"):
        found = scene.call("describe_launch_templates", {"LaunchTemplateIds": [scene.id]})["LaunchTemplates"][0]
        wanted = found["LatestVersionNumber"] if found["LatestVersionNumber"] != found["DefaultVersionNumber"] else None
    if wanted is not None:
        scene.call("modify_launch_template", {"LaunchTemplateId": scene.id, "DefaultVersion": str(wanted)})


def _group_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    subnets = scene.properties.get("vpcZoneIdentifiers")
    if operation in ("create_auto_scaling_group", "update_auto_scaling_group") and subnets is not None:
        arguments["VPCZoneIdentifier"] = ",".join(subnets)
    if operation == "create_auto_scaling_group":
        arguments["Tags"] = _group_tags(scene, scene.properties.get("tags") or ())
        arguments |= {member: scene.properties[name] for name, member, _ in _ATTACHED if scene.properties.get(name)}
    template = arguments.get("LaunchTemplate") or {}
    if template.get("LaunchTemplateId"):
        template.pop("LaunchTemplateName", None)  # AWS takes one of the two


def _group_tags(scene: Scene, tags: Any) -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": scene.id or scene.properties["name"],
            "ResourceType": "auto-scaling-group",
            "Key": item["key"],
            "Value": str(item["value"]),
            "PropagateAtLaunch": bool(item["propagateAtLaunch"]),
        }
        for item in tags
    ]


def _group_properties(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    order = [item.get("key") for item in scene.properties.get("tags") or ()]
    tags = [
        {"key": item["Key"], "value": item["Value"], "propagateAtLaunch": item["PropagateAtLaunch"]}
        for item in found.get("Tags", ())
        if not item["Key"].startswith("aws:")
    ]
    tags.sort(key=lambda item: order.index(item["key"]) if item["key"] in order else len(order))
    metrics = [item["Metric"] for item in found.get("EnabledMetrics", ())]
    return {
        "vpcZoneIdentifiers": [item for item in (found.get("VPCZoneIdentifier") or "").split(",") if item],
        "tags": tags or None,
        "enabledMetrics": metrics or None,
        "suspendedProcesses": [item["ProcessName"] for item in found.get("SuspendedProcesses", ())] or None,
    }


def _group_created(scene: Scene) -> None:
    """What the creation doesn't take."""
    _set_metrics(scene)
    _exchange(scene, "suspendedProcesses", "ScalingProcesses", "suspend_processes", "resume_processes")


def _group_updated(scene: Scene) -> None:
    """What has operations of its own, and at the end the refresh."""
    _set_tags(scene)
    _group_created(scene)
    for name, member, noun in _ATTACHED:
        _exchange(scene, name, member, f"attach_{noun}", f"detach_{noun}")
    refresh = scene.properties.get("instanceRefresh")
    if refresh:
        triggers = {plain(trigger) for trigger in refresh.get("triggers") or ()}
        if any(name in _REFRESHING or {plain(name), plain(name)[:-1]} & triggers for name in scene.changed):
            _refresh_instances(scene, refresh)


def _set_tags(scene: Scene) -> None:
    old = {item["key"]: item for item in scene.old.get("tags") or ()}
    new = {item["key"]: item for item in scene.properties.get("tags") or ()}
    gone = [item for key, item in old.items() if key not in new]
    changed = [item for key, item in new.items() if old.get(key) != item]
    if gone:
        scene.call("delete_tags", {"Tags": _group_tags(scene, gone)})
    if changed:
        scene.call("create_or_update_tags", {"Tags": _group_tags(scene, changed)})


def _set_metrics(scene: Scene) -> None:
    def enable(metrics: list[Any]) -> None:
        granularity = scene.properties.get("metricsGranularity") or "1Minute"
        scene.call("enable_metrics_collection", {**_group(scene), "Metrics": metrics, "Granularity": granularity})

    def disable(metrics: list[Any]) -> None:
        scene.call("disable_metrics_collection", {**_group(scene), "Metrics": metrics})

    _come_and_go(scene, "enabledMetrics", enable, disable)


def _exchange(scene: Scene, name: str, member: str, attach: str, detach: str) -> None:
    _come_and_go(
        scene,
        name,
        lambda items: scene.call(attach, {**_group(scene), member: items}),
        lambda items: scene.call(detach, {**_group(scene), member: items}),
    )


def _come_and_go(
    scene: Scene, name: str, add: Callable[[list[Any]], object], remove: Callable[[list[Any]], object]
) -> None:
    """A list of which AWS is told what comes and what goes."""
    old, new = set(scene.old.get(name) or ()), set(scene.properties.get(name) or ())
    try:
        if new - old:
            add(sorted(new - old))
        if old - new:
            remove(sorted(old - new))
    except NotEmulated as gap:
        scene.warn(f"{scene.schema.token}: {name} is recorded but not applied: {gap}")


def _group(scene: Scene) -> dict[str, str]:
    return {"AutoScalingGroupName": scene.id}


def _refresh_instances(scene: Scene, refresh: Mapping[str, Any]) -> None:
    preferences = refresh.get("preferences") or {}
    numbers = {
        "minHealthyPercentage": "MinHealthyPercentage",
        "maxHealthyPercentage": "MaxHealthyPercentage",
        "instanceWarmup": "InstanceWarmup",
        "checkpointDelay": "CheckpointDelay",
    }
    asked: dict[str, Any] = {
        member: int(preferences[name]) for name, member in numbers.items() if preferences.get(name) is not None
    }
    for name, member in (("autoRollback", "AutoRollback"), ("skipMatching", "SkipMatching")):
        if preferences.get(name) is not None:
            asked[member] = bool(preferences[name])
    target = {**_group(scene), "Strategy": refresh.get("strategy") or "Rolling"}
    try:
        scene.call("start_instance_refresh", {**target, "Preferences": asked} if asked else target)
    except NotEmulated as gap:
        scene.warn(f"{scene.schema.token}: instances keep the old version, instanceRefresh isn't started: {gap}")


def _schedule_arguments(_scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """-1 is how a program says that a schedule leaves a size alone."""
    if operation == "put_scheduled_update_group_action":
        for member in ("MinSize", "MaxSize", "DesiredCapacity"):
            if arguments.get(member) == _UNCHANGED:
                del arguments[member]
            else:
                arguments.setdefault(member, 0)


def _schedule_properties(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    members = {"minSize": "MinSize", "maxSize": "MaxSize", "desiredCapacity": "DesiredCapacity"}
    return {name: _UNCHANGED if found.get(member) is None else found[member] for name, member in members.items()}


_UNCHANGED: Final = -1

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": row(
        "ec2",
        "create_launch_template",
        "LaunchTemplate.LaunchTemplateId",
        {"LaunchTemplateId": "{id}"},
        [
            "describe_launch_templates LaunchTemplates[0]",
            Read(
                "describe_launch_template_versions",
                "LaunchTemplateVersions[0].merge(LaunchTemplateData, {VersionDescription: VersionDescription})",
                {"LaunchTemplateId": "{id}", "Versions": ["$Latest"]},
            ),
        ],
        delete="delete_launch_template",
        body="LaunchTemplateData",
        updates=[Update("create_launch_template_version", _TEMPLATE, on_create=False, whole=True)],
        rename={
            "name": "LaunchTemplateName",
            "description": "VersionDescription",
            "defaultVersion": "DefaultVersionNumber",
            "latestVersion": "LatestVersionNumber",
            "vpcSecurityGroupIds": "SecurityGroupIds",
            "securityGroupNames": "SecurityGroups",
        },
        nested={"securityGroups": "Groups"},
        by_hook=["defaultVersion"],
        provider_only=["namePrefix", "updateDefaultVersion"],
        sticky=["defaultVersion"],
        renewed=frozenset({"latestVersion"}),
        arn="ec2:{region}:{account}:launch-template/{id}",
        auto_name=AutoName(longest=125),
        prepare=_template_arguments,
        updated=_default_version,
    ),
    "aws:autoscaling/group:Group": row(
        "autoscaling",
        "create_auto_scaling_group",
        "{name}",
        {"AutoScalingGroupName": "{id}"},
        ["describe_auto_scaling_groups AutoScalingGroups[0]"],
        delete="delete_auto_scaling_group",
        delete_arguments={
            "ForceDelete": True
        },  # Terraform scales to zero first and waits; the group is gone either way
        updates=[
            Update(
                "update_auto_scaling_group",
                (
                    *("availabilityZoneDistribution", "availabilityZones", "capacityRebalance", "context"),
                    *("capacityReservationSpecification", "defaultCooldown", "defaultInstanceWarmup"),
                    *("desiredCapacity", "desiredCapacityType", "healthCheckGracePeriod", "healthCheckType"),
                    *("instanceMaintenancePolicy", "launchConfiguration", "launchTemplate", "maxInstanceLifetime"),
                    *("maxSize", "minSize", "mixedInstancesPolicy", "placementGroup", "protectFromScaleIn"),
                    *("serviceLinkedRoleArn", "terminationPolicies", "vpcZoneIdentifiers"),
                ),
                on_create=False,
                whole=True,
            )
        ],
        rename={
            "name": "AutoScalingGroupName",
            "launchConfiguration": "LaunchConfigurationName",
            "loadBalancers": "LoadBalancerNames",
            "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
            "targetGroupArns": "TargetGroupARNs",
            "vpcZoneIdentifiers": "-",
        },
        nested={"id": "LaunchTemplateId", "name": "LaunchTemplateName"},
        defaults={
            "forceDelete": False,
            "forceDeleteWarmPool": False,
            "healthCheckGracePeriod": 300,
            "ignoreFailedScalingActivities": False,
            "metricsGranularity": "1Minute",
            "protectFromScaleIn": False,
            "waitForCapacityTimeout": "10m",
        },
        by_hook=["enabledMetrics", "loadBalancers", "suspendedProcesses", "targetGroupArns"],
        provider_only=[
            *("forceDelete", "forceDeleteWarmPool", "ignoreFailedScalingActivities", "instanceRefresh"),
            *("metricsGranularity", "minElbCapacity", "namePrefix", "waitForCapacityTimeout", "waitForElbCapacity"),
        ],
        sticky=[
            *("availabilityZones", "capacityRebalance", "defaultCooldown", "desiredCapacity", "healthCheckType"),
            *("serviceLinkedRoleArn", "terminationPolicies", "vpcZoneIdentifiers"),
        ],
        auto_name=AutoName(longest=255),
        prepare=_group_arguments,
        enrich=_group_properties,
        created=_group_created,
        updated=_group_updated,
    ),
    "aws:autoscaling/policy:Policy": row(
        "autoscaling",
        "put_scaling_policy",
        "{name}",
        {"AutoScalingGroupName": "{autoscalingGroupName}", "PolicyName": "{id}"},
        ["describe_policies ScalingPolicies[0]"],
        delete="delete_policy",
        updates=[
            Update(
                "put_scaling_policy",
                (
                    *("adjustmentType", "cooldown", "enabled", "estimatedInstanceWarmup", "metricAggregationType"),
                    *("minAdjustmentMagnitude", "policyType", "predictiveScalingConfiguration", "scalingAdjustment"),
                    *("stepAdjustments", "targetTrackingConfiguration"),
                ),
                on_create=False,
                whole=True,
            )
        ],
        rename={"name": "PolicyName", "arn": "PolicyARN"},
        nested={"metricDimensions": "Dimensions"},
        defaults={"enabled": True, "policyType": "SimpleScaling"},
        sticky=["metricAggregationType"],
        auto_name=AutoName(longest=255),
    ),
    "aws:autoscaling/schedule:Schedule": row(
        "autoscaling",
        "put_scheduled_update_group_action",
        "{scheduledActionName}",
        {"AutoScalingGroupName": "{autoscalingGroupName}", "ScheduledActionName": "{id}"},
        ["describe_scheduled_actions ScheduledUpdateGroupActions[0]"],
        delete="delete_scheduled_action",
        updates=[
            Update(
                "put_scheduled_update_group_action",
                ("desiredCapacity", "endTime", "maxSize", "minSize", "recurrence", "startTime", "timeZone"),
                on_create=False,
                whole=True,
            )
        ],
        rename={"arn": "ScheduledActionARN"},
        sticky=["desiredCapacity", "endTime", "maxSize", "minSize", "recurrence", "startTime", "timeZone"],
        auto_name=None,
        prepare=_schedule_arguments,
        enrich=_schedule_properties,
    ),
}
