"""Route tables, routes, associations, VPC endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS: Final = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
# Inline routes name their destination without the prefix.
_INLINE_DESTINATIONS: Final = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _table(scene: Scene, table_id: str) -> Mapping[str, Any]:
    answer = scene.ask("describe_route_tables", {"RouteTableIds": [table_id]})
    return (answer or {}).get("RouteTables", [{}])[0] if answer else {}


def _declarable(route: Mapping[str, Any]) -> bool:
    """Whether a route is somebody's declaration: not the local one, not a propagated or gateway endpoint's one."""
    if route.get("GatewayId") == "local" or route.get("Origin") == "EnableVgwRoutePropagation":
        return False
    return not (str(route.get("GatewayId", "")).startswith("vpce-") and route.get("DestinationPrefixListId"))


def _inline_routes(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    names = {member: name for name, member in {**_INLINE_DESTINATIONS, **_TARGETS}.items()}
    routes = [
        {names[member]: value for member, value in route.items() if member in names and value}
        for route in found.get("Routes", ())
        if _declarable(route)
    ]
    gateways = [item["GatewayId"] for item in found.get("PropagatingVgws", ())]
    return {"routes": routes, "propagatingVgws": gateways}


def _request(route: Mapping[str, Any]) -> dict[str, Any]:
    members = {**_INLINE_DESTINATIONS, **_TARGETS}
    return {members[name]: value for name, value in route.items() if name in members and value}


def _destination(route: Mapping[str, Any]) -> dict[str, Any]:
    return {member: route[name] for name, member in _INLINE_DESTINATIONS.items() if route.get(name)}


def _apply_routes(scene: Scene) -> None:
    wanted = list(scene.properties.get("routes") or ())
    old = list(scene.old.get("routes") or ())
    for route in old:
        if route not in wanted:
            scene.ask("delete_route", {"RouteTableId": scene.id, **_destination(route)})
    for route in wanted:
        if route not in old:
            scene.call("create_route", {"RouteTableId": scene.id, **_request(route)})
    for gateway in set(scene.properties.get("propagatingVgws") or ()) - set(scene.old.get("propagatingVgws") or ()):
        scene.call("enable_vgw_route_propagation", {"RouteTableId": scene.id, "GatewayId": gateway})
    for gateway in set(scene.old.get("propagatingVgws") or ()) - set(scene.properties.get("propagatingVgws") or ()):
        scene.call("disable_vgw_route_propagation", {"RouteTableId": scene.id, "GatewayId": gateway})


def _route_destination(scene: Scene) -> tuple[str, str]:
    """(member, destination) of a single route."""
    return next(
        (member, str(scene.properties[name])) for name, member in _DESTINATIONS.items() if scene.properties.get(name)
    )


def _route_id(scene: Scene) -> str:
    return f"{scene.properties['routeTableId']}_{_route_destination(scene)[1]}"


def _find_route(scene: Scene) -> Any:
    member, destination = _route_destination(scene)
    routes = _table(scene, scene.properties["routeTableId"]).get("Routes", ())
    return next((route for route in routes if route.get(member) == destination), None)


def _find_association(scene: Scene) -> Any:
    answer = scene.call(
        "describe_route_tables",
        {"Filters": [{"Name": "association.route-table-association-id", "Values": [scene.id]}]},
    )
    for table in answer["RouteTables"]:
        for association in table.get("Associations", ()):
            if association.get("RouteTableAssociationId") == scene.id:
                return association
    return None


def _endpoint_changes(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """ModifyVpcEndpoint takes what to add and what to remove, not the new whole."""
    if operation != "modify_vpc_endpoint":
        return
    for name, noun in (
        ("routeTableIds", "RouteTableIds"),
        ("subnetIds", "SubnetIds"),
        ("securityGroupIds", "SecurityGroupIds"),
    ):
        arguments.pop(noun, None)
        if name in scene.changed:
            wanted, old = set(scene.properties.get(name) or ()), set(scene.old.get(name) or ())
            if wanted - old:
                arguments[f"Add{noun}"] = sorted(wanted - old)
            if old - wanted:
                arguments[f"Remove{noun}"] = sorted(old - wanted)
    if "policy" in scene.changed and not scene.properties.get("policy"):
        arguments.pop("PolicyDocument", None)
        arguments["ResetPolicy"] = True


def _forget_tables(scene: Scene) -> None:
    """The emulated AWS routes only the tables an endpoint was made with, and can't delete one that got others later."""
    added = [
        table
        for table in scene.properties.get("routeTableIds") or ()
        if scene.emulated
        and not any(route.get("DestinationPrefixListId") for route in _table(scene, table).get("Routes", ()))
    ]
    if added and scene.ask("describe_vpc_endpoints", {"VpcEndpointIds": [scene.id]}) is not None:
        scene.call("modify_vpc_endpoint", {"VpcEndpointId": scene.id, "RemoveRouteTableIds": added})


def _endpoint_parts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if found.get("Groups") is not None:
        parts["securityGroupIds"] = [group["GroupId"] for group in found["Groups"]]
    if found.get("VpcEndpointType") == "Gateway":
        names = {"Filters": [{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]}
        lists = scene.call("describe_prefix_lists", names)["PrefixLists"]
        match = next((item for item in lists if item["PrefixListName"] == found["ServiceName"]), None)
        if match:
            parts |= {"prefixListId": match["PrefixListId"], "cidrBlocks": match.get("Cidrs", [])}
    return parts


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ec2/routeTable:RouteTable": row(
        "ec2",
        "create_route_table",
        "RouteTable.RouteTableId",
        {"RouteTableId": "{id}"},
        ["describe_route_tables RouteTables[0]"],
        delete="delete_route_table",
        by_hook=["routes", "propagatingVgws"],
        sticky=["routes"],
        arn="ec2:{region}:{account}:route-table/{id}",
        enrich=_inline_routes,
        created=_apply_routes,
        updated=_apply_routes,
    ),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": row(
        "ec2",
        "describe_route_tables",
        "RouteTables[0].RouteTableId",
        {"RouteTableId": "{id}"},
        ["describe_route_tables RouteTables[0]"],
        arguments={"RouteTableIds": ["{defaultRouteTableId}"]},
        kept="a VPC's main route table lives as long as the VPC",
        by_hook=["routes", "propagatingVgws"],
        sticky=["routes"],
        arn="ec2:{region}:{account}:route-table/{id}",
        outputs={"defaultRouteTableId": "{id}"},
        enrich=_inline_routes,
        created=_apply_routes,
        updated=_apply_routes,
    ),
    "aws:ec2/route:Route": row(
        "ec2",
        "create_route",
        "{routeTableId}_{destinationCidrBlock}",
        {"RouteTableId": "{routeTableId}", **{member: f"{{{name}}}" for name, member in _DESTINATIONS.items()}},
        [Read("", by=_find_route)],
        identify=_route_id,
        delete="delete_route",
        rename={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
        outputs={"routeTableId": "{routeTableId}"},
        updates=[Update("replace_route", tuple(_TARGETS), on_create=False, whole=True)],
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": row(
        "ec2",
        "associate_route_table",
        "AssociationId",
        {"AssociationId": "{id}"},
        [Read("", by=_find_association)],
        delete="disassociate_route_table",
        delete_before_replace=True,  # a subnet has one association
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": row(
        "ec2",
        "create_vpc_endpoint",
        "VpcEndpoint.VpcEndpointId",
        {"VpcEndpointId": "{id}"},
        ["describe_vpc_endpoints VpcEndpoints[0]"],
        delete="delete_vpc_endpoints",
        gone="State == 'deleted'",
        defaults={"vpcEndpointType": "Gateway"},
        rename={"policy": "PolicyDocument"},
        sticky=["policy", "routeTableIds", "subnetIds", "securityGroupIds", "ipAddressType", "privateDnsEnabled"],
        provider_only=["autoAccept"],
        arn="ec2:{region}:{account}:vpc-endpoint/{id}",
        updates=[
            Update(
                "modify_vpc_endpoint",
                (
                    *("policy", "routeTableIds", "subnetIds", "securityGroupIds"),
                    *("privateDnsEnabled", "ipAddressType", "dnsOptions"),
                ),
                on_create=False,
                zero=True,
            )
        ],
        prepare=_endpoint_changes,
        deleting=_forget_tables,
        enrich=_endpoint_parts,
    ),
}
