"""Route 53 and ACM."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types import record_sets
from cloud_local.provider.types.notation import row

_ISSUE_POLL_SECONDS: Final = 5
_ISSUE_POLLS: Final = 900
"""Together the 75 minutes that terraform-provider-aws waits for a certificate."""

_ZONES_OWN_RECORDS: Final = ("NS", "SOA")


def _zone_id(scene: Scene) -> str:
    return str(scene.answer["HostedZone"]["Id"]).rpartition("/")[2]


def _zone_request(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """CreateHostedZone takes a reference of its own, and at most one VPC; `_set_vpcs` brings the others."""
    if operation != "create_hosted_zone":
        return
    arguments["CallerReference"] = secrets.token_hex(16)
    arguments["HostedZoneConfig"] = {"Comment": scene.properties.get("comment") or ""}
    vpcs = scene.properties.get("vpcs") or ()
    if vpcs:
        arguments["HostedZoneConfig"]["PrivateZone"] = True
        arguments["VPC"] = _vpc(scene, vpcs[0])


def _vpc(scene: Scene, vpc: Mapping[str, Any]) -> dict[str, str]:
    return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or scene.region}


def _set_vpcs(scene: Scene) -> None:
    """First those that come, as a private zone keeps at least one."""
    old = [_vpc(scene, item) for item in scene.old.get("vpcs") or (scene.properties.get("vpcs") or ())[:1]]
    new = [_vpc(scene, item) for item in scene.properties.get("vpcs") or ()]
    for vpc in new:
        if vpc not in old:
            scene.call("associate_vpc_with_hosted_zone", {"HostedZoneId": scene.id, "VPC": vpc})
    for vpc in old:
        if vpc not in new:
            scene.call("disassociate_vpc_from_hosted_zone", {"HostedZoneId": scene.id, "VPC": vpc})


def _zone_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    declared = str(scene.properties.get("name") or "")
    name = str(found["Name"]).rstrip(".")
    return {
        "name": declared if declared.rstrip(".") == name else name,
        "comment": (found.get("Config") or {}).get("Comment"),
        "primaryNameServer": _primary_name_server(scene),
    }


def _primary_name_server(scene: Scene) -> str | None:
    """The first word of the zone's SOA record."""
    for record in _records(scene):
        if record["Type"] == "SOA":
            return str(record["ResourceRecords"][0]["Value"]).split()[0].rstrip(".")
    return None


def _records(scene: Scene) -> list[dict[str, Any]]:
    pages = scene.connection.pages("route53", "list_resource_record_sets", {"HostedZoneId": scene.id})
    return [record for page in pages for record in page["ResourceRecordSets"]]


def _empty_zone(scene: Scene) -> None:
    """With `forceDestroy` all records go first, but those that every zone has."""
    if not scene.properties.get("forceDestroy") or scene.ask("get_hosted_zone", {"Id": scene.id}) is None:
        return
    changes = [
        {"Action": "DELETE", "ResourceRecordSet": record}
        for record in _records(scene)
        if record["Type"] not in _ZONES_OWN_RECORDS
    ]
    if changes:
        batch = {"HostedZoneId": scene.id, "ChangeBatch": {"Changes": changes}}
        scene.call("change_resource_record_sets", batch)


def _certificate_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """ACM counts the certificate's own name among the alternative ones; a program needn't."""
    domain, declared = found.get("DomainName"), scene.properties.get("subjectAlternativeNames") or ()
    validations = found.get("DomainValidationOptions") or ()
    return {
        "subjectAlternativeNames": [
            name for name in found.get("SubjectAlternativeNames", ()) if name != domain or name in declared
        ],
        "validationMethod": next((item.get("ValidationMethod") for item in validations), None),
        "domainValidationOptions": [
            {
                "domainName": item["DomainName"],
                "resourceRecordName": item["ResourceRecord"]["Name"],
                "resourceRecordType": item["ResourceRecord"]["Type"],
                "resourceRecordValue": item["ResourceRecord"]["Value"],
            }
            for item in validations
            if item.get("ResourceRecord")
        ],
    }


def _issued(scene: Scene) -> str:
    """Wait for the certificate; the resource is known by the moment it was issued at.

    Raises:
        ProviderError: it needs no validation, or a record that validates it isn't among `validationRecordFqdns`.
        WaiterError: it isn't issued.
    """
    arn = scene.properties["certificateArn"]
    certificate = scene.answer["Certificate"]
    if certificate["Type"] != "AMAZON_ISSUED":
        raise ProviderError(f"ACM Certificate ({arn}) has type {certificate['Type']}, no validation necessary")
    given = {name.rstrip(".") for name in scene.properties.get("validationRecordFqdns") or ()}
    validations = [item for item in certificate["DomainValidationOptions"] if item.get("ResourceRecord")]
    missing = [
        f"missing {item['DomainName']} DNS validation record: {item['ResourceRecord']['Name']}"
        for item in validations
        if given and item["ResourceRecord"]["Name"].rstrip(".") not in given
    ]
    if missing:
        raise ProviderError("; ".join(missing))
    waiter = scene.connection.client("acm", scene.region).get_waiter("certificate_validated")
    waiter.wait(CertificateArn=arn, WaiterConfig={"Delay": _ISSUE_POLL_SECONDS, "MaxAttempts": _ISSUE_POLLS})
    issued = scene.call("describe_certificate", {"CertificateArn": arn})["Certificate"]
    return str(issued["IssuedAt"])


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:route53/zone:Zone": row(
        "route53",
        "create_hosted_zone",
        "{zoneId}",
        {"Id": "{id}", "HostedZoneId": "{id}"},
        [
            "get_hosted_zone HostedZone",
            Read("get_hosted_zone", "DelegationSet.NameServers", into="nameServers", optional=True),
            Read("get_hosted_zone", "VPCs", into="vpcs", optional=True),
        ],
        identify=_zone_id,
        delete="delete_hosted_zone",
        updates=[Update("update_hosted_zone_comment", ("comment",), on_create=False, zero=True)],
        rename={"vpcs": "none"},
        by_hook=["vpcs"],
        provider_only=["forceDestroy"],
        defaults={"comment": "Managed by Pulumi", "forceDestroy": False},
        arn="route53:::hostedzone/{id}",
        outputs={"zoneId": "{id}"},
        prepare=_zone_request,
        enrich=_zone_facts,
        created=_set_vpcs,
        updated=_set_vpcs,
        deleting=_empty_zone,
    ),
    "aws:route53/record:Record": row(
        "route53",
        "change_resource_record_sets",
        "{zoneId}_{name}_{type}",
        {"HostedZoneId": "{zoneId}"},
        [Read("", by=record_sets.find_record)],
        identify=record_sets.record_id,
        updates=[Update("change_resource_record_sets", record_sets.CHANGEABLE, on_create=False, whole=True)],
        provider_only=["allowOverwrite"],
        auto_name=None,
        prepare=record_sets.change_batch,
        enrich=record_sets.record_properties,
        deleting=record_sets.delete_record,
    ),
    "aws:acm/certificate:Certificate": row(
        "acm",
        "request_certificate",
        "CertificateArn",
        {"CertificateArn": "{id}"},
        ["describe_certificate Certificate"],
        delete="delete_certificate",
        updates=[Update("update_certificate_options", ("options",), on_create=False)],
        # ACM tells of validations in a form of its own: see `_certificate_facts`.
        rename={"domainValidationOptions": "none", "validationOptions": "DomainValidationOptions"},
        sticky=["keyAlgorithm", "options", "validationMethod"],
        unread=["validationOptions"],
        outputs={"arn": "{id}"},
        enrich=_certificate_facts,
    ),
    "aws:acm/certificateValidation:CertificateValidation": row(
        "acm",
        "describe_certificate",
        "{certificateArn}",
        {"CertificateArn": "{certificateArn}"},
        ["describe_certificate Certificate"],
        identify=_issued,
        arguments={"CertificateArn": "{certificateArn}"},
        gone="Status != 'ISSUED'",
        kept="it stands for a wait; the certificate is a resource of its own",
        unread=["validationRecordFqdns"],
        outputs={"certificateArn": "{certificateArn}"},
    ),
}
