"""Hosted zones, records and certificates: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World


def zone(w: World) -> Resource:
    return w.one("zone", "aws:route53/zone:Zone", lambda: {"name": "shop.example", "forceDestroy": True})


def certificate(w: World) -> Resource:
    inputs = {"domainName": "shop.example", "subjectAlternativeNames": ["*.shop.example"], "validationMethod": "DNS"}
    return w.one("certificate", "aws:acm/certificate:Certificate", lambda: inputs)


def validation_record(w: World) -> Resource:
    """The apex and its wildcard share one."""
    option = certificate(w)["domainValidationOptions"][0]
    inputs = {
        "zoneId": zone(w).id,
        "name": option["resourceRecordName"],
        "type": option["resourceRecordType"],
        "records": [option["resourceRecordValue"]],
        "ttl": 60,
    }
    return w.one("validation", "aws:route53/record:Record", lambda: inputs)


def in_zone(w: World, **inputs: Any) -> dict[str, Any]:
    return {"zoneId": zone(w).id, **inputs}


CASES: tuple[Case, ...] = (
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": "shop.example", "comment": "first", "forceDestroy": False, **TAGGED},
        lambda w: {"comment": "second", **RETAGGED},
        lambda w: {"name": "other.example"},
    ),
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": "shop.internal", "vpcs": [{"vpcId": w.vpc.id}]},
        lambda w: {
            "vpcs": [
                {
                    "vpcId": w.one("second-vpc", "aws:ec2/vpc:Vpc", lambda: {"cidrBlock": "10.1.0.0/16"}).id,
                    "vpcRegion": REGION,
                }
            ]
        },
        lambda w: {"name": "other.internal"},
        label="private",
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: in_zone(w, name="www", type="A", records=["192.0.2.1", "192.0.2.2"], ttl=300),
        lambda w: {"records": ["192.0.2.3"], "ttl": 60},
        lambda w: {"name": "mail.shop.example"},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: in_zone(w, name="shop.example", type="TXT", records=["v=spf1 -all"], ttl=300),
        lambda w: {"records": ["v=spf1 include:other.example -all"]},
        lambda w: {"name": "_dmarc"},
        label="text",
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: in_zone(
            w,
            name="*.shop.example",
            type="A",
            aliases=[{"name": "Lb.example.", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": False}],
        ),
        lambda w: {"aliases": [{"name": "lb.other", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": True}]},
        lambda w: {"zoneId": "Z0123456789"},
        label="alias",
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: in_zone(
            w,
            name="blue.shop.example",
            type="CNAME",
            records=["a.example"],
            ttl=60,
            setIdentifier="blue",
            weightedRoutingPolicies=[{"weight": 90}],
        ),
        lambda w: {"weightedRoutingPolicies": [{"weight": 10}]},
        label="weighted",
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: in_zone(w, name="www", type="A", records=["192.0.2.1"], ttl=300),
        lambda w: {"type": "AAAA", "records": ["2001:db8::1"]},
        label="retyped",
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda w: {
            "domainName": "shop.example",
            "subjectAlternativeNames": ["*.shop.example"],
            "validationMethod": "DNS",
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"domainName": "other.example"},
    ),
    Case(
        "aws:acm/certificateValidation:CertificateValidation",
        lambda w: {"certificateArn": certificate(w).id, "validationRecordFqdns": [validation_record(w)["fqdn"]]},
        None,
        lambda w: {"certificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/other"},
        stays=True,
    ),
)
