"""What can be configured. By default a group that may have one instance and has none: nothing is paid before ``desiredSize``
says so.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

KmsKeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
BucketArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:s3:::[a-z0-9.-]{3,63}$")]
TargetGroupArn = Annotated[
    str, Field(pattern=r"^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/.+$")
]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Size = Annotated[int, Field(ge=0, le=500)]

USER_DATA_LIMIT = 16 * 1024
"""Bytes that EC2 takes, before they are encoded."""

IMAGES = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
"""Begins the names of AWS's public parameters with its newest images of Amazon Linux 2023; the architecture ends them."""

_GRAVITON = re.compile(r"(a1|[a-z]+[0-9]+g[a-z]*)\.")


def architecture(instance_type: str) -> str:
    """``arm64`` or ``x86_64``, as EC2's naming says it: a ``g`` after the generation is a Graviton."""
    return "arm64" if _GRAVITON.match(instance_type) else "x86_64"


class VolumeConfig(Section):
    """The root volume, gp3. ``deviceName`` is the image's own."""

    size_gib: int = Field(default=8, ge=8, le=16384)
    device_name: str = Field(default="/dev/xvda", pattern=r"^(/dev/)?[a-z0-9/]+$")


class ScalingConfig(Section):
    """Target tracking: instances come and go so that the group's mean use of its processors stays at so many per cent."""

    cpu_percent: int | None = Field(default=None, ge=10, le=90)
    warmup_seconds: int = Field(default=120, ge=0, le=3600)


class ScheduleConfig(Section):
    """At these times (five cron fields) the group gets this size; its bounds stay."""

    recurrence: str = Field(pattern=r"^\S+( \S+){4}$")
    desired_size: Size
    time_zone: str = Field(default="Etc/UTC", pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$")


class RefreshConfig(Section):
    """How instances are replaced when their template changes."""

    min_healthy_percent: int = Field(default=90, ge=0, le=100)
    warmup_seconds: int = Field(default=120, ge=0, le=3600)


class ComputeEc2Config(StackConfig):
    """The keys of the stack, as ``load`` reads them. The first four stand in for outputs of network, security and storage."""

    subnet_ids: list[Input[SubnetId]] = Field(default_factory=list, max_length=16)
    kms_key_arn: Input[KmsKeyArn] | None = None
    app_security_group_id: Input[SecurityGroupId] | None = None
    bucket_arns: dict[Purpose, Input[BucketArn]] = Field(default_factory=dict)
    instance_type: str = Field(default="t4g.nano", pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")
    image_parameter: Annotated[str, Field(pattern=r"^/[A-Za-z0-9_./-]+$", max_length=1011)] | None = None
    user_data: str = ""
    detailed_monitoring: bool = False
    volume: VolumeConfig = VolumeConfig()
    min_size: Size = 0
    desired_size: Size = 0
    max_size: int = Field(default=1, ge=1, le=500)
    scaling: ScalingConfig = ScalingConfig()
    schedules: dict[Purpose, ScheduleConfig] = Field(default_factory=dict, max_length=20)
    refresh: RefreshConfig = RefreshConfig()
    health_check_grace_seconds: int = Field(default=300, ge=0, le=7200)
    target_group_arns: list[Input[TargetGroupArn]] = Field(default_factory=list, max_length=10)
    bucket_access: dict[Purpose, Literal["read", "read-write"]] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = self.model_fields_set
        moved = [
            key
            for key, used in (("scaling.cpuPercent", self.scaling.cpu_percent), ("schedules", self.schedules))
            if used
        ]
        if moved and "desired_size" in given:
            raise ValueError(f"desiredSize is decided by {moved[0]}; leave it out")
        if not moved and not self.min_size <= self.desired_size <= self.max_size:
            raise ValueError(f"desiredSize is {self.desired_size}, but must be from minSize to maxSize")
        if self.min_size > self.max_size:
            raise ValueError(f"minSize is {self.min_size}, but maxSize {self.max_size}")
        for name, schedule in self.schedules.items():
            if not self.min_size <= schedule.desired_size <= self.max_size:
                raise ValueError(f"schedules.{name}.desiredSize is not from minSize to maxSize")
        if unknown := sorted(self.bucket_arns.keys() - self.bucket_access.keys()):
            raise ValueError(f"bucketArns names {unknown[0]}, to which bucketAccess gives no access")
        length = len(self.user_data.encode())
        if length > USER_DATA_LIMIT:
            raise ValueError(f"userData is of {length} bytes, and may be of {USER_DATA_LIMIT}")
        return self

    @property
    def sized_by_itself(self) -> bool:
        """Whether something else than this configuration decides the group's size from moment to moment."""
        return self.scaling.cpu_percent is not None or bool(self.schedules)

    @property
    def image(self) -> str:
        """The image as launch templates take it: found anew whenever an instance is launched."""
        return f"resolve:ssm:{self.image_parameter or IMAGES + architecture(self.instance_type)}"
