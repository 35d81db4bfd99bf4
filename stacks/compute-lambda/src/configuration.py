"""What can be configured. By default one function ``worker``, whose source comes with the stack; unused, it costs nothing."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=255)]
Action = Annotated[str, Field(pattern=r"^[a-z0-9-]+:[A-Za-z]+\*?$")]
ResourceArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:[a-z0-9-]+:.+$")]

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
SecretArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$")]
LayerArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:.+:[0-9]+$")]

PLAIN_BATCH = 10
"""SQS hands over at most so many messages at once; Lambda collects more only when it may wait for them."""

SCHEDULE = r"^(cron|rate|at)\(.+\)$"
RESERVED_VARIABLES = ("AWS_", "LAMBDA_")
"""Lambda sets variables that begin so itself, and refuses them."""


class ScheduleConfig(Section):
    """When the function is called with ``input``: an expression of EventBridge Scheduler."""

    expression: str = Field(pattern=SCHEDULE)
    timezone: str = Field(default="UTC", pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")
    input: dict[str, Any] = Field(default_factory=dict)
    paused: bool = False


class QueueConfig(Section):
    """A queue of the function's own. A message that fails ``max_receives`` times goes to the dead-letter queue."""

    enabled: bool = False
    batch_size: int = Field(default=PLAIN_BATCH, ge=1, le=10_000)
    batch_window_seconds: int = Field(default=0, ge=0, le=300)
    max_receives: int = Field(default=5, ge=1, le=1000)
    max_concurrency: Annotated[int, Field(ge=2, le=1000)] | None = None
    retention_days: int = Field(default=4, ge=1, le=14)

    @model_validator(mode="after")
    def _large_batches_wait(self) -> Self:
        if self.batch_size > PLAIN_BATCH and self.batch_window_seconds == 0:
            raise ValueError(f"a batchSize over {PLAIN_BATCH} needs a batchWindowSeconds of at least 1")
        return self


class PermissionConfig(Section):
    """What else the function may do. Actions and resources are named; a ``*`` alone stands for nothing here."""

    actions: list[Action] = Field(min_length=1, max_length=50)
    resources: list[Input[ResourceArn]] = Field(min_length=1, max_length=50)


class FunctionConfig(Section):
    """One function. Its code is ``source``, else the ``folder`` inside this stack, ``functions/{purpose}`` by default.

    ``memory`` and ``storage`` are in MiB, times in seconds. ``max_retries`` and ``max_event_age`` are of asynchronous calls.
    """

    handler: str = Field(default="handler.handler", pattern=r"^[A-Za-z0-9_./-]+$", max_length=128)
    runtime: str = Field(default="python3.13", pattern=r"^[a-z]+[a-z0-9.]*$")
    architecture: Literal["arm64", "x86_64"] = "arm64"
    source: str | None = Field(default=None, min_length=1)
    folder: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*$")
    memory: int = Field(default=128, ge=128, le=10_240)
    storage: int = Field(default=512, ge=512, le=10_240)
    timeout: int = Field(default=10, ge=1, le=900)
    reserved_concurrency: Annotated[int, Field(ge=0, le=100_000)] | None = None
    max_retries: int = Field(default=2, ge=0, le=2)
    max_event_age: int = Field(default=3600, ge=60, le=21_600)
    log_retention_days: RetentionDays = 30
    layers: list[Input[LayerArn]] = Field(default_factory=list, max_length=5)
    environment: dict[VariableName, Input[str]] = Field(default_factory=dict, max_length=100)
    vpc: bool = False
    database: bool = False
    secrets: list[Purpose] = Field(default_factory=list, max_length=50)
    buckets: dict[Purpose, Literal["read", "read-write"]] = Field(default_factory=dict, max_length=50)
    permissions: list[PermissionConfig] = Field(default_factory=list, max_length=20)
    queue: QueueConfig = QueueConfig()
    schedules: dict[Purpose, ScheduleConfig] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.source is not None and self.folder is not None:
            raise ValueError("source and folder exclude each other")
        if self.source is not None and not self.runtime.startswith(("python", "nodejs")):
            raise ValueError(f"source is for python and nodejs; code for {self.runtime} has to be in a folder")
        if self.database and not self.vpc:
            raise ValueError("database needs vpc: nothing outside the VPC reaches it")
        if reserved := sorted(name for name in self.environment if name.startswith(RESERVED_VARIABLES)):
            raise ValueError(f"environment may not set {', '.join(reserved)}: Lambda keeps such names for itself")
        if len(set(self.secrets)) < len(self.secrets):
            raise ValueError("secrets names something twice")
        return self


class DatabaseConfig(Section):
    """Stands in for the outputs of database-rds."""

    endpoint: Input[str] | None = None
    reader_endpoint: Input[str] | None = None
    port: Input[Annotated[int, Field(ge=1, le=65535)]] | None = None
    name: Input[str] | None = None
    secret_arn: Input[SecretArn] | None = None


class ComputeLambdaConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. All but ``functions`` and ``logKmsKeyArn`` stand in for other stacks'
    outputs.
    """

    functions: dict[Purpose, FunctionConfig] = Field(default={"worker": FunctionConfig()}, max_length=100)
    log_kms_key_arn: Input[KeyArn] | None = None
    kms_key_arn: Input[KeyArn] | None = None
    subnet_ids: Input[Annotated[list[SubnetId], Field(min_length=1)]] | None = None
    security_group_id: Input[SecurityGroupId] | None = None
    secret_arns: dict[Purpose, Input[SecretArn]] = Field(default_factory=dict)
    bucket_names: dict[Purpose, Input[str]] = Field(default_factory=dict)
    database: DatabaseConfig = DatabaseConfig()
