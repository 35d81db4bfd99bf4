"""What can be configured. By default a control plane and a Fargate profile: pods cost while they run, and nothing else does but
the control plane itself.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

KmsKeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
PrincipalArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$")]
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9*?]([a-z0-9*?-]{0,61}[a-z0-9*?])?$")]
EntryName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
AccessPolicy = Annotated[str, Field(pattern=r"^AmazonEKS[A-Za-z]+Policy$")]
AddonName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

_GRAVITON = re.compile(r"(a1|[a-z]+[0-9]+g[a-z]*)\.")


def architecture(instance_type: str) -> str:
    """``arm64`` or ``x86_64``, as EC2's naming says it: a ``g`` after the generation is a Graviton."""
    return "arm64" if _GRAVITON.match(instance_type) else "x86_64"


class EndpointConfig(Section):
    """Who reaches the API server from outside the VPC: nobody, or these addresses."""

    public: bool = False
    public_cidrs: list[IPv4Network] = Field(default_factory=list, max_length=40)

    @model_validator(mode="after")
    def _not_for_the_world(self) -> Self:
        if self.public and not self.public_cidrs:
            raise ValueError("public needs publicCidrs: who may reach the endpoint")
        if self.public_cidrs and not self.public:
            raise ValueError("publicCidrs mean something only where the endpoint is public")
        if any(cidr.prefixlen == 0 for cidr in self.public_cidrs):
            raise ValueError("publicCidrs may not be the whole internet")
        return self


class LogsConfig(Section):
    """What the control plane writes into its log group. ``kmsKeyArn`` is a key that CloudWatch Logs may use."""

    types: list[LogType] = Field(default=["audit", "authenticator"])
    retention_days: RetentionDays = 30
    kms_key_arn: Input[KmsKeyArn] | None = None


class FargateConfig(Section):
    """Pods of these namespaces run on Fargate; ``*`` stands for any characters. An empty list is no Fargate at all."""

    namespaces: list[Namespace] = Field(default=["default", "kube-system"], max_length=5)


class NodesConfig(Section):
    """A managed node group. Its instance types are of one architecture."""

    enabled: bool = False
    instance_types: list[InstanceType] = Field(default=["t4g.medium"], min_length=1, max_length=20)
    capacity: Literal["on-demand", "spot"] = "on-demand"
    min_size: int = Field(default=1, ge=0, le=450)
    desired_size: int = Field(default=1, ge=0, le=450)
    max_size: int = Field(default=2, ge=1, le=450)
    volume_gib: int = Field(default=20, ge=20, le=16384)
    labels: dict[str, str] = Field(default_factory=dict, max_length=50)
    detailed_monitoring: bool = False
    session_manager: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.min_size <= self.desired_size <= self.max_size:
            raise ValueError(f"desiredSize is {self.desired_size}, but must be from minSize to maxSize")
        if len({architecture(kind) for kind in self.instance_types}) > 1:
            raise ValueError("instanceTypes are of two architectures; an image is of one")
        return self


class AccessConfig(Section):
    """Who may use the cluster: an IAM role or user, with access policies (policy -> namespaces, an empty list is all of the
    cluster), or with groups that the cluster's own RBAC knows.
    """

    principal_arn: Input[PrincipalArn]
    policies: dict[AccessPolicy, list[Namespace]] = Field(default_factory=dict, max_length=20)
    kubernetes_groups: list[str] = Field(default_factory=list, max_length=20)


class AddonConfig(Section):
    """One of EKS's add-ons. Without ``version`` EKS takes its default; ``values`` are the add-on's own settings, as JSON."""

    version: str | None = None
    values: str | None = None
    role_arn: Input[RoleArn] | None = None


class ServicesEksConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. The first three stand in for outputs of network and security."""

    subnet_ids: list[Input[SubnetId]] = Field(default_factory=list, max_length=16)
    kms_key_arn: Input[KmsKeyArn] | None = None
    app_security_group_id: Input[SecurityGroupId] | None = None
    kubernetes_version: str = Field(default="1.35", pattern=r"^1\.(3[3-9]|[4-9][0-9])$")
    extended_support: bool = False
    deletion_protection: bool = False
    service_cidr: IPv4Network | None = None
    endpoint: EndpointConfig = EndpointConfig()
    logs: LogsConfig = LogsConfig()
    fargate: FargateConfig = FargateConfig()
    nodes: NodesConfig = NodesConfig()
    access: dict[EntryName, AccessConfig] = Field(default_factory=dict, max_length=100)
    addons: dict[AddonName, AddonConfig] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if len(self.subnet_ids) == 1:
            raise ValueError("subnetIds must be at least two, in two zones: EKS demands it")
        if not self.fargate.namespaces and not self.nodes.enabled:
            raise ValueError("nothing could run: there are neither fargate.namespaces nor nodes")
        cidr = self.service_cidr
        if cidr is not None and not (cidr.is_private and 12 <= cidr.prefixlen <= 24):
            raise ValueError(f"serviceCidr is {cidr}, but must be private and of /12 to /24")
        for key, values in (("logs.types", self.logs.types), ("fargate.namespaces", self.fargate.namespaces)):
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names something twice")
        return self
