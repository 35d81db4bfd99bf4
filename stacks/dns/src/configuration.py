"""What can be configured. By default one public zone that nothing leads to, without records and without a certificate."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
DomainName = Annotated[str, Field(pattern=rf"^({LABEL}\.)+{LABEL}$", max_length=253)]
CertificateName = Annotated[str, Field(pattern=rf"^(\*\.)?({LABEL}\.)+{LABEL}$", max_length=253)]
RecordName = Annotated[str, Field(pattern=rf"^(@|(\*\.)?{LABEL}(\.{LABEL})*|\*)$", max_length=253)]
RecordKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]

APEX = "@"
"""The name of a record that bears the zone's own name."""

ALIAS_TYPES = ("A", "AAAA")
"""What a load balancer, a distribution or an API can be an alias of."""


class AliasConfig(Section):
    """What of AWS's the record stands for, instead of values: its name and its own hosted zone."""

    name: Input[Annotated[str, Field(min_length=1, max_length=1024)]] | None = None
    zone_id: Input[Annotated[str, Field(pattern=r"^[A-Z0-9]+$", max_length=32)]] | None = None
    evaluate_health: bool = False


class RecordConfig(Section):
    """One record set. ``name`` is relative to the zone. ``ttl`` is in seconds, and the target's own for an alias."""

    name: RecordName = APEX
    type: Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"]
    ttl: int = Field(default=300, ge=1, le=604_800)
    values: list[Input[Annotated[str, Field(min_length=1, max_length=4000)]]] = Field(
        default_factory=list, max_length=400
    )
    alias: AliasConfig = AliasConfig()

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if bool(self.values) == (self.alias.name is not None):
            raise ValueError("either values or alias.name")
        if (self.alias.name is None) != (self.alias.zone_id is None):
            raise ValueError("alias.name and alias.zoneId belong together")
        if self.alias.name is not None and self.type not in ALIAS_TYPES:
            raise ValueError(f"an alias has the type A or AAAA, not {self.type}")
        if self.type == "CNAME" and (self.name == APEX or len(self.values) > 1):
            raise ValueError("a CNAME has one value, and isn't possible for the zone itself; an alias is")
        if self.type == "NS" and self.name == APEX:
            raise ValueError("the zone's own name servers are Route 53's")
        return self


class CertificateConfig(Section):
    """A certificate for the zone's name, what is below it (``wildcard``), and ``alternative_names``, in the zone too."""

    enabled: bool = False
    wildcard: bool = True
    alternative_names: list[CertificateName] = Field(default_factory=list, max_length=8)


class DnsConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them."""

    domain: DomainName | None = None
    force_destroy: bool = False
    records: dict[RecordKey, RecordConfig] = Field(default_factory=dict, max_length=500)
    certificate: CertificateConfig = CertificateConfig()

    @model_validator(mode="after")
    def _one_record_set_per_name_and_type(self) -> Self:
        times = Counter((record.name, record.type) for record in self.records.values())
        if twice := sorted(f"{kind} {name}" for (name, kind), count in times.items() if count > 1):
            raise ValueError(f"records has {', '.join(twice)} more than once; one record holds many values")
        return self

    @model_validator(mode="after")
    def _certified_by_its_owner(self) -> Self:
        if not self.certificate.enabled:
            return self
        if self.domain is None:
            raise ValueError("certificate.enabled needs a domain: only who owns one can prove it")
        outside = [name for name in self.certificate.alternative_names if not name.endswith(f".{self.domain}")]
        if outside:
            raise ValueError(f"certificate.alternativeNames: {', '.join(outside)} is not below {self.domain}")
        return self
