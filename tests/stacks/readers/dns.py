"""Route 53 and ACM."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by


def _record(clients: Clients, resource: Resource) -> bool:
    client, outputs = clients("route53"), resource["outputs"]
    try:
        pages = list(client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=outputs["zoneId"]))
    except client.exceptions.NoSuchHostedZone:
        return False
    return any(
        record["Name"].rstrip(".") == outputs["fqdn"] and record["Type"] == outputs["type"]
        for page in pages
        for record in page["ResourceRecordSets"]
    )


def _certificate(found: str) -> Reader:
    return told_by(
        "acm",
        "describe_certificate",
        lambda resource: {"CertificateArn": resource["outputs"].get("arn") or resource["outputs"]["certificateArn"]},
        found,
        ("ResourceNotFoundException",),
    )


READERS: Mapping[str, Reader] = {
    "aws:route53/zone:Zone": told_by(
        "route53", "get_hosted_zone", lambda resource: {"Id": resource["id"]}, "HostedZone", ("NoSuchHostedZone",)
    ),
    "aws:route53/record:Record": _record,
    "aws:acm/certificate:Certificate": _certificate("Certificate"),
    # A validation is a wait; what it leaves is an issued certificate.
    "aws:acm/certificateValidation:CertificateValidation": _certificate("Certificate.Status == 'ISSUED'"),
}
