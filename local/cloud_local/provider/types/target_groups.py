"""Elastic Load Balancing v2: target groups, and what is registered with them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types import balancer_attributes as attributes
from cloud_local.provider.types.notation import row

_GROUP: Final[Mapping[str, str]] = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
}

_CHECK: Final = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_CHECK_DEFAULTS: Final = {"healthyThreshold": 3, "unhealthyThreshold": 3}
"""Terraform's, for a health check that is declared; without one ELB's own hold."""


def _group_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    check = scene.properties.get("healthCheck")
    if operation not in ("create_target_group", "modify_target_group") or not check:
        return
    shape = scene.connection.model("elbv2", operation).input_shape
    for name, member in _CHECK.items():
        value = check.get(name, _CHECK_DEFAULTS.get(name))
        if value is not None:
            arguments[member] = int(value) if shape.members[member].type_name == "integer" else value
    if check.get("matcher"):
        grpc = scene.properties.get("protocolVersion") == "GRPC"
        arguments["Matcher"] = {"GrpcCode" if grpc else "HttpCode": check["matcher"]}


def _group_settings(scene: Scene) -> None:
    wanted = {
        key: scene.properties.get(name, scene.row.defaults.get(name))
        for name, key in _GROUP.items()
        if attributes.touched(scene, name) and (scene.old or scene.properties[name] not in (False, 0, ""))
    }
    wanted = {key: value for key, value in wanted.items() if value is not None}
    if attributes.touched(scene, "stickiness"):
        wanted |= _stickiness(scene.properties.get("stickiness"))
    attributes.put(scene, "modify_target_group_attributes", {"TargetGroupArn": scene.id}, wanted)


def _stickiness(declared: Mapping[str, Any] | None) -> dict[str, Any]:
    if not declared:
        return {"stickiness.enabled": False}
    kind = declared["type"]
    wanted = {"stickiness.enabled": declared.get("enabled", True), "stickiness.type": kind}
    if kind in ("app_cookie", "lb_cookie"):
        wanted[f"stickiness.{kind}.duration_seconds"] = declared.get("cookieDuration", 86400)
    if kind == "app_cookie":
        wanted["stickiness.app_cookie.cookie_name"] = declared.get("cookieName", "")
    return wanted


def _group_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    live = attributes.live(scene, "describe_target_group_attributes", {"TargetGroupArn": scene.id})
    facts = {name: attributes.typed(scene, name, live[key]) for name, key in _GROUP.items() if key in live}
    check = {name: found[member] for name, member in _CHECK.items() if found.get(member) is not None}
    matcher = found.get("Matcher") or {}
    kind = live.get("stickiness.type", "")
    sticky = {
        "enabled": live.get("stickiness.enabled") == "true",
        "type": kind,
        "cookieDuration": int(live.get(f"stickiness.{kind}.duration_seconds") or 0) or None,
        "cookieName": live.get("stickiness.app_cookie.cookie_name"),
    }
    return {
        **facts,
        "arnSuffix": scene.id.rpartition(":")[2],
        "healthCheck": {**check, "matcher": matcher.get("HttpCode") or matcher.get("GrpcCode") or ""},
        "stickiness": {name: value for name, value in sticky.items() if value is not None},
    }


# -- attachments


def _target(scene: Scene) -> dict[str, Any]:
    found = {"Id": scene.properties["targetId"]}
    for name, member in (("port", "Port"), ("availabilityZone", "AvailabilityZone")):
        if scene.properties.get(name) is not None:
            found[member] = int(scene.properties[name]) if name == "port" else scene.properties[name]
    return found


def _target_arguments(scene: Scene, _operation: str, arguments: dict[str, Any]) -> None:
    arguments |= {"TargetGroupArn": scene.properties["targetGroupArn"], "Targets": [_target(scene)]}


def _registered(scene: Scene) -> Any:
    """The target, unless the group doesn't know it, or is letting it go."""
    asked = {"TargetGroupArn": scene.properties["targetGroupArn"], "Targets": [_target(scene)]}
    answer = scene.ask("describe_target_health", asked) or {}
    for item in answer.get("TargetHealthDescriptions", ()):
        reason = (item.get("TargetHealth") or {}).get("Reason")
        if reason not in ("Target.NotRegistered", "Target.DeregistrationInProgress"):
            declared = ("targetGroupArn", "targetId", "port", "availabilityZone")
            return {name: scene.properties[name] for name in declared if name in scene.properties}
    return None


def _attachment_id(scene: Scene) -> str:
    """As Terraform makes it: it names the group, and no more."""
    return f"{scene.properties['targetGroupArn']}-{uuid.uuid4().hex}"


TARGET_ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:lb/targetGroup:TargetGroup": row(
        "elbv2",
        "create_target_group",
        "TargetGroups[0].TargetGroupArn",
        {"TargetGroupArn": "{id}"},
        ["describe_target_groups TargetGroups[0]"],
        delete="delete_target_group",
        updates=[Update("modify_target_group", ("healthCheck",), on_create=False, whole=True, zero=True)],
        by_hook=[*_GROUP, "stickiness"],
        provider_only=["namePrefix"],
        defaults={"deregistrationDelay": 300, "slowStart": 0, "targetType": "instance"},
        sticky=[
            *("healthCheck", "ipAddressType", "loadBalancingAlgorithmType", "loadBalancingAnomalyMitigation"),
            *("loadBalancingCrossZoneEnabled", "preserveClientIp", "protocolVersion", "stickiness"),
        ],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=32),
        prepare=_group_arguments,
        created=_group_settings,
        updated=_group_settings,
        enrich=_group_facts,
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": row(
        "elbv2",
        "register_targets",
        "{targetGroupArn}",
        {},
        [Read("describe_target_health", by=_registered)],
        identify=_attachment_id,
        delete="deregister_targets",
        prepare=_target_arguments,
    ),
}
