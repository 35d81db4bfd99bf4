"""The network stack: deployed, read back from AWS, deployed again, changed, destroyed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.conftest import REGION, Deployer

pytestmark = pytest.mark.xdist_group("stacks")

TIERS = ("public", "private", "isolated")


def subnets_of(deployer: Deployer, vpc_id: str) -> dict[str, dict[str, Any]]:
    found = deployer.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    return {subnet["SubnetId"]: subnet for subnet in found}


def routes_of(deployer: Deployer, subnet_id: str) -> dict[str, dict[str, Any]]:
    tables = deployer.client("ec2").describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}]
    )["RouteTables"]
    assert len(tables) == 1, f"{subnet_id} follows no route table of its own"
    return {route.get("DestinationCidrBlock", ""): route for route in tables[0]["Routes"]}


def tags_of(resource: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource["Tags"]}


def test_its_outputs_are_the_contracts(base: Deployer) -> None:
    outputs = base.outputs("network")
    assert set(outputs) == {
        *("vpcId", "cidr", "publicSubnetIds", "privateSubnetIds", "isolatedSubnetIds", "availabilityZones"),
        *("stack", "deployment", "env"),
    }
    assert (outputs["stack"], outputs["deployment"], outputs["env"]) == ("network", base.deployment, "dev")
    assert outputs["cidr"] == "10.0.0.0/16"
    assert outputs["availabilityZones"] == [f"{REGION}a", f"{REGION}b"]


def test_every_tier_has_a_subnet_in_every_zone_with_no_public_addresses(base: Deployer) -> None:
    outputs = base.outputs("network")
    subnets = subnets_of(base, outputs["vpcId"])
    listed = [outputs[f"{tier}SubnetIds"] for tier in TIERS]
    assert sorted(subnets) == sorted(identifier for tier in listed for identifier in tier)
    for tier in listed:
        assert [subnets[identifier]["AvailabilityZone"] for identifier in tier] == outputs["availabilityZones"]
    assert [subnets[tier[0]]["CidrBlock"] for tier in listed] == ["10.0.0.0/21", "10.0.64.0/21", "10.0.128.0/21"]
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets.values())


def test_only_the_public_tier_has_a_way_to_the_internet(base: Deployer) -> None:
    outputs = base.outputs("network")
    for subnet in outputs["publicSubnetIds"]:
        assert routes_of(base, subnet)["0.0.0.0/0"]["GatewayId"].startswith("igw-")
    for subnet in outputs["privateSubnetIds"] + outputs["isolatedSubnetIds"]:
        assert "0.0.0.0/0" not in routes_of(base, subnet)


def test_s3_and_dynamodb_are_reached_without_nat(base: Deployer) -> None:
    endpoints = base.client("ec2").describe_vpc_endpoints(
        Filters=[{"Name": "vpc-id", "Values": [base.outputs("network")["vpcId"]]}]
    )["VpcEndpoints"]
    assert {endpoint["ServiceName"] for endpoint in endpoints} == {
        f"com.amazonaws.{REGION}.s3",
        f"com.amazonaws.{REGION}.dynamodb",
    }
    assert all(endpoint["VpcEndpointType"] == "Gateway" for endpoint in endpoints)
    assert all(len(endpoint["RouteTableIds"]) == 4 for endpoint in endpoints)


def test_the_vpc_resolves_names_and_carries_the_deployments_tags(base: Deployer) -> None:
    client, vpc_id = base.client("ec2"), base.outputs("network")["vpcId"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = client.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True
    tags = tags_of(client.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0])
    assert tags["deployment"] == base.deployment
    assert tags["Name"] == f"ecommerce-{base.deployment.lower()}-dev-network-vpc"


def test_a_second_up_changes_nothing(base: Deployer) -> None:
    changes = base.up("network").summary.resource_changes
    assert changes is not None
    assert set(changes) == {"same"}


def log_groups_of(deployer: Deployer) -> list[dict[str, Any]]:
    """Those of the deployment: others have theirs at the same time."""
    groups = deployer.client("logs").describe_log_groups()["logGroups"]
    return [group for group in groups if deployer.deployment.lower() in group["logGroupName"].lower()]


def test_it_grows_without_touching_what_is_there_and_leaves_nothing_behind(deployer: Deployer) -> None:
    deployer.up("network", {"azCount": 1})
    before = deployer.outputs("network")
    grown = deployer.up("network", {"azCount": 2, "nat": "one", "flowLogs": "reject", "interfaceEndpoints": ["ssm"]})

    assert set(grown.summary.resource_changes or {}) <= {"same", "create", "update"}
    after = deployer.outputs("network")
    assert all(after[f"{tier}SubnetIds"][0] == before[f"{tier}SubnetIds"][0] for tier in TIERS)
    gateways = {routes_of(deployer, subnet)["0.0.0.0/0"]["NatGatewayId"] for subnet in after["privateSubnetIds"]}
    assert len(gateways) == 1
    (log_group,) = log_groups_of(deployer)
    assert log_group["retentionInDays"] == 30

    deployer.destroy()
    assert subnets_of(deployer, after["vpcId"]) == {}
    client = deployer.client("ec2")
    remaining = {vpc["VpcId"] for vpc in client.describe_vpcs()["Vpcs"]}
    assert after["vpcId"] not in remaining
    assert log_groups_of(deployer) == []


def test_more_zones_than_the_region_has_is_said_before_anything_is_made(deployer: Deployer) -> None:
    from pulumi.automation.errors import CommandError

    with pytest.raises(CommandError, match="azCount is 6, but the region has 3: eu-west-1a, eu-west-1b, eu-west-1c"):
        deployer.up("network", {"azCount": 6})
    assert deployer.resources("network") == []
