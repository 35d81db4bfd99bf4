"""What can be configured. By default one application ``app``: a quarter of a CPU (ARM), 512 MiB, one task on Fargate Spot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

GIB = 1024
FARGATE_MEMORY = {
    256: (512, 2 * GIB, 512),
    512: (GIB, 4 * GIB, GIB),
    1024: (2 * GIB, 8 * GIB, GIB),
    2048: (4 * GIB, 16 * GIB, GIB),
    4096: (8 * GIB, 30 * GIB, GIB),
    8192: (16 * GIB, 60 * GIB, 4 * GIB),
    16384: (32 * GIB, 120 * GIB, 8 * GIB),
}
"""CPU units -> least, most and step of memory in MiB (Amazon ECS: task CPU and memory). A quarter CPU can't have 1.5 GiB."""

AppName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=255)]
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*(:[A-Za-z0-9_.-]+)?$", max_length=300)]
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
PathPattern = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.$/~\"'@:+&*?-]*$", max_length=128)]
HostPattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9*?.-]+$", max_length=128)]
Folder = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_./-]+$")]
Percent = Annotated[int, Field(ge=1, le=100)]

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
ClusterArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/.+$")]
ListenerArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/.+$")]
SecretArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$")]
BucketArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:s3:::.+$")]

CONDITION_VALUES = 5
"""Elastic Load Balancing takes so many values in the conditions of one rule."""


class HealthCheckConfig(Section):
    """The load balancer asks for ``path``, ECS runs ``command`` inside the container. Times are in seconds; ``grace`` is how
    long a new task may fail the load balancer's check.
    """

    path: str = Field(default="/", pattern=r"^/[^\s]*$", max_length=1024)
    status: str = Field(default="200-399", pattern=r"^[2-4][0-9]{2}([-,][2-4][0-9]{2})*$")
    interval: int = Field(default=30, ge=5, le=300)
    timeout: int = Field(default=5, ge=2, le=120)
    healthy: int = Field(default=3, ge=2, le=10)
    unhealthy: int = Field(default=3, ge=2, le=10)
    grace: int = Field(default=60, ge=0, le=7200)
    command: list[str] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.timeout >= self.interval:
            raise ValueError(f"timeout is {self.timeout}, but must be less than interval, {self.interval}")
        return self


class ScheduleConfig(Section):
    """From a moment on the task count lies between these. ``schedule`` is a cron, rate or at expression of AWS."""

    schedule: str = Field(pattern=r"^(cron|rate|at)\(.+\)$")
    timezone: str = Field(default="UTC", pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")
    minimum: int = Field(ge=0, le=5000)
    maximum: int = Field(ge=0, le=5000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.maximum < self.minimum:
            raise ValueError(f"maximum is {self.maximum}, but must be at least minimum, {self.minimum}")
        return self


class AutoscalingConfig(Section):
    """Keeps the averages over all tasks near their targets. Cooldowns are in seconds."""

    enabled: bool = False
    minimum: int = Field(default=1, ge=0, le=5000)
    maximum: int = Field(default=4, ge=1, le=5000)
    cpu_percent: Percent | None = 60
    memory_percent: Percent | None = None
    requests_per_target: Annotated[int, Field(ge=1)] | None = None
    scale_in_cooldown: int = Field(default=300, ge=0, le=3600)
    scale_out_cooldown: int = Field(default=60, ge=0, le=3600)
    schedules: dict[Purpose, ScheduleConfig] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.maximum < self.minimum:
            raise ValueError(f"maximum is {self.maximum}, but must be at least minimum, {self.minimum}")
        return self


class AppConfig(Section):
    """One application. ``cpu`` is in CPU units (1024 are one), ``memory`` in MiB; the rest of capacity that isn't Spot is on
    demand. ``secrets`` maps variables to secrets, or to one key of a secret's JSON (``database:password``).
    """

    image: Input[Annotated[str, Field(min_length=1, max_length=1024)]] | None = None
    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = 256
    memory: int = Field(default=512, ge=512, le=120 * GIB)
    architecture: Literal["ARM64", "X86_64"] = "ARM64"
    desired_count: int = Field(default=1, ge=0, le=5000)
    spot_percent: int = Field(default=100, ge=0, le=100)
    port: int = Field(default=8080, ge=1, le=65535)
    paths: list[PathPattern] = Field(default=["/*"], max_length=CONDITION_VALUES)
    hosts: list[HostPattern] = Field(default_factory=list, max_length=CONDITION_VALUES)
    priority: int = Field(default=100, ge=1, le=50000)
    drain_seconds: int = Field(default=30, ge=0, le=3600)
    discoverable: bool = True
    command: list[str] = Field(default_factory=list, max_length=100)
    environment: dict[VariableName, Input[str]] = Field(default_factory=dict, max_length=200)
    secrets: dict[VariableName, SecretName] = Field(default_factory=dict, max_length=100)
    database: bool = False
    buckets: dict[Purpose, Literal["read", "read-write"]] = Field(default_factory=dict, max_length=50)
    writable_folders: list[Folder] = Field(default_factory=list, max_length=10)
    execute_command: bool = False
    log_retention_days: RetentionDays = 30
    wait_until_stable: bool = False
    health_check: HealthCheckConfig = HealthCheckConfig()
    autoscaling: AutoscalingConfig = AutoscalingConfig()

    @property
    def is_routed(self) -> bool:
        """Whether the load balancer sends it requests."""
        return bool(self.paths or self.hosts)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        least, most, step = FARGATE_MEMORY[self.cpu]
        possible = least <= self.memory <= most and self.memory % step == 0
        if not possible or (self.cpu, self.memory) == (256, 1536):
            raise ValueError(f"Fargate has no {self.memory} MiB with {self.cpu} CPU units: {_choices(self.cpu)}")
        if len(self.paths) + len(self.hosts) > CONDITION_VALUES:
            raise ValueError(f"paths and hosts name more than {CONDITION_VALUES} patterns together")
        if self.autoscaling.requests_per_target is not None and not self.is_routed:
            raise ValueError(
                "autoscaling.requestsPerTarget needs paths or hosts: without, there are no requests to count"
            )
        volumes = {volume_of(folder) for folder in self.writable_folders}
        if len(volumes) < len(self.writable_folders):
            raise ValueError("writableFolders names something twice")
        if twice := sorted(self.environment.keys() & self.secrets.keys()):
            raise ValueError(f"environment and secrets both name {', '.join(twice)}")
        return self


def volume_of(folder: str) -> str:
    """The name of the volume that is mounted at a folder: ``/var/cache`` is ``var-cache``."""
    return folder.strip("/").replace("/", "-").replace(".", "-")


def _choices(cpu: int) -> str:
    least, most, step = FARGATE_MEMORY[cpu]
    return "512, 1024 or 2048" if cpu == 256 else f"{least} to {most} in steps of {step}"


class DatabaseConfig(Section):
    """Stands in for the outputs of database-rds."""

    endpoint: Input[str] | None = None
    reader_endpoint: Input[str] | None = None
    port: Input[Annotated[int, Field(ge=1, le=65535)]] | None = None
    name: Input[str] | None = None
    secret_arn: Input[SecretArn] | None = None


class ContainersAppsConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. All but ``apps`` and ``domainName`` stand in for other stacks' outputs."""

    apps: dict[AppName, AppConfig] = Field(default={"app": AppConfig()}, max_length=50)
    domain_name: Input[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$", max_length=253)]] | None = None
    cluster_arn: Input[ClusterArn] | None = None
    listener_arn: Input[ListenerArn] | None = None
    alb_dns_name: Input[str] | None = None
    namespace_id: Input[Annotated[str, Field(pattern=r"^ns-[a-z0-9]+$")]] | None = None
    vpc_id: Input[Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]] | None = None
    subnet_ids: Input[Annotated[list[SubnetId], Field(min_length=1)]] | None = None
    security_group_id: Input[SecurityGroupId] | None = None
    kms_key_arn: Input[KeyArn] | None = None
    image_uris: dict[AppName, Input[str]] = Field(default_factory=dict)
    secret_arns: dict[str, Input[SecretArn]] = Field(default_factory=dict)
    bucket_arns: dict[Purpose, Input[BucketArn]] = Field(default_factory=dict)
    database: DatabaseConfig = DatabaseConfig()

    @model_validator(mode="after")
    def _one_rule_each(self) -> Self:
        taken: dict[int, str] = {}
        for name, app in self._routed():
            if app.priority in taken:
                raise ValueError(
                    f"apps.{name}.priority is {app.priority}, which apps.{taken[app.priority]} has already"
                )
            taken[app.priority] = name
        return self

    def _routed(self) -> Iterator[tuple[str, AppConfig]]:
        return ((name, app) for name, app in self.apps.items() if app.is_routed)
