"""The dns stack: deployed and read back from Route 53 and ACM."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import case_of
from tests.stacks.conftest import STACKS, Deployer, load_module

pytestmark = pytest.mark.xdist_group("stacks")

RECORD = "aws:route53/record:Record"


def record_sets(deployer: Deployer, zone_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    """By name, without the last dot, and type."""
    found = deployer.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return {(item["Name"].rstrip("."), item["Type"]): item for item in found}


def values(record: dict[str, Any]) -> list[str]:
    return [item["Value"] for item in record["ResourceRecords"]]


def test_its_outputs_are_the_contracts(base: Deployer) -> None:
    outputs = base.outputs("dns")
    assert set(outputs) == {"zoneId", "zoneName", "nameServers", "certificateArn", "stack", "deployment", "env"}
    assert outputs["zoneName"] == f"{base.deployment.lower()}.dev.ecommerce.internal"
    assert outputs["certificateArn"] == ""
    zone = base.client("route53").get_hosted_zone(Id=outputs["zoneId"])
    assert zone["HostedZone"]["Name"] == f"{outputs['zoneName']}."
    assert zone["HostedZone"]["Config"]["PrivateZone"] is False
    assert zone["DelegationSet"]["NameServers"] == outputs["nameServers"]


def test_its_zone_is_tagged_as_everything_is(base: Deployer) -> None:
    zone = base.outputs("dns")["zoneId"].rpartition("/")[2]
    tags = base.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)
    found = {tag["Key"]: tag["Value"] for tag in tags["ResourceTagSet"]["Tags"]}
    assert (found["deployment"], found["stack"]) == (base.deployment, "dns")


def test_its_records_are_what_was_asked_for(deployer: Deployer) -> None:
    config = {**case_of("dns").production, "certificate": {}}
    records = record_sets(deployer, deployer.up("dns", config).outputs["zoneId"].value)

    assert values(records["www.shop.example", "CNAME"]) == ["shop.example"]
    assert records["www.shop.example", "CNAME"]["TTL"] == 60
    alias = records["shop.example", "A"]["AliasTarget"]
    assert alias["DNSName"].rstrip(".") == "lb.eu-west-1.elb.amazonaws.com"
    assert alias["EvaluateTargetHealth"] is False
    assert len(values(records["shop.example", "MX"])) == 2
    assert ("*.preview.shop.example", "A") in {(name.replace("\\052", "*"), kind) for name, kind in records}
    short, long = sorted(values(records["shop.example", "TXT"]), key=len)
    assert short == '"v=spf1 -all"'
    strings = long.strip('"').split('" "')
    assert "".join(strings) == "k=" + "a" * 600
    assert max(map(len, strings)) == 255


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("a" * 255, "a" * 255),
        ("a" * 256, "a" * 255 + '" "a'),
        ('say "no"', r"say \"no\""),
        ("a\\b", r"a\\b"),
    ],
)
def test_a_text_is_cut_into_strings_and_its_quotes_are_escaped(written: str, held: str) -> None:
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(str(STACKS / "dns"))
        assert load_module(STACKS / "dns" / "src" / "zones.py").text(written) == held


def test_its_certificate_is_issued_by_records_in_its_own_zone(deployer: Deployer) -> None:
    outputs = deployer.up("dns", case_of("dns").production).outputs
    told = deployer.client("acm").describe_certificate(CertificateArn=outputs["certificateArn"].value)["Certificate"]
    assert told["Status"] == "ISSUED"
    names = {"shop.example", "*.shop.example", "api.eu.shop.example", "*.eu.shop.example"}
    assert set(told["SubjectAlternativeNames"]) == names
    records = record_sets(deployer, outputs["zoneId"].value)
    for validation in told["DomainValidationOptions"]:
        wanted = validation["ResourceRecord"]
        assert values(records[wanted["Name"].rstrip("."), "CNAME"]) == [wanted["Value"]]


def test_a_wildcard_shares_the_validation_record_of_the_name_under_it(deployer: Deployer) -> None:
    config = {"domain": "shop.example", "certificate": {"enabled": True}}
    made = {(step.type, step.name) for step in deployer.preview("dns", config)}
    assert {name for kind, name in made if kind == RECORD} == {"validation-shop.example"}


def test_a_zone_that_somebody_else_writes_to_is_not_destroyed_unless_told_to(deployer: Deployer) -> None:
    zone = deployer.up("dns", {"domain": "shop.example"}).outputs["zoneId"].value
    record = {"Name": "by-hand.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    client = deployer.client("route53")
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    with pytest.raises(CommandError, match="HostedZoneNotEmpty"):
        deployer.destroy()
    assert ("by-hand.shop.example", "A") in record_sets(deployer, zone)

    deployer.up("dns", {"domain": "shop.example", "forceDestroy": True})
    deployer.destroy()
    with pytest.raises(client.exceptions.NoSuchHostedZone):
        client.get_hosted_zone(Id=zone)
