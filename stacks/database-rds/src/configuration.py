"""What can be configured. By default Aurora Serverless v2 that pauses at zero: while nobody asks, only storage is paid."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
SecretArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$")]
CapacityUnits = Annotated[float, Field(ge=0, le=256, multiple_of=0.5)]
Window = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")]

PORTS = {"postgresql": 5432, "mysql": 3306}


class CapacityConfig(Section):
    """Aurora capacity units of about 2 GiB each. With a ``min`` of 0 the cluster pauses after ``pause_after_minutes`` idle."""

    min: CapacityUnits = 0
    max: Annotated[float, Field(ge=1, le=256, multiple_of=0.5)] = 1
    pause_after_minutes: int = Field(default=5, ge=5, le=1440)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max is {self.max:g}, but must be at least min, {self.min:g}")
        return self


class InstanceConfig(Section):
    """One instance instead of Aurora. Storage is in GiB, and grows by itself up to ``max_storage``."""

    instance_class: str = Field(default="db.t4g.micro", pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")
    storage: int = Field(default=20, ge=20, le=65536)
    max_storage: int = Field(default=100, ge=20, le=65536)
    multi_az: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_storage < self.storage:
            raise ValueError(f"maxStorage is {self.max_storage}, but must be at least storage, {self.storage}")
        return self


class BackupConfig(Section):
    """Automatic backups, in UTC. With ``final_snapshot`` a destroy leaves a last snapshot behind."""

    retention_days: int = Field(default=1, ge=1, le=35)
    window: Window = "03:00-04:00"
    final_snapshot: bool = False


class LogsConfig(Section):
    """The engine's own logs in CloudWatch."""

    enabled: bool = False
    retention_days: RetentionDays = 30


class MonitoringConfig(Section):
    """Performance Insights, of which 7 days are free, and the operating system's metrics every ``interval`` seconds."""

    performance_insights: bool = False
    performance_insights_days: Literal[7, 31, 62, 93, 186, 372, 731] = 7
    interval: Literal[0, 1, 5, 10, 15, 30, 60] = 0


class DatabaseRdsConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. The identifiers stand in for outputs of network, security and secrets.

    ``masterSecret`` says who makes the master user's password: RDS, which also rotates it, or the secrets stack, whose secret
    also has the name. With ``applyImmediately`` off, what interrupts the database waits for its maintenance window.
    """

    subnet_ids: Input[Annotated[list[SubnetId], Field(min_length=2)]] | None = None
    data_security_group_id: Input[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]] | None = None
    kms_key_arn: Input[KeyArn] | None = None
    secret_arn: Input[SecretArn] | None = None
    kind: Literal["aurora", "instance"] = "aurora"
    engine: Literal["postgresql", "mysql"] = "postgresql"
    engine_version: str | None = Field(default=None, pattern=r"^[0-9]+(\.[0-9]+)*([a-z0-9._-]*)$")
    database_name: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    master_username: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,15}$")
    master_secret: Literal["managed", "secrets"] = "managed"  # noqa: S105 - who makes it, not what it is
    readers: int = Field(default=0, ge=0, le=15)
    capacity: CapacityConfig = CapacityConfig()
    instance: InstanceConfig = InstanceConfig()
    backup: BackupConfig = BackupConfig()
    logs: LogsConfig = LogsConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    deletion_protection: bool = False
    apply_immediately: bool = True

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.kind == "instance" and self.readers:
            raise ValueError("readers are Aurora's: an instance has multiAz")
        if self.master_username in RESERVED:
            raise ValueError(f"masterUsername may not be '{self.master_username}': the engine keeps it for itself")
        return self


RESERVED = frozenset({"admin", "postgres", "root", "rdsadmin", "mysql"})
"""Names that one of the engines refuses, or that everybody would try first."""
