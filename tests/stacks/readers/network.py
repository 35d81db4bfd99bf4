"""EC2's networking."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by


def _by_id(operation: str, argument: str, found: str, *absent: str) -> Reader:
    return told_by("ec2", operation, lambda resource: {argument: [resource["id"]]}, found, absent)


def _association(clients: Clients, resource: Resource) -> bool:
    filters = [{"Name": "association.route-table-association-id", "Values": [resource["id"]]}]
    return bool(clients("ec2").describe_route_tables(Filters=filters)["RouteTables"])


def _route(clients: Clients, resource: Resource) -> bool:
    outputs = resource["outputs"]
    filters = [{"Name": "route-table-id", "Values": [outputs["routeTableId"]]}]
    tables = clients("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return any(
        route.get("DestinationCidrBlock") == outputs["destinationCidrBlock"]
        for table in tables
        for route in table["Routes"]
    )


READERS: Mapping[str, Reader] = {
    "aws:ec2/vpc:Vpc": _by_id("describe_vpcs", "VpcIds", "Vpcs", "InvalidVpcID.NotFound"),
    "aws:ec2/subnet:Subnet": _by_id("describe_subnets", "SubnetIds", "Subnets", "InvalidSubnetID.NotFound"),
    "aws:ec2/internetGateway:InternetGateway": _by_id(
        "describe_internet_gateways", "InternetGatewayIds", "InternetGateways", "InvalidInternetGatewayID.NotFound"
    ),
    "aws:ec2/routeTable:RouteTable": _by_id(
        "describe_route_tables", "RouteTableIds", "RouteTables", "InvalidRouteTableID.NotFound"
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/route:Route": _route,
    "aws:ec2/eip:Eip": _by_id(
        "describe_addresses", "AllocationIds", "Addresses", "InvalidAllocationID.NotFound", "InvalidAddress.NotFound"
    ),
    "aws:ec2/natGateway:NatGateway": _by_id(
        "describe_nat_gateways", "NatGatewayIds", "NatGateways[?State != 'deleted']", "NatGatewayNotFound"
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _by_id(
        "describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints[?State != 'deleted']", "InvalidVpcEndpointId.NotFound"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _by_id(
        "describe_security_groups", "GroupIds", "SecurityGroups", "InvalidGroup.NotFound"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _by_id(
        "describe_security_group_rules",
        "SecurityGroupRuleIds",
        "SecurityGroupRules[?!IsEgress]",
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _by_id(
        "describe_security_group_rules",
        "SecurityGroupRuleIds",
        "SecurityGroupRules[?IsEgress]",
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    "aws:ec2/flowLog:FlowLog": _by_id("describe_flow_logs", "FlowLogIds", "FlowLogs"),
}
