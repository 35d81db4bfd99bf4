"""What can be configured. The defaults cost nothing: no NAT gateway, no interface endpoint, no flow logs."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cloud_stack import StackConfig

DEFAULT_CIDR = IPv4Network("10.0.0.0/16")

LARGEST_PREFIX = 16
"""AWS allows no larger VPC."""

SMALLEST_PREFIX = 23
"""Its 32 blocks are /28, the smallest subnet of AWS (see ``addressing``)."""

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""


def _network(value: Any) -> IPv4Network:
    if isinstance(value, IPv4Network):
        network = value
    else:
        try:
            network = IPv4Network(str(value), strict=False)
        except ValueError:
            raise ValueError("expected an IPv4 network such as 10.0.0.0/16") from None
        if str(network) != str(value):
            raise ValueError(f"expected the address of a network, such as {network}")
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        raise ValueError(f"expected a prefix of /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}")
    return network


Cidr = Annotated[IPv4Network, BeforeValidator(_network)]
Service = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=100)]
Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9][a-z0-9-]*$")]


class NetworkConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them (camelCase in configuration files)."""

    cidr: Cidr = DEFAULT_CIDR
    ipam_pool_id: Annotated[str, Field(pattern=r"^ipam-pool-[0-9a-f]+$")] | None = None
    ipam_netmask_length: int = Field(default=16, ge=LARGEST_PREFIX, le=SMALLEST_PREFIX)
    az_count: int = Field(default=2, ge=1, le=6)
    availability_zones: list[Zone] = Field(default_factory=list, max_length=6)
    nat: Literal["none", "one", "per-az"] = "none"
    public_ip_on_launch: bool = False
    gateway_endpoints: list[Literal["s3", "dynamodb"]] = Field(default=["s3", "dynamodb"])
    interface_endpoints: list[Service] = Field(default_factory=list, max_length=50)
    flow_logs: Literal["none", "reject", "accept", "all"] = "none"
    flow_log_retention_days: RetentionDays = 30

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        given = self.model_fields_set
        if self.ipam_pool_id is not None and "cidr" in given:
            raise ValueError("cidr and ipamPoolId exclude each other: the pool gives the VPC its addresses")
        if self.availability_zones and "az_count" in given and self.az_count != len(self.availability_zones):
            raise ValueError(f"azCount is {self.az_count}, but availabilityZones names {len(self.availability_zones)}")
        for key, values in (
            ("availabilityZones", self.availability_zones),
            ("gatewayEndpoints", self.gateway_endpoints),
            ("interfaceEndpoints", self.interface_endpoints),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names something twice")
        return self
