"""What can be configured. By default one bucket; an empty bucket costs nothing. File system and backups are off."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

Days = Annotated[int, Field(ge=1, le=36500)]
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
Arn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]

INFREQUENT_ACCESS_AFTER = 30
"""S3 moves nothing to infrequent access that is younger, in days."""

COLD_STORAGE_MINIMUM = 90
"""AWS Backup keeps what it moved to cold storage for at least this many days."""


class BucketConfig(Section):
    """One bucket. Days are the age of an object; None turns the rule off."""

    force_destroy: bool = False
    infrequent_access_days: Annotated[int, Field(ge=INFREQUENT_ACCESS_AFTER, le=36500)] | None = None
    archive_days: Annotated[int, Field(ge=INFREQUENT_ACCESS_AFTER, le=36500)] | None = None
    expire_days: Days | None = None
    old_versions_days: Days = 30
    abort_uploads_days: Days = 7

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        ages = [
            (key, days)
            for key, days in (
                ("infrequentAccessDays", self.infrequent_access_days),
                ("archiveDays", self.archive_days),
                ("expireDays", self.expire_days),
            )
            if days is not None
        ]
        for (earlier, first), (later, second) in itertools.pairwise(ages):
            least = first + INFREQUENT_ACCESS_AFTER if later == "archiveDays" else first + 1
            if second < least:
                raise ValueError(f"{later} is {second}, but must be at least {least}, after {earlier}")
        return self


class FileSystemConfig(Section):
    """An EFS file system. The identifiers stand in for outputs of network and security."""

    enabled: bool = False
    throughput: Literal["bursting", "elastic"] = "bursting"
    infrequent_access_days: Literal[1, 7, 14, 30, 60, 90, 180, 270, 365] | None = 30
    mount_targets: int = Field(default=2, ge=1, le=6)
    vpc_id: Input[Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]] | None = None
    subnet_ids: list[Input[SubnetId]] = Field(default_factory=list, max_length=6)
    client_security_group_id: Input[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]] | None = None


class BackupConfig(Section):
    """A vault and a plan for the buckets and the file system. ``schedule`` is an AWS cron expression, in UTC."""

    enabled: bool = False
    schedule: str = Field(default="cron(0 5 * * ? *)", pattern=r"^(cron|rate)\(.+\)$")
    retention_days: Days = 35
    cold_storage_days: Days | None = None
    force_destroy: bool = False

    @model_validator(mode="after")
    def _cold_long_enough(self) -> Self:
        if self.cold_storage_days is not None and self.retention_days < self.cold_storage_days + COLD_STORAGE_MINIMUM:
            least = self.cold_storage_days + COLD_STORAGE_MINIMUM
            raise ValueError(
                f"retentionDays is {self.retention_days}, but must be at least {least}, after coldStorageDays"
            )
        return self


class StorageConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``kmsKeyArn`` stands in for the security stack's output."""

    kms_key_arn: Input[Arn] | None = None
    buckets: dict[Purpose, BucketConfig] = Field(default={"data": BucketConfig()}, max_length=50)
    file_system: FileSystemConfig = FileSystemConfig()
    backup: BackupConfig = BackupConfig()
