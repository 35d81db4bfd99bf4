"""Three security groups that know each other by reference: web → app → data.

The internet reaches web on its ports, and nothing else. There is no other rule with an address but the way of app to the VPC's
own HTTPS endpoints (or what ``appEgressCidrs`` says instead). data answers and starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc

HTTPS = 443


@dataclass(frozen=True, slots=True)
class SecurityGroupsArgs:
    """Ports are TCP. ``app_egress_*`` are where the application may go by HTTPS; ``app_egress_cidrs`` maps names to CIDRs."""

    prefix: str
    vpc_id: pulumi.Input[str]
    web_ports: Sequence[int]
    web_cidrs: Sequence[str]
    app_port: int
    data_ports: Sequence[int]
    app_egress_cidrs: Mapping[str, pulumi.Input[str]]
    app_egress_prefix_list_ids: Sequence[str]


class SecurityGroups(pulumi.ComponentResource):
    """The groups and their rules, one resource per rule, so that a change touches no other rule."""

    web_id: pulumi.Output[str]
    app_id: pulumi.Output[str]
    data_id: pulumi.Output[str]

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:security:SecurityGroups", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        web = self._create_group("web", "Load balancers: HTTP and HTTPS from outside")
        app = self._create_group("app", "Applications: from the load balancers")
        data = self._create_group("data", "Databases and caches: from the applications")

        for port in args.web_ports:
            for cidr in args.web_cidrs:
                self._from_cidr(web, port, cidr)
        self._from_group_to_group("web-to-app", web, app, args.app_port)
        for port in args.data_ports:
            self._from_group_to_group(f"app-to-data-{port}", app, data, port)
        self._let_out(app)

        self.web_id, self.app_id, self.data_id = web.id, app.id, data.id
        self.register_outputs({"web": self.web_id, "app": self.app_id, "data": self.data_id})

    def _create_group(self, role: str, description: str) -> ec2.SecurityGroup:
        # Pulumi completes the name: a group that must be replaced has to exist beside the one that is still in use.
        return ec2.SecurityGroup(
            f"{self._args.prefix}-{role}",
            description=description,
            vpc_id=self._args.vpc_id,
            tags={"Name": f"{self._args.prefix}-{role}"},
            opts=self._child,
        )

    def _from_cidr(self, group: ec2.SecurityGroup, port: int, cidr: str) -> None:
        vpc.SecurityGroupIngressRule(
            f"web-{port}-from-{cidr}",
            security_group_id=group.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"TCP {port} from {cidr}",
            opts=self._child,
        )

    def _from_group_to_group(self, name: str, source: ec2.SecurityGroup, target: ec2.SecurityGroup, port: int) -> None:
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            referenced_security_group_id=target.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=name,
            opts=self._child,
        )
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=name,
            opts=self._child,
        )

    def _let_out(self, app: ec2.SecurityGroup) -> None:
        # Named by where they lead: taking one out of the configuration must not make the others change places.
        ways: dict[str, dict[str, pulumi.Input[str]]] = {
            **{name: {"cidr_ipv4": cidr} for name, cidr in self._args.app_egress_cidrs.items()},
            **{name: {"prefix_list_id": name} for name in self._args.app_egress_prefix_list_ids},
        }
        for name, destination in ways.items():
            vpc.SecurityGroupEgressRule(
                f"app-https-to-{name}",
                security_group_id=app.id,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                description=f"HTTPS to {name}",
                opts=self._child,
                **destination,
            )
