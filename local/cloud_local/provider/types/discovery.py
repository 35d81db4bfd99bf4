"""Cloud Map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row


def _made(scene: Scene) -> str:
    """A namespace is made by an operation that says later what it made."""
    operation = scene.call("get_operation", {"OperationId": scene.answer["OperationId"]})["Operation"]
    made = (operation.get("Targets") or {}).get("NAMESPACE")
    if not made:
        raise ProviderError(f"creating {scene.title} ({scene.name}): {operation.get('ErrorMessage') or operation}")
    return str(made)


def _namespace_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    dns = (found.get("Properties") or {}).get("DnsProperties") or {}
    return {"hostedZone": dns.get("HostedZoneId"), "vpc": scene.properties.get("vpc")}


def _description(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "update_private_dns_namespace":
        arguments["Namespace"] = {"Description": scene.properties.get("description") or ""}


def _service_change(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "update_service":
        change: dict[str, Any] = {"Description": scene.properties.get("description") or ""}
        dns = scene.properties.get("dnsConfig")
        if isinstance(dns, Mapping):
            records = [{"Type": item["type"], "TTL": int(item["ttl"])} for item in dns.get("dnsRecords") or ()]
            change["DnsConfig"] = {"DnsRecords": records}
        arguments.clear()
        arguments |= {"Id": scene.id, "Service": change}


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": row(
        "servicediscovery",
        "create_private_dns_namespace",
        "OperationId",
        {"Id": "{id}", "ResourceARN": "{arn}"},
        ["get_namespace Namespace"],
        identify=_made,
        delete="delete_namespace",
        updates=[Update("update_private_dns_namespace", ("description",), on_create=False, whole=True)],
        replace=["name", "vpc"],
        unread=["vpc"],
        prepare=_description,
        enrich=_namespace_facts,
    ),
    "aws:servicediscovery/service:Service": row(
        "servicediscovery",
        "create_service",
        "Service.Id",
        {"Id": "{id}", "ResourceARN": "{arn}"},
        [Read("get_service", "Service", {"Id": "{id}"})],
        delete="delete_service",
        updates=[Update("update_service", ("description", "dnsConfig"), on_create=False, whole=True)],
        provider_only=["forceDestroy"],
        defaults={"forceDestroy": False},
        sticky=["namespaceId", "type"],
        prepare=_service_change,
    ),
}
