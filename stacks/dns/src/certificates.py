"""A certificate of ACM, validated by records in the zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import acm, route53

from src.configuration import CertificateConfig

VALIDATION_TTL = 300
"""Seconds; the records stay, as ACM looks for them again at every renewal."""


@dataclass(frozen=True, slots=True)
class CertificateArgs:
    """``zone_id`` is the zone of ``domain``."""

    domain: str
    zone_id: pulumi.Input[str]
    settings: CertificateConfig


class Certificate(pulumi.ComponentResource):
    """The certificate, its validation records, and the wait until it is issued."""

    arn: pulumi.Output[str]
    """Known once it is issued, so that whoever needs it waits too."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:dns:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        wildcard = [f"*.{args.domain}"] if args.settings.wildcard else []
        names = list(dict.fromkeys([*wildcard, *args.settings.alternative_names]))
        certificate = acm.Certificate(
            name,
            domain_name=args.domain,
            subject_alternative_names=names or None,
            validation_method="DNS",
            opts=child,
        )
        records = [
            _validation_record(base, certificate, args.zone_id, child)
            for base in validated_names([args.domain, *names])
        ]
        validation = acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


def validated_names(names: Sequence[str]) -> list[str]:
    """The names that have a record of their own: a wildcard is validated by the record of the name under it."""
    return list(dict.fromkeys(name.removeprefix("*.") for name in names))


def _validation_record(
    base: str, certificate: acm.Certificate, zone_id: pulumi.Input[str], child: pulumi.ResourceOptions
) -> route53.Record:
    def of_base(options: Sequence[Any]) -> Any:
        return next(option for option in options if str(option.domain_name).removeprefix("*.") == base)

    option = certificate.domain_validation_options.apply(of_base)
    return route53.Record(
        f"validation-{base}",
        zone_id=zone_id,
        name=option.resource_record_name,
        type=option.resource_record_type,
        records=[option.resource_record_value],
        ttl=VALIDATION_TTL,
        opts=child,
    )
