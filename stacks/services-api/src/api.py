"""The HTTP API: routes to functions, limits, logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import apigatewayv2, cloudwatch, lambda_

from cloud_stack import Limit, shorten
from src.authorizer import AuthorizerArgs, create_authorizer
from src.configuration import DEFAULT_ROUTE, CorsConfig, RouteConfig, ServicesApiConfig

PREFLIGHT_ROUTE = "OPTIONS /{proxy+}"

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "user": "$context.authorizer.claims.sub",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
}
"""One line per request; never headers, query strings or bodies, where secrets travel."""


@dataclass(frozen=True, slots=True)
class HttpApiArgs:
    """``function_arns`` and ``function_names`` are by purpose. ``authorizer`` is None where no route asks for one."""

    name: str
    authorizer: AuthorizerArgs | None
    function_arns: pulumi.Input[Mapping[str, Any]]
    function_names: pulumi.Input[Mapping[str, Any]]
    settings: ServicesApiConfig


class HttpApi(pulumi.ComponentResource):
    """API, authorizer, one integration and one permission per function, routes, and the stage with its log group."""

    id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    stage: pulumi.Output[str]

    def __init__(self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-api:HttpApi", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self._api = apigatewayv2.Api(
            name,
            name=args.name,
            protocol_type="HTTP",
            cors_configuration=_cors(settings.cors),
            disable_execute_api_endpoint=settings.custom_domain.enabled and settings.custom_domain.exclusive,
            opts=self._child,
        )
        routes = self._create_routes()
        stage = self._create_stage(routes)
        self.id, self.endpoint, self.stage = self._api.id, self._api.api_endpoint, stage.name
        self.register_outputs({"id": self.id, "endpoint": self.endpoint})

    def _create_routes(self) -> list[apigatewayv2.Route]:
        args = self._args
        authorizer = create_authorizer("users", self._api.id, args.authorizer, self._child) if args.authorizer else None
        routes = with_preflight(args.settings)
        targets = {purpose: self._connect(purpose) for purpose in sorted({route.function for route in routes.values()})}
        return [
            apigatewayv2.Route(
                key,
                api_id=self._api.id,
                route_key=key,
                target=targets[route.function],
                **_authorization(route, authorizer),
                opts=self._child,
            )
            for key, route in routes.items()
        ]

    def _connect(self, purpose: str) -> pulumi.Output[str]:
        """The target of routes to a function, which only this API may call for it."""
        integration = apigatewayv2.Integration(
            purpose,
            api_id=self._api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=pulumi.Output.from_input(self._args.function_arns).apply(_of(purpose)),
            payload_format_version="2.0",
            timeout_milliseconds=int(self._args.settings.timeout_seconds * 1000),
            opts=self._child,
        )
        lambda_.Permission(
            purpose,
            action="lambda:InvokeFunction",
            function=pulumi.Output.from_input(self._args.function_names).apply(_of(purpose)),
            principal="apigateway.amazonaws.com",
            source_arn=self._api.execution_arn.apply("{}/*/*".format),  # any stage, any route
            opts=self._child,
        )
        return integration.id.apply("integrations/{}".format)

    def _create_stage(self, routes: list[apigatewayv2.Route]) -> apigatewayv2.Stage:
        settings = self._args.settings
        logs = cloudwatch.LogGroup(
            self._name,
            name=shorten(f"/aws/vendedlogs/{self._args.name}", Limit.LOG_GROUP),
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.log_kms_key_arn,
            opts=self._child,
        )
        limits = {"detailed_metrics_enabled": settings.detailed_metrics}
        return apigatewayv2.Stage(
            self._name,
            api_id=self._api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(ACCESS_LOG)},
            default_route_settings={
                **limits,
                "throttling_rate_limit": settings.rate_limit,
                "throttling_burst_limit": settings.burst_limit,
            },
            route_settings=[
                {
                    **limits,
                    "route_key": key,
                    "throttling_rate_limit": route.rate_limit or settings.rate_limit,
                    "throttling_burst_limit": route.burst_limit or settings.burst_limit,
                }
                for key, route in settings.routes.items()
                if route.rate_limit or route.burst_limit
            ]
            or None,
            # API Gateway refuses settings of a route that it doesn't have yet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=routes),
        )


def with_preflight(settings: ServicesApiConfig) -> Mapping[str, RouteConfig]:
    """The routes, and with CORS one more: the default route takes browsers' questions before a request too, and who asks them
    has no token yet. Without its own route every such question would be refused.
    """
    default = settings.routes.get(DEFAULT_ROUTE)
    if (
        not settings.cors.allow_origins
        or default is None
        or not default.authorize
        or PREFLIGHT_ROUTE in settings.routes
    ):
        return settings.routes
    return {**settings.routes, PREFLIGHT_ROUTE: RouteConfig(function=default.function, authorize=False)}


def _of(purpose: str) -> Callable[[Mapping[str, str]], str]:
    def pick(functions: Mapping[str, str]) -> str:
        if purpose not in functions:
            known = ", ".join(sorted(functions)) or "none"
            raise pulumi.RunError(f"routes: the stack 'compute-lambda' has no function '{purpose}'; it has {known}")
        return functions[purpose]

    return pick


def _authorization(route: RouteConfig, authorizer: apigatewayv2.Authorizer | None) -> dict[str, Any]:
    if not route.authorize or authorizer is None:
        return {"authorization_type": "NONE"}
    return {
        "authorization_type": "JWT",
        "authorizer_id": authorizer.id,
        "authorization_scopes": route.scopes or None,
    }


def _cors(settings: CorsConfig) -> dict[str, Any] | None:
    if not settings.allow_origins:
        return None
    return {
        "allow_origins": settings.allow_origins,
        "allow_methods": settings.allow_methods,
        "allow_headers": settings.allow_headers,
        "expose_headers": settings.expose_headers or None,
        "allow_credentials": settings.allow_credentials,
        "max_age": settings.max_age_seconds,
    }
