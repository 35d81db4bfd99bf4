"""The API's own name."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import apigatewayv2, route53


@dataclass(frozen=True, slots=True)
class CustomDomainArgs:
    """``name`` is the whole name, in the zone ``zone_id``; the certificate covers it."""

    name: pulumi.Input[str]
    zone_id: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]
    api_id: pulumi.Input[str]
    stage: pulumi.Input[str]


class CustomDomain(pulumi.ComponentResource):
    """Domain name, mapping to the API, and the record that leads to it."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: CustomDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-api:CustomDomain", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        domain = apigatewayv2.DomainName(
            name,
            domain_name=args.name,
            domain_name_configuration={
                "certificate_arn": pulumi.Output.from_input(args.certificate_arn).apply(present),
                "endpoint_type": "REGIONAL",
                "security_policy": "TLS_1_2",
            },
            opts=child,
        )
        mapping = apigatewayv2.ApiMapping(
            name,
            api_id=args.api_id,
            domain_name=domain.domain_name,
            stage=args.stage,
            # A name leads to one API: the old mapping goes before the new one can come.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        target = domain.domain_name_configuration
        route53.Record(
            name,
            zone_id=args.zone_id,
            name=domain.domain_name,
            type="A",
            aliases=[
                {"name": target.target_domain_name, "zone_id": target.hosted_zone_id, "evaluate_target_health": False}
            ],
            # Nobody is led to a name that answers nothing yet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[mapping]),
        )
        self.name = domain.domain_name
        self.register_outputs({"name": self.name})


def present(certificate_arn: str) -> str:
    """Raises ``RunError`` where the stack dns has no certificate: its output is an empty text then."""
    if not certificate_arn:
        raise pulumi.RunError(
            "customDomain.enabled, but the stack 'dns' has no certificate: set its certificate.enabled too"
        )
    return certificate_arn
