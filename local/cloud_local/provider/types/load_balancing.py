"""Elastic Load Balancing v2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import text
from cloud_local.provider.types.notation import row

_BALANCER: Final = {
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "clientKeepAlive": "client_keep_alive.seconds",
    "enableHttp2": "routing.http2.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    "enableWafFailOpen": "waf.fail_open.enabled",
}
_TARGET_GROUP: Final = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
}
_HEALTH: Final = {
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
    "enabled": "HealthCheckEnabled",
}
_NUMBERS: Final = frozenset({"interval", "timeout", "healthyThreshold", "unhealthyThreshold"})
_ACCESS_LOGS: Final = {"enabled": "access_logs.s3.enabled", "bucket": "access_logs.s3.bucket", "prefix": "access_logs.s3.prefix"}


def _attributes(scene: Scene, names: Mapping[str, str]) -> list[dict[str, str]]:
    """The attributes that are declared, and in an update only those that change."""
    wanted = {
        key: text(scene.properties[name])
        for name, key in names.items()
        if scene.properties.get(name) is not None and (not scene.old or name in scene.changed)
    }
    logs = scene.properties.get("accessLogs")
    if names is _BALANCER and isinstance(logs, Mapping) and (not scene.old or "accessLogs" in scene.changed):
        wanted |= {key: text(logs[name]) for name, key in _ACCESS_LOGS.items() if logs.get(name) is not None}
    return [{"Key": key, "Value": value} for key, value in wanted.items()]


def _balancer_settings(scene: Scene) -> None:
    attributes = _attributes(scene, _BALANCER)
    if attributes:
        scene.call("modify_load_balancer_attributes", {"LoadBalancerArn": scene.id, "Attributes": attributes})


def _balancer_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    told = scene.call("describe_load_balancer_attributes", {"LoadBalancerArn": scene.id})["Attributes"]
    live = {item["Key"]: item["Value"] for item in told}
    facts: dict[str, Any] = {}
    for name, key in _BALANCER.items():
        if key in live:
            facts[name] = _typed(scene, name, live[key])
    logs = {name: live[key] for name, key in _ACCESS_LOGS.items() if live.get(key)}
    if logs.get("enabled") == "true":
        facts["accessLogs"] = {**logs, "enabled": True}
    return {
        **facts,
        "internal": found.get("Scheme") == "internal",
        "subnets": [zone["SubnetId"] for zone in found.get("AvailabilityZones", ())],
        "arnSuffix": scene.id.partition(":loadbalancer/")[2],
        "dnsName": found["DNSName"],
        "zoneId": found.get("CanonicalHostedZoneId"),
        "loadBalancerType": found.get("Type"),
    }


def _typed(scene: Scene, name: str, value: str) -> Any:
    kind = scene.schema.outputs[name].name
    return value == "true" if kind == "boolean" else int(value) if kind == "integer" else value


def _balancer_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "create_load_balancer" and scene.properties.get("internal"):
        arguments["Scheme"] = "internal"


def _group_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    health = scene.properties.get("healthCheck")
    if operation in ("create_target_group", "modify_target_group") and isinstance(health, Mapping):
        for name, member in _HEALTH.items():
            if health.get(name) is not None:
                arguments[member] = int(health[name]) if name in _NUMBERS else health[name]
        if health.get("matcher"):
            arguments["Matcher"] = {"HttpCode": str(health["matcher"])}


def _group_settings(scene: Scene) -> None:
    attributes = _attributes(scene, _TARGET_GROUP)
    if attributes:
        scene.call("modify_target_group_attributes", {"TargetGroupArn": scene.id, "Attributes": attributes})
    if scene.old and "healthCheck" in scene.changed:
        arguments: dict[str, Any] = {"TargetGroupArn": scene.id}
        _group_arguments(scene, "modify_target_group", arguments)
        scene.call("modify_target_group", arguments)


def _group_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    told = scene.call("describe_target_group_attributes", {"TargetGroupArn": scene.id})["Attributes"]
    live = {item["Key"]: item["Value"] for item in told}
    facts = {name: _typed(scene, name, live[key]) for name, key in _TARGET_GROUP.items() if key in live}
    health = {name: found[member] for name, member in _HEALTH.items() if found.get(member) is not None}
    if (found.get("Matcher") or {}).get("HttpCode"):
        health["matcher"] = found["Matcher"]["HttpCode"]
    declared = scene.properties.get("healthCheck")
    if isinstance(declared, Mapping):  # what isn't declared is AWS's own choice
        health = {name: value for name, value in health.items() if name in declared}
    return {**facts, "healthCheck": health, "arnSuffix": scene.id.rpartition(":")[2]}


def _listener_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation in ("create_listener", "modify_listener") and scene.properties.get("certificateArn"):
        arguments["Certificates"] = [{"CertificateArn": scene.properties["certificateArn"]}]
    for member in ("DefaultActions", "Actions"):
        for action in arguments.get(member, ()):
            if action.get("Type") == "forward" and "TargetGroupArn" in action:
                action.pop("ForwardConfig", None)


def _actions(declared: Any, found: Any) -> Any:
    """AWS tells of an action's every default; what isn't declared is left out."""
    if isinstance(declared, Mapping) and isinstance(found, Mapping):
        return {name: _actions(declared[name], value) for name, value in found.items() if name in declared}
    if isinstance(declared, list) and isinstance(found, list) and len(declared) == len(found):
        return [_actions(one, other) for one, other in zip(declared, found, strict=True)]
    return found


def _listener_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    certificates = found.get("Certificates") or []
    facts: dict[str, Any] = {"certificateArn": certificates[0]["CertificateArn"] if certificates else None}
    return facts | _actions_fact(scene, "defaultActions", found.get("DefaultActions"))


def _rule_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    facts = _actions_fact(scene, "actions", found.get("Actions"))
    priority = found.get("Priority")
    if priority is not None:
        facts["priority"] = int(priority)
    conditions = scene.properties.get("conditions")
    if isinstance(conditions, list):
        from cloud_local.provider.shapes import from_aws

        live = from_aws(scene.schema.outputs["conditions"], found.get("Conditions"), _NESTED)
        facts["conditions"] = _actions(conditions, live)
    return facts


def _actions_fact(scene: Scene, name: str, found: Any) -> dict[str, Any]:
    from cloud_local.provider.shapes import from_aws

    live = from_aws(scene.schema.outputs[name], found, _NESTED)
    return {name: _actions(scene.properties.get(name), live)}


def _move_rule(scene: Scene) -> None:
    if scene.old and "priority" in scene.changed:
        priorities = [{"RuleArn": scene.id, "Priority": int(scene.properties["priority"])}]
        scene.call("set_rule_priorities", {"RulePriorities": priorities})


_NESTED: Final = {
    "redirect": "RedirectConfig",
    "fixedResponse": "FixedResponseConfig",
    "forward": "ForwardConfig",
    "authenticateCognito": "AuthenticateCognitoConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "pathPattern": "PathPatternConfig",
    "hostHeader": "HostHeaderConfig",
    "httpHeader": "HttpHeaderConfig",
    "httpRequestMethod": "HttpRequestMethodConfig",
    "queryStrings": "QueryStringConfig",
    "sourceIp": "SourceIpConfig",
}

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:lb/loadBalancer:LoadBalancer": row(
        "elbv2",
        "create_load_balancer",
        "LoadBalancers[0].LoadBalancerArn",
        {"LoadBalancerArn": "{id}"},
        ["describe_load_balancers LoadBalancers[0]"],
        delete="delete_load_balancer",
        updates=[
            Update("set_security_groups", ("securityGroups",), on_create=False, whole=True),
            Update("set_subnets", ("subnets",), on_create=False, whole=True),
            Update("set_ip_address_type", ("ipAddressType",), on_create=False, whole=True),
        ],
        rename={"name": "Name|LoadBalancerName", "arn": "LoadBalancerArn", "loadBalancerType": "Type"},
        by_hook=[*_BALANCER, "accessLogs"],
        replace=["name", "internal", "loadBalancerType"],
        provider_only=["namePrefix"],
        defaults={"loadBalancerType": "application"},
        sticky=["ipAddressType", "securityGroups", *_BALANCER],
        auto_name=AutoName(longest=32),
        prepare=_balancer_arguments,
        created=_balancer_settings,
        updated=_balancer_settings,
        enrich=_balancer_facts,
    ),
    "aws:lb/targetGroup:TargetGroup": row(
        "elbv2",
        "create_target_group",
        "TargetGroups[0].TargetGroupArn",
        {"TargetGroupArn": "{id}"},
        ["describe_target_groups TargetGroups[0]"],
        delete="delete_target_group",
        rename={"name": "Name|TargetGroupName", "arn": "TargetGroupArn", "loadBalancerArns": "LoadBalancerArns"},
        by_hook=[*_TARGET_GROUP, "healthCheck"],
        replace=["name", "port", "protocol", "vpcId", "targetType", "protocolVersion", "ipAddressType"],
        provider_only=["namePrefix", "connectionTermination", "preserveClientIp", "proxyProtocolV2"],
        sticky=["ipAddressType", "protocolVersion", "healthCheck", *_TARGET_GROUP],
        defaults={"targetType": "instance"},
        auto_name=AutoName(longest=32),
        prepare=_group_arguments,
        created=_group_settings,
        updated=_group_settings,
        enrich=_group_facts,
    ),
    "aws:lb/listener:Listener": row(
        "elbv2",
        "create_listener",
        "Listeners[0].ListenerArn",
        {"ListenerArn": "{id}"},
        ["describe_listeners Listeners[0]"],
        delete="delete_listener",
        updates=[
            Update(
                "modify_listener",
                ("defaultActions", "port", "protocol", "sslPolicy", "certificateArn"),
                on_create=False,
                whole=True,
            )
        ],
        rename={"arn": "ListenerArn", "certificateArn": "-"},
        nested=_NESTED,
        replace=["loadBalancerArn"],
        sticky=["sslPolicy", "protocol"],
        prepare=_listener_arguments,
        enrich=_listener_facts,
        auto_name=None,
    ),
    "aws:lb/listenerRule:ListenerRule": row(
        "elbv2",
        "create_rule",
        "Rules[0].RuleArn",
        {"RuleArn": "{id}"},
        [Read("describe_rules", "Rules[0]", {"RuleArns": ["{id}"]})],
        delete="delete_rule",
        updates=[Update("modify_rule", ("actions", "conditions"), on_create=False, whole=True)],
        rename={"arn": "RuleArn"},
        nested=_NESTED,
        replace=["listenerArn"],
        outputs={"listenerArn": "{listenerArn}"},
        sticky=["priority"],
        prepare=_listener_arguments,
        updated=_move_rule,
        enrich=_rule_facts,
        auto_name=None,
    ),
}
