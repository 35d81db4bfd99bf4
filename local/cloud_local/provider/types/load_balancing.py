"""Elastic Load Balancing v2: load balancers, and with them listeners and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types import balancer_attributes as attributes
from cloud_local.provider.types.listeners import LISTENER_ROWS
from cloud_local.provider.types.notation import row
from cloud_local.provider.types.target_groups import TARGET_ROWS

_APPLICATION: Final = frozenset({"application"})
_NETWORK: Final = frozenset({"network"})
_EVERY: Final = frozenset({"application", "network", "gateway"})

_BALANCER: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "clientKeepAlive": ("client_keep_alive.seconds", _APPLICATION),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", _APPLICATION),
    "dnsRecordClientRoutingPolicy": ("dns_record.client_routing_policy", _NETWORK),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", _APPLICATION),
    "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", _EVERY - _APPLICATION),
    "enableDeletionProtection": ("deletion_protection.enabled", _EVERY),
    "enableHttp2": ("routing.http2.enabled", _APPLICATION),
    "enableTlsVersionAndCipherSuiteHeaders": (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        _APPLICATION,
    ),
    "enableWafFailOpen": ("waf.fail_open.enabled", _APPLICATION),
    "enableXffClientPort": ("routing.http.xff_client_port.enabled", _APPLICATION),
    "enableZonalShift": ("zonal_shift.config.enabled", _APPLICATION | _NETWORK),
    "idleTimeout": ("idle_timeout.timeout_seconds", _APPLICATION),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", _APPLICATION),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", _APPLICATION),
}
"""Property -> attribute, and the types of load balancer that have it; elsewhere Terraform looks past the property."""

_LOGS: Final = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}


def _balancer_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "create_load_balancer" and scene.properties.get("internal"):
        arguments["Scheme"] = "internal"


def _has(scene: Scene, name: str) -> bool:
    return scene.properties.get("loadBalancerType", "application") in _BALANCER[name][1]


def _balancer_settings(scene: Scene) -> None:
    wanted: dict[str, Any] = {}
    for name, (key, _) in _BALANCER.items():
        if attributes.touched(scene, name) and _has(scene, name):
            default = scene.row.defaults.get(name, scene.schema.inputs[name].name != "boolean" and "")
            wanted[key] = scene.properties.get(name, default)
    for name, prefix in _LOGS.items():
        if attributes.touched(scene, name):
            logs = scene.properties.get(name) or {}
            wanted[f"{prefix}.enabled"] = logs.get("enabled", False)
            if logs.get("enabled"):
                wanted |= {f"{prefix}.bucket": logs["bucket"], f"{prefix}.prefix": logs.get("prefix") or ""}
    attributes.put(scene, "modify_load_balancer_attributes", {"LoadBalancerArn": scene.id}, wanted)


def _new_balancer(scene: Scene) -> None:
    _balancer_settings(scene)
    waiter = scene.connection.client("elbv2", scene.region).get_waiter("load_balancer_available")
    waiter.wait(LoadBalancerArns=[scene.id])


def _balancer_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    live = attributes.live(scene, "describe_load_balancer_attributes", {"LoadBalancerArn": scene.id})
    facts: dict[str, Any] = {}
    for name, (key, _) in _BALANCER.items():
        if not _has(scene, name):
            facts[name] = scene.properties.get(name)
        elif key in live:
            facts[name] = attributes.typed(scene, name, live[key])
    for name, prefix in _LOGS.items():
        logs = {part: live.get(f"{prefix}.{part}") or "" for part in ("bucket", "prefix")}
        if live.get(f"{prefix}.enabled") == "true" or any(logs.values()):
            facts[name] = {**logs, "enabled": live.get(f"{prefix}.enabled") == "true"}
    return {
        **facts,
        "arnSuffix": scene.id.partition(":loadbalancer/")[2],
        "internal": found.get("Scheme") == "internal",
        "subnets": [zone["SubnetId"] for zone in found.get("AvailabilityZones") or ()],
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
            Update("set_subnets", ("subnets", "subnetMappings"), on_create=False, whole=True),
            Update("set_ip_address_type", ("ipAddressType",), on_create=False, whole=True),
        ],
        by_hook=[*_BALANCER, *_LOGS],
        rename={"loadBalancerType": "Type", "zoneId": "CanonicalHostedZoneId"},
        provider_only=["namePrefix"],
        defaults={
            "clientKeepAlive": 3600,
            "desyncMitigationMode": "defensive",
            "enableHttp2": True,
            "idleTimeout": 60,
            "loadBalancerType": "application",
            "xffHeaderProcessingMode": "append",
        },
        sticky=["dnsRecordClientRoutingPolicy", "internal", "ipAddressType", "securityGroups", "subnetMappings"],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=32),
        prepare=_balancer_arguments,
        created=_new_balancer,
        updated=_balancer_settings,
        enrich=_balancer_facts,
    ),
    **TARGET_ROWS,
    **LISTENER_ROWS,
}
