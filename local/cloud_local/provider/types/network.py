"""VPC, subnets, routing, gateways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row


def _vpc_parts(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS makes beside a VPC."""
    of_vpc = {"Filters": [{"Name": "vpc-id", "Values": [scene.id]}]}
    groups = scene.call("describe_security_groups", of_vpc)["SecurityGroups"]
    tables = scene.call("describe_route_tables", of_vpc)["RouteTables"]
    acls = scene.call("describe_network_acls", of_vpc)["NetworkAcls"]
    main = next(
        (
            table["RouteTableId"]
            for table in tables
            if any(association.get("Main") for association in table.get("Associations", ()))
        ),
        None,
    )
    return {
        "defaultSecurityGroupId": next((item["GroupId"] for item in groups if item["GroupName"] == "default"), None),
        "defaultRouteTableId": main,
        "mainRouteTableId": main,
        "defaultNetworkAclId": next((item["NetworkAclId"] for item in acls if item.get("IsDefault")), None),
    }


def _pool(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """The emulated AWS has no IPAM: there a VPC from a pool gets a range of the asked size, and a warning says so."""
    if operation == "create_vpc" and scene.emulated and "Ipv4IpamPoolId" in arguments:
        del arguments["Ipv4IpamPoolId"]
        length = arguments.pop("Ipv4NetmaskLength", 16)
        arguments.setdefault("CidrBlock", f"10.0.0.0/{length}")
        scene.warn(
            f"{scene.schema.token}: ipv4IpamPoolId is recorded but not applied: the emulated AWS has no IPAM; "
            f"the VPC has {arguments['CidrBlock']}"
        )


def _attach_gateway(scene: Scene) -> None:
    """An internet gateway's VPC is attached and detached by operations of their own."""
    wanted, old = scene.properties.get("vpcId"), scene.old.get("vpcId")
    if old and old != wanted:
        scene.ask("detach_internet_gateway", {"InternetGatewayId": scene.id, "VpcId": old})
    if wanted and old != wanted:
        scene.call("attach_internet_gateway", {"InternetGatewayId": scene.id, "VpcId": wanted})


def _attachment(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"vpcId": next((item["VpcId"] for item in found.get("Attachments", ())), None)}


def _detach_gateway(scene: Scene) -> None:
    if scene.properties.get("vpcId"):
        scene.ask("detach_internet_gateway", {"InternetGatewayId": scene.id, "VpcId": scene.properties["vpcId"]})


def _associate_address(scene: Scene) -> None:
    target = {
        member: scene.properties[name]
        for name, member in (
            ("instance", "InstanceId"),
            ("networkInterface", "NetworkInterfaceId"),
            ("associateWithPrivateIp", "PrivateIpAddress"),
        )
        if scene.properties.get(name)
    }
    if target:
        scene.call("associate_address", {"AllocationId": scene.id, "AllowReassociation": True, **target})
    elif scene.old.get("instance") or scene.old.get("networkInterface"):
        _release_association(scene)


def _release_association(scene: Scene) -> None:
    found = (scene.ask("describe_addresses", {"AllocationIds": [scene.id]}) or {}).get("Addresses") or [{}]
    if found[0].get("AssociationId") and scene.properties.get("associationId"):
        scene.ask("disassociate_address", {"AssociationId": found[0]["AssociationId"]})


def _nat_address(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    address: Mapping[str, Any] = next(iter(found.get("NatGatewayAddresses", ())), {})
    return {
        "allocationId": address.get("AllocationId"),
        "associationId": address.get("AssociationId"),
        "networkInterfaceId": address.get("NetworkInterfaceId"),
        "privateIp": address.get("PrivateIp"),
        "publicIp": address.get("PublicIp"),
    }


def _wait_for_nat(scene: Scene) -> None:
    """Routes through a NAT gateway are refused until it is available."""
    scene.connection.client("ec2", scene.region).get_waiter("nat_gateway_available").wait(NatGatewayIds=[scene.id])


def _vpc_attribute(name: str, member: str) -> Read:
    return Read(
        "describe_vpc_attribute", f"{member}.Value", {"VpcId": "{id}", "Attribute": name}, into=name, optional=True
    )


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ec2/vpc:Vpc": row(
        "ec2",
        "create_vpc",
        "Vpc.VpcId",
        {"VpcId": "{id}"},
        [
            "describe_vpcs Vpcs[0]",
            _vpc_attribute("enableDnsSupport", "EnableDnsSupport"),
            _vpc_attribute("enableDnsHostnames", "EnableDnsHostnames"),
            _vpc_attribute("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics"),
        ],
        delete="delete_vpc",
        updates=[
            Update(
                "modify_vpc_attribute",
                ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"),
                each=True,
                zero=True,
            ),
            Update("modify_vpc_tenancy", ("instanceTenancy",), on_create=False),
        ],
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        rename={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"},
        arn="ec2:{region}:{account}:vpc/{id}",
        unread=["ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength"],
        prepare=_pool,
        enrich=_vpc_parts,
    ),
    "aws:ec2/subnet:Subnet": row(
        "ec2",
        "create_subnet",
        "Subnet.SubnetId",
        {"SubnetId": "{id}"},
        ["describe_subnets Subnets[0]"],
        delete="delete_subnet",
        updates=[
            Update(
                "modify_subnet_attribute",
                (
                    *("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation", "enableDns64"),
                    *("enableResourceNameDnsARecordOnLaunch", "enableResourceNameDnsAaaaRecordOnLaunch"),
                    "privateDnsHostnameTypeOnLaunch",
                ),
                each=True,
                zero=True,
            )
        ],
    ),
    "aws:ec2/internetGateway:InternetGateway": row(
        "ec2",
        "create_internet_gateway",
        "InternetGateway.InternetGatewayId",
        {"InternetGatewayId": "{id}"},
        ["describe_internet_gateways InternetGateways[0]"],
        delete="delete_internet_gateway",
        by_hook=["vpcId"],
        arn="ec2:{region}:{account}:internet-gateway/{id}",
        enrich=_attachment,
        created=_attach_gateway,
        updated=_attach_gateway,
        deleting=_detach_gateway,
    ),
    "aws:ec2/eip:Eip": row(
        "ec2",
        "allocate_address",
        "AllocationId",
        {"AllocationId": "{id}"},
        ["describe_addresses Addresses[0]"],
        delete="release_address",
        arguments={"Domain": "vpc"},
        by_hook=["instance", "networkInterface", "associateWithPrivateIp"],
        sticky=["domain"],
        rename={"instance": "InstanceId", "networkInterface": "NetworkInterfaceId", "privateIp": "PrivateIpAddress"},
        arn="ec2:{region}:{account}:elastic-ip/{id}",
        outputs={"allocationId": "{id}"},
        tag_kind="elastic-ip",
        created=_associate_address,
        updated=_associate_address,
        deleting=_release_association,
    ),
    "aws:ec2/natGateway:NatGateway": row(
        "ec2",
        "create_nat_gateway",
        "NatGateway.NatGatewayId",
        {"NatGatewayId": "{id}"},
        ["describe_nat_gateways NatGateways[0]"],
        delete="delete_nat_gateway",
        gone="State == 'deleted'",
        defaults={"connectivityType": "public"},
        tag_kind="natgateway",
        enrich=_nat_address,
        created=_wait_for_nat,
    ),
}
