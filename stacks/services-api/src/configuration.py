"""What can be configured. By default every request of a signed-in user goes to the function ``worker``; an API costs nothing
until it is called.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
RouteKey = Annotated[
    str,
    Field(
        pattern=r"^(\$default|(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) /([A-Za-z0-9._~-]+|\{[A-Za-z0-9._-]+\+?\}|/)*)$",
        max_length=512,
    ),
]
Scope = Annotated[str, Field(pattern=r"^[a-zA-Z0-9/._:-]+$", max_length=256)]
Origin = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9+.-]*://\S*[^/\s])$", max_length=1024)]
FunctionArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:.+$")]
FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]
DomainName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$", max_length=253)]

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

DEFAULT_ROUTE = "$default"
"""The route of everything that no other route takes."""


class RouteConfig(Section):
    """Where the requests of one route go. ``scopes``: the token must have one of them, where there are any. ``rate_limit``
    (requests a second) and ``burst_limit`` take the place of the API's own for this route.
    """

    function: Purpose = "worker"
    authorize: bool = True
    scopes: list[Scope] = Field(default_factory=list, max_length=10)
    rate_limit: float | None = Field(default=None, gt=0, le=10_000)
    burst_limit: int | None = Field(default=None, ge=1, le=5_000)

    @model_validator(mode="after")
    def _scopes_of_somebody(self) -> Self:
        if self.scopes and not self.authorize:
            raise ValueError("scopes need authorize: nobody's token is looked at")
        return self


class CorsConfig(Section):
    """What browsers may do with the API from pages of other origins; nothing without ``allow_origins``."""

    allow_origins: list[Origin] = Field(default_factory=list, max_length=50)
    allow_methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*"]] = Field(
        default=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], min_length=1
    )
    allow_headers: list[Annotated[str, Field(pattern=r"^[a-z0-9*-]+$")]] = Field(
        default=["authorization", "content-type"], max_length=50
    )
    expose_headers: list[Annotated[str, Field(pattern=r"^[a-z0-9*-]+$")]] = Field(default_factory=list, max_length=50)
    allow_credentials: bool = False
    max_age_seconds: int = Field(default=600, ge=0, le=86_400)

    @model_validator(mode="after")
    def _credentials_for_the_known(self) -> Self:
        if self.allow_credentials and "*" in (*self.allow_origins, *self.allow_methods, *self.allow_headers):
            raise ValueError("allowCredentials excludes *: name the origins, methods and headers")
        return self


class CustomDomainConfig(Section):
    """The API's own name, with a record in the zone. Everything but ``prefix`` and ``exclusive`` stands in for outputs of dns:
    the name is ``{prefix}.{zoneName}`` where none is given. ``exclusive`` closes the API's endpoint of AWS's name.
    """

    enabled: bool = False
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")] = "api"
    name: DomainName | None = None
    zone_name: Input[DomainName] | None = None
    zone_id: Input[Annotated[str, Field(pattern=r"^[A-Z0-9]+$", max_length=32)]] | None = None
    certificate_arn: Input[Annotated[str, Field(pattern=r"^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:.+$")]] | None = None
    exclusive: bool = False


class ServicesApiConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``issuer`` and ``clientIds`` stand in for outputs of authentication,
    ``functionArns`` and ``functionNames`` for those of compute-lambda.
    """

    issuer: Input[Annotated[str, Field(pattern=r"^https://\S+$", max_length=512)]] | None = None
    client_ids: Input[dict[str, Input[str]]] | None = None
    function_arns: Input[dict[str, Input[FunctionArn]]] | None = None
    function_names: Input[dict[str, Input[FunctionName]]] | None = None
    routes: dict[RouteKey, RouteConfig] = Field(default={DEFAULT_ROUTE: RouteConfig()}, max_length=300)
    clients: list[str] = Field(default_factory=list, max_length=50)
    timeout_seconds: float = Field(default=30, ge=0.05, le=30)
    rate_limit: float = Field(default=100, gt=0, le=10_000)
    burst_limit: int = Field(default=50, ge=1, le=5_000)
    cors: CorsConfig = CorsConfig()
    detailed_metrics: bool = False
    log_retention_days: RetentionDays = 30
    log_kms_key_arn: Input[Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]] | None = (
        None
    )
    custom_domain: CustomDomainConfig = CustomDomainConfig()
