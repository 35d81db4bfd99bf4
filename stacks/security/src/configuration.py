"""What can be configured. By default one KMS key and three security groups; what AWS allows once per account and region (access
analyzer, a free trail) and what costs by the month (web ACL) is off.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

Port = Annotated[int, Field(ge=1, le=65535)]
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class WafConfig(Section):
    """A regional web ACL: AWS's managed rules, and a limit of requests per client address within five minutes."""

    enabled: bool = False
    rate_limit: int = Field(default=2000, ge=10, le=2_000_000_000)
    count_only: bool = False


class CloudTrailConfig(Section):
    """A trail of management events, kept in a bucket of its own."""

    enabled: bool = False
    multi_region: bool = True
    retention_days: int = Field(default=90, ge=1, le=3653)
    force_destroy: bool = False


class SecurityConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``vpcId`` and ``vpcCidr`` stand in for the network stack's outputs."""

    vpc_id: Input[Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]] | None = None
    vpc_cidr: Input[Annotated[str, Field(pattern=r"^[0-9.]+/[0-9]+$")]] | None = None
    kms_purposes: list[Purpose] = Field(default=["data"], min_length=1, max_length=10)
    kms_deletion_window_days: int = Field(default=7, ge=7, le=30)
    web_ports: list[Literal[80, 443]] = Field(default=[80, 443], min_length=1)
    web_cidrs: list[IPv4Network] = Field(default=[IPv4Network("0.0.0.0/0")], max_length=50)
    app_port: Port = 8080
    data_ports: list[Port] = Field(default=[5432], min_length=1, max_length=20)
    app_egress_cidrs: list[IPv4Network] = Field(default_factory=list, max_length=50)
    app_egress_prefix_list_ids: list[Annotated[str, Field(pattern=r"^pl-[0-9a-f]+$")]] = Field(default_factory=list)
    waf: WafConfig = WafConfig()
    cloudtrail: CloudTrailConfig = CloudTrailConfig()
    access_analyzer: bool = False

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for key, values in (
            ("kmsPurposes", self.kms_purposes),
            ("webPorts", self.web_ports),
            ("webCidrs", self.web_cidrs),
            ("dataPorts", self.data_ports),
            ("appEgressCidrs", self.app_egress_cidrs),
            ("appEgressPrefixListIds", self.app_egress_prefix_list_ids),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names something twice")
        return self
