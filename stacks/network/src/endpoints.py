"""Private doors to AWS services: gateway endpoints cost nothing, interface endpoints by the hour, zone and gigabyte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import ec2, vpc

HTTPS = 443


@dataclass(frozen=True, slots=True)
class EndpointsArgs:
    """Services by their short names (``s3``, ``ecr.dkr``). Gateway endpoints go into the route tables, interface endpoints
    into the subnets.
    """

    prefix: str
    vpc_id: pulumi.Input[str]
    cidr: pulumi.Input[str]
    gateway_services: Sequence[str]
    interface_services: Sequence[str]
    route_table_ids: Sequence[pulumi.Input[str]]
    subnet_ids: Sequence[pulumi.Input[str]]


class Endpoints(pulumi.ComponentResource):
    """The VPC's endpoints, and one security group for the interface endpoints: HTTPS from inside the VPC, nothing else."""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:network:Endpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        calls = pulumi.InvokeOptions(parent=self)
        namespace = aws.get_partition(opts=calls).reverse_dns_prefix
        region = aws.get_region(opts=calls).region

        for service in args.gateway_services:
            ec2.VpcEndpoint(
                service,
                vpc_id=args.vpc_id,
                service_name=f"{namespace}.{region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=list(args.route_table_ids),
                tags={"Name": f"{args.prefix}-{service}"},
                opts=child,
            )
        if args.interface_services:
            doors = self._create_security_group(args, child)
            for service in args.interface_services:
                ec2.VpcEndpoint(
                    f"interface-{service}",
                    vpc_id=args.vpc_id,
                    service_name=f"{namespace}.{region}.{service}",
                    vpc_endpoint_type="Interface",
                    subnet_ids=list(args.subnet_ids),
                    security_group_ids=[doors.id],
                    private_dns_enabled=True,
                    tags={"Name": f"{args.prefix}-{service}"},
                    opts=child,
                )
        self.register_outputs({})

    @staticmethod
    def _create_security_group(args: EndpointsArgs, child: pulumi.ResourceOptions) -> ec2.SecurityGroup:
        doors = ec2.SecurityGroup(
            f"{args.prefix}-endpoints",
            description="Interface endpoints: HTTPS from inside the VPC",
            vpc_id=args.vpc_id,
            tags={"Name": f"{args.prefix}-endpoints"},
            opts=child,
        )
        vpc.SecurityGroupIngressRule(
            "endpoints-https",
            security_group_id=doors.id,
            cidr_ipv4=args.cidr,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="HTTPS from the VPC",
            opts=child,
        )
        return doors
