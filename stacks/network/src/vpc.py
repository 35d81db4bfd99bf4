"""The VPC: subnets of three tiers in every zone, an internet gateway, and the routes between them.

Public subnets route to the internet gateway. Private ones route to a NAT gateway where there is one. Isolated ones route
nowhere beyond the VPC. Every zone has a private route table of its own, so that going from no NAT gateway to one, or to one
per zone, only adds routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2

from src.addressing import TIERS, subnet_cidr

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class NetworkArgs:
    """``prefix`` begins every Name tag. With ``ipam_pool_id`` the pool gives the addresses and ``cidr`` is not used.

    ``nat`` is ``none``, ``one`` (in the first zone) or ``per-az``.
    """

    prefix: str
    cidr: str
    ipam_pool_id: str | None
    ipam_netmask_length: int
    availability_zones: Sequence[str]
    nat: str
    public_ip_on_launch: bool


class Network(pulumi.ComponentResource):
    """The VPC and everything that routes in it."""

    vpc_id: pulumi.Output[str]
    cidr: pulumi.Output[str]
    public_subnet_ids: list[pulumi.Output[str]]
    private_subnet_ids: list[pulumi.Output[str]]
    isolated_subnet_ids: list[pulumi.Output[str]]
    availability_zones: list[str]
    route_table_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:network:Network", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        self._vpc = self._create_vpc()
        self._gateway = ec2.InternetGateway(
            "internet", vpc_id=self._vpc.id, tags=self._named("internet"), opts=self._child
        )
        subnets = {tier: self._create_subnets(tier) for tier in TIERS}

        public = self._create_route_table("public")
        ec2.Route(
            "public-internet",
            route_table_id=public.id,
            destination_cidr_block=EVERYWHERE,
            gateway_id=self._gateway.id,
            opts=self._child,
        )
        isolated = self._create_route_table("isolated")
        zones = range(1, len(args.availability_zones) + 1)
        private = [self._create_route_table(f"private-{zone}") for zone in zones]
        self._associate("public", subnets["public"], [public] * len(zones))
        self._associate("private", subnets["private"], private)
        self._associate("isolated", subnets["isolated"], [isolated] * len(zones))
        self._route_through_nat(private, subnets["public"])

        self.vpc_id = self._vpc.id
        self.cidr = self._vpc.cidr_block
        self.public_subnet_ids = [subnet.id for subnet in subnets["public"]]
        self.private_subnet_ids = [subnet.id for subnet in subnets["private"]]
        self.isolated_subnet_ids = [subnet.id for subnet in subnets["isolated"]]
        self.availability_zones = list(args.availability_zones)
        self.route_table_ids = [table.id for table in (public, *private, isolated)]
        self.register_outputs({"vpcId": self.vpc_id, "cidr": self.cidr})

    def _create_vpc(self) -> ec2.Vpc:
        pooled = self._args.ipam_pool_id is not None
        return ec2.Vpc(
            "vpc",
            cidr_block=None if pooled else self._args.cidr,
            ipv4_ipam_pool_id=self._args.ipam_pool_id,
            ipv4_netmask_length=self._args.ipam_netmask_length if pooled else None,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS of interface endpoints needs both
            tags=self._named("vpc"),
            opts=self._child,
        )

    def _create_subnets(self, tier: str) -> list[ec2.Subnet]:
        return [
            ec2.Subnet(
                f"{tier}-{index + 1}",
                vpc_id=self._vpc.id,
                cidr_block=self._subnet_cidr(tier, index),
                availability_zone=zone,
                map_public_ip_on_launch=tier == "public" and self._args.public_ip_on_launch,
                tags=self._named(f"{tier}-{index + 1}"),
                opts=self._child,
            )
            for index, zone in enumerate(self._args.availability_zones)
        ]

    def _subnet_cidr(self, tier: str, index: int) -> pulumi.Input[str]:
        if self._args.ipam_pool_id is None:
            return subnet_cidr(self._args.cidr, tier, index)  # known in a preview, too
        allotted: pulumi.Output[str] = self._vpc.cidr_block
        return allotted.apply(lambda cidr: subnet_cidr(cidr, tier, index))

    def _create_route_table(self, name: str) -> ec2.RouteTable:
        return ec2.RouteTable(name, vpc_id=self._vpc.id, tags=self._named(name), opts=self._child)

    def _associate(self, tier: str, subnets: Sequence[ec2.Subnet], tables: Sequence[ec2.RouteTable]) -> None:
        for zone, (subnet, table) in enumerate(zip(subnets, tables, strict=True), 1):
            ec2.RouteTableAssociation(f"{tier}-{zone}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child)

    def _route_through_nat(self, private: Sequence[ec2.RouteTable], public: Sequence[ec2.Subnet]) -> None:
        count = {"none": 0, "one": 1, "per-az": len(public)}[self._args.nat]
        # Without a route to the internet a NAT gateway comes up broken.
        after_gateway = pulumi.ResourceOptions(parent=self, depends_on=[self._gateway])
        gateways = []
        for index, subnet in enumerate(public[:count], 1):
            address = ec2.Eip(f"nat-{index}", domain="vpc", tags=self._named(f"nat-{index}"), opts=after_gateway)
            gateways.append(
                ec2.NatGateway(
                    f"nat-{index}",
                    subnet_id=subnet.id,
                    allocation_id=address.id,
                    tags=self._named(f"nat-{index}"),
                    # Its address is tied to it until it is gone, so that its successor can't be made beside it.
                    opts=pulumi.ResourceOptions.merge(
                        after_gateway, pulumi.ResourceOptions(delete_before_replace=True)
                    ),
                )
            )
        if not gateways:
            return
        for index, table in enumerate(private, 1):
            ec2.Route(
                f"private-{index}-nat",
                route_table_id=table.id,
                destination_cidr_block=EVERYWHERE,
                nat_gateway_id=gateways[min(index, len(gateways)) - 1].id,
                opts=self._child,
            )

    def _named(self, role: str) -> dict[str, str]:
        return {"Name": f"{self._args.prefix}-{role}"}
