"""What can be configured. By default a topic and a dashboard; what is watched is what the configuration names."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Percent = Annotated[float, Field(gt=0, le=100)]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
LoadBalancerArn = Annotated[
    str, Field(pattern=r"^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/app/.+$")
]
ClusterArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/.+$")]
QueueArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+$")]


class ThresholdsConfig(Section):
    """When an alarm goes off. Loads count when ``datapoints`` of the last ``periods`` are over; a failure counts at once.

    Counts are within one period; ``free_storage_gib`` is of a database instance, the one threshold that is a minimum.
    """

    period_seconds: Literal[60, 300, 900, 3600] = 300
    periods: int = Field(default=3, ge=1, le=24)
    datapoints: int = Field(default=2, ge=1, le=24)
    cpu_percent: Percent = 80
    memory_percent: Percent = 80
    capacity_percent: Percent = 90
    free_storage_gib: float = Field(default=2, gt=0, le=65536)
    load_balancer_errors: int = Field(default=10, ge=1)
    api_error_percent: Percent = 5
    api_latency_ms: int = Field(default=3000, ge=1, le=30_000)
    function_errors: int = Field(default=1, ge=1)
    function_throttles: int = Field(default=1, ge=1)
    dead_letters: int = Field(default=1, ge=1)
    kubernetes_api_errors: int = Field(default=10, ge=1)
    pending_pods: int = Field(default=1, ge=1)
    canary_success_percent: Percent = 90

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.datapoints > self.periods:
            raise ValueError(f"datapoints is {self.datapoints}, but must be at most periods, {self.periods}")
        if self.period_seconds * self.periods > 86_400:
            raise ValueError("periods of periodSeconds are more than a day, over which CloudWatch doesn't look")
        return self


class LogFilterConfig(Section):
    """Lines of a log group that match ``pattern`` (CloudWatch Logs' own language) are counted; ``threshold`` alarms."""

    log_group: Input[Annotated[str, Field(pattern=r"^[A-Za-z0-9_./#-]+$", max_length=512)]]
    pattern: str = Field(min_length=1, max_length=1024)
    threshold: int = Field(default=1, ge=1)


class BudgetConfig(Section):
    """A monthly budget in US dollars, of the account, or of what carries this deployment's tag."""

    enabled: bool = False
    limit: float = Field(default=100, gt=0, le=100_000_000)
    percents: list[Annotated[float, Field(gt=0, le=1000)]] = Field(default=[80, 100], max_length=4)
    forecast: bool = True
    this_deployment: bool = False

    @model_validator(mode="after")
    def _notifies(self) -> Self:
        if len(set(self.percents)) < len(self.percents):
            raise ValueError("percents names something twice")
        if self.enabled and not self.percents and not self.forecast:
            raise ValueError("neither percents nor forecast: nobody would be told")
        return self


class CanaryConfig(Section):
    """Asks for ``url`` every ``minutes``. AWS retires runtimes within months, so that there is no default for one."""

    enabled: bool = False
    url: Input[Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=2048)]] | None = None
    runtime: str | None = Field(default=None, pattern=r"^syn-python-selenium-[0-9]+\.[0-9]+$")
    minutes: int = Field(default=5, ge=1, le=60)
    timeout_seconds: int = Field(default=30, ge=3, le=840)
    retention_days: int = Field(default=31, ge=1, le=455)
    force_destroy: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.enabled and (self.url is None or self.runtime is None):
            raise ValueError("a canary needs url and runtime")
        if self.timeout_seconds > self.minutes * 60:
            raise ValueError("timeoutSeconds is longer than minutes: a run would overtake the one before")
        return self


class MonitoringConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. Those from ``vpcId`` on stand for other stacks' outputs; what isn't set,
    or empty, isn't watched. ``services`` and ``functions`` say which to watch; without, all that there are.
    """

    emails: list[Email] = Field(default_factory=list, max_length=20)
    dashboard: bool = True
    thresholds: ThresholdsConfig = ThresholdsConfig()
    muted: list[str] = Field(default_factory=list, max_length=200)
    log_filters: dict[Purpose, LogFilterConfig] = Field(default_factory=dict, max_length=50)
    budget: BudgetConfig = BudgetConfig()
    canary: CanaryConfig = CanaryConfig()
    kms_key_arn: Input[KeyArn] | None = None
    services: list[Purpose] = Field(default_factory=list, max_length=50)
    functions: list[Purpose] = Field(default_factory=list, max_length=100)
    database_kind: Literal["aurora", "instance"] = "aurora"
    vpc_id: Input[Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]] | None = None
    database_endpoint: Input[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")]] | None = None
    alb_arn: Input[LoadBalancerArn] | None = None
    cluster_arn: Input[ClusterArn] | None = None
    service_names: Input[dict[str, Input[str]]] | None = None
    eks_cluster_name: Input[str] | None = None
    api_id: Input[Annotated[str, Field(pattern=r"^[a-z0-9]+$")]] | None = None
    asg_name: Input[str] | None = None
    function_names: Input[dict[str, Input[str]]] | None = None
    dlq_arns: Input[dict[str, Input[QueueArn]]] | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for key, values in (
            ("emails", self.emails),
            ("muted", self.muted),
            ("services", self.services),
            ("functions", self.functions),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names something twice")
        if self.service_names is not None and self.cluster_arn is None:
            raise ValueError("serviceNames needs clusterArn: a service is known by its cluster")
        return self
