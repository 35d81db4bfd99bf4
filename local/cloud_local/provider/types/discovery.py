"""Cloud Map: namespaces and services in them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_CHECKS: Final = 120
_PAUSE_SECONDS: Final = 2.0

_FIXED_PARTS: Final = ("dnsConfig.namespaceId", "dnsConfig.routingPolicy", "healthCheckConfig.type")


def _outcome(scene: Scene) -> str:
    """Namespaces are made by an operation that says later what it made.

    Raises:
        ProviderError: it failed, or took longer than four minutes.
    """
    asked = {"OperationId": scene.answer["OperationId"]}
    operation: Mapping[str, Any] = {}
    for _ in range(_CHECKS):
        operation = scene.call("get_operation", asked)["Operation"]
        if operation["Status"] == "SUCCESS":
            return str(operation["Targets"]["NAMESPACE"])
        if operation["Status"] == "FAIL":
            break
        time.sleep(_PAUSE_SECONDS)
    raise ProviderError(
        f"creating {scene.title} ({scene.name}): {operation.get('ErrorMessage') or operation['Status']}"
    )


def _namespace_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation.startswith("update_"):
        arguments["Namespace"] = {"Description": scene.properties.get("description") or ""}


def _namespace_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    properties = found.get("Properties") or {}
    return {
        "hostedZone": (properties.get("DnsProperties") or {}).get("HostedZoneId"),
        "httpName": (properties.get("HttpProperties") or {}).get("HttpName"),
    }


def _service_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation != "update_service":
        return
    change: dict[str, Any] = {"Description": scene.properties.get("description") or ""}
    dns, check = scene.properties.get("dnsConfig"), scene.properties.get("healthCheckConfig")
    if dns:
        records = [{"Type": item["type"], "TTL": int(item["ttl"])} for item in dns["dnsRecords"]]
        change["DnsConfig"] = {"DnsRecords": records}
    if check:
        members = {"type": "Type", "resourcePath": "ResourcePath", "failureThreshold": "FailureThreshold"}
        change["HealthCheckConfig"] = {members[name]: value for name, value in check.items() if value is not None}
    arguments.clear()
    arguments |= {"Id": scene.id, "Service": change}


def _service_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"namespaceId": found.get("NamespaceId") or (found.get("DnsConfig") or {}).get("NamespaceId")}


def _service_replacements(_scene: Scene, paths: Sequence[str]) -> set[str]:
    """Of records only the time to live can be changed."""
    fixed = [
        path
        for path in paths
        if path in _FIXED_PARTS or (path.startswith("dnsConfig.dnsRecords") and ".ttl" not in path)
    ]
    return {path.partition(".")[0] for path in fixed}


def _without_instances(scene: Scene) -> None:
    """With `forceDestroy` what is registered goes first."""
    if not scene.properties.get("forceDestroy"):
        return
    for page in scene.connection.pages("servicediscovery", "list_instances", {"ServiceId": scene.id}, scene.region):
        for instance in page.get("Instances", ()):
            scene.call("deregister_instance", {"ServiceId": scene.id, "InstanceId": instance["Id"]})


def _namespace(create: str, update: str, **rest: Any) -> ResourceType:
    return row(
        "servicediscovery",
        create,
        "{id}",
        {"Id": "{id}"},
        ["get_namespace Namespace"],
        identify=_outcome,
        delete="delete_namespace",
        updates=[Update(update, ("description",), on_create=False, whole=True)],
        prepare=_namespace_arguments,
        enrich=_namespace_facts,
        **rest,
    )


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _namespace(
        "create_private_dns_namespace", "update_private_dns_namespace", unread=["vpc"]
    ),
    "aws:servicediscovery/httpNamespace:HttpNamespace": _namespace("create_http_namespace", "update_http_namespace"),
    "aws:servicediscovery/service:Service": row(
        "servicediscovery",
        "create_service",
        "Service.Id",
        {"Id": "{id}"},
        [Read("get_service", "Service", {"Id": "{id}"})],
        delete="delete_service",
        deleting=_without_instances,
        updates=[
            Update("update_service", ("description", "dnsConfig", "healthCheckConfig"), on_create=False, whole=True)
        ],
        replacing=_service_replacements,
        provider_only=["forceDestroy"],
        sticky=["namespaceId", "type"],
        prepare=_service_arguments,
        enrich=_service_facts,
    ),
}
