"""HTTP APIs and what belongs to them: for every type a declaration and its changes."""

from __future__ import annotations

from tests.contract.aws_provider_dns_cases import certificate
from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, World

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:api"


def api(w: World) -> Resource:
    return w.one("api", "aws:apigatewayv2/api:Api", lambda: {"protocolType": "HTTP"})


def integration(w: World) -> Resource:
    inputs = {"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "integrationMethod": "POST"}
    return w.one("integration", "aws:apigatewayv2/integration:Integration", lambda: {"apiId": api(w).id, **inputs})


def authorizer(w: World) -> Resource:
    return w.one(
        "authorizer",
        "aws:apigatewayv2/authorizer:Authorizer",
        lambda: {
            "apiId": api(w).id,
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {"audiences": ["client"], "issuer": "https://issuer.example"},
        },
    )


def domain(w: World) -> Resource:
    configuration = {
        "certificateArn": certificate(w).id,
        "endpointType": "REGIONAL",
        "securityPolicy": "TLS_1_2",
    }
    return w.one(
        "domain",
        "aws:apigatewayv2/domainName:DomainName",
        lambda: {"domainName": "api.shop.example", "domainNameConfiguration": configuration},
    )


def stage(w: World) -> Resource:
    return w.one("stage", "aws:apigatewayv2/stage:Stage", lambda: {"apiId": api(w).id, "name": "$default"})


CASES: tuple[Case, ...] = (
    Case(
        "aws:apigatewayv2/api:Api",
        lambda w: {
            "protocolType": "HTTP",
            "description": "first",
            "corsConfiguration": {"allowOrigins": ["https://a.example"], "allowMethods": ["GET"], "maxAge": 60},
            **TAGGED,
        },
        lambda w: {
            "description": "second",
            "disableExecuteApiEndpoint": True,
            "corsConfiguration": {"allowOrigins": ["https://b.example"], "allowCredentials": True},
            **RETAGGED,
        },
        lambda w: {"protocolType": "WEBSOCKET"},
    ),
    Case(
        "aws:apigatewayv2/stage:Stage",
        lambda w: {
            "apiId": api(w).id,
            "name": "$default",
            "autoDeploy": True,
            "accessLogSettings": {"destinationArn": LOGS, "format": '{"path": "$context.path"}'},
            "defaultRouteSettings": {"throttlingBurstLimit": 50, "throttlingRateLimit": 100},
            "routeSettings": [{"routeKey": "GET /orders", "throttlingRateLimit": 5}],
            "stageVariables": {"level": "info"},
            **TAGGED,
        },
        lambda w: {
            "defaultRouteSettings": {"throttlingBurstLimit": 5, "throttlingRateLimit": 10},
            "routeSettings": [{"routeKey": "GET /orders", "throttlingRateLimit": 7}],
            "stageVariables": {"size": "1"},
            **RETAGGED,
        },
        lambda w: {"name": "v1"},
    ),
    Case(
        "aws:apigatewayv2/route:Route",
        lambda w: {
            "apiId": api(w).id,
            "routeKey": "GET /orders",
            "target": f"integrations/{integration(w).id}",
            "authorizationType": "JWT",
            "authorizerId": authorizer(w).id,
            "authorizationScopes": ["openid"],
        },
        lambda w: {"routeKey": "GET /orders/{id}", "authorizationScopes": ["email"]},
        lambda w: {"apiId": "other"},
    ),
    Case(
        "aws:apigatewayv2/integration:Integration",
        lambda w: {
            "apiId": api(w).id,
            "integrationType": "AWS_PROXY",
            "integrationUri": FUNCTION,
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutMilliseconds": 10000,
            "requestParameters": {"overwrite:path": "/a", "append:header.from": "api"},
            "responseParameters": [{"statusCode": "500", "mappings": {"overwrite:statuscode": "502"}}],
        },
        lambda w: {
            "integrationUri": f"{FUNCTION}:live",
            "timeoutMilliseconds": 5000,
            "requestParameters": {"overwrite:path": "/b"},
        },
        lambda w: {"integrationType": "HTTP_PROXY"},
    ),
    Case(
        "aws:apigatewayv2/authorizer:Authorizer",
        lambda w: {
            "apiId": api(w).id,
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {"audiences": ["one", "two"], "issuer": "https://issuer.example"},
        },
        lambda w: {"jwtConfiguration": {"audiences": ["three"], "issuer": "https://issuer.example"}},
        lambda w: {"apiId": "other"},
    ),
    Case(
        "aws:apigatewayv2/domainName:DomainName",
        lambda w: {
            "domainName": "api.shop.example",
            "domainNameConfiguration": {
                "certificateArn": certificate(w).id,
                "endpointType": "REGIONAL",
                "securityPolicy": "TLS_1_2",
            },
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"domainName": "other.shop.example"},
    ),
    Case(
        "aws:apigatewayv2/apiMapping:ApiMapping",
        lambda w: {"apiId": api(w).id, "domainName": domain(w).id, "stage": stage(w).id, "apiMappingKey": "v1"},
        None,
        lambda w: {"apiId": "other", "domainName": "other.shop.example"},
    ),
)
