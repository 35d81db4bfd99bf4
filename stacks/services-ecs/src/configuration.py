"""What can be configured. By default a Fargate cluster, an internal load balancer and a namespace; nothing faces the internet
before there is a certificate.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
CertificateArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:(acm|iam):.*:(certificate|server-certificate)/.+$")]
WebAclArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/.+$")]
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
DomainName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=253)]


class ClusterConfig(Section):
    """``default_capacity`` is for services that name none themselves."""

    container_insights: Literal["disabled", "enabled", "enhanced"] = "disabled"
    default_capacity: Literal["on-demand", "spot"] = "on-demand"


class ExecuteCommandConfig(Section):
    """Shells in running containers (ECS Exec): encrypted, and what was typed is kept."""

    enabled: bool = False
    retention_days: RetentionDays = 90


class LoadBalancerConfig(Section):
    """The Application Load Balancer. ``idle_timeout`` is in seconds. The bucket of access logs must exist and let Elastic Load
    Balancing write.
    """

    internet_facing: bool = False
    certificate_arn: Input[CertificateArn] | None = None
    further_certificate_arns: list[Input[CertificateArn]] = Field(default_factory=list, max_length=24)
    minimum_tls: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2"
    idle_timeout: int = Field(default=60, ge=1, le=4000)
    deletion_protection: bool = False
    access_logs_bucket: Input[BucketName] | None = None
    access_logs_prefix: str = Field(default="", pattern=r"^([A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*)?$", max_length=200)

    @model_validator(mode="after")
    def _needs_a_certificate(self) -> Self:
        if self.certificate_arn is None:
            if self.internet_facing:
                raise ValueError(
                    "internetFacing needs a certificateArn: nothing is served to the internet in the clear"
                )
            if self.further_certificate_arns:
                raise ValueError("furtherCertificateArns needs a certificateArn, the one for clients that send no name")
        return self


class FallbackConfig(Section):
    """Where requests go that no application takes. Disabled, they get ``status``. Enabled, they go to addresses inside the VPC:
    a system that is being replaced application by application.
    """

    status: Literal["404", "503"] = "404"
    enabled: bool = False
    addresses: list[IPv4Address] = Field(default_factory=list, max_length=100)
    port: int = Field(default=8080, ge=1, le=65535)
    protocol: Literal["HTTP", "HTTPS"] = "HTTP"
    health_path: str = Field(default="/", pattern=r"^/[^\s?]*$", max_length=1024)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.enabled and not self.addresses:
            raise ValueError("enabled needs addresses")
        if len(set(self.addresses)) < len(self.addresses):
            raise ValueError("addresses names something twice")
        return self


class ServicesEcsConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. The identifiers stand in for outputs of network and security."""

    vpc_id: Input[Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]] | None = None
    public_subnet_ids: Input[Annotated[list[SubnetId], Field(min_length=2)]] | None = None
    private_subnet_ids: Input[Annotated[list[SubnetId], Field(min_length=2)]] | None = None
    web_security_group_id: Input[SecurityGroupId] | None = None
    kms_key_arn: Input[KeyArn] | None = None
    logs_kms_key_arn: Input[KeyArn] | None = None
    web_acl_arn: Input[WebAclArn] | None = None
    waf: bool = False
    namespace: DomainName | None = None
    cluster: ClusterConfig = ClusterConfig()
    execute_command: ExecuteCommandConfig = ExecuteCommandConfig()
    load_balancer: LoadBalancerConfig = LoadBalancerConfig()
    fallback: FallbackConfig = FallbackConfig()
