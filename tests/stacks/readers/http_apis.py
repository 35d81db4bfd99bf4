"""API Gateway's HTTP APIs."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by


def _of_api(operation: str, identifier: str, found: str) -> Reader:
    return told_by(
        "apigatewayv2",
        operation,
        lambda resource: {"ApiId": resource["outputs"]["apiId"], identifier: resource["id"]},
        found,
        ("NotFoundException",),
    )


READERS: Mapping[str, Reader] = {
    "aws:apigatewayv2/api:Api": told_by(
        "apigatewayv2", "get_api", lambda resource: {"ApiId": resource["id"]}, "ApiId", ("NotFoundException",)
    ),
    "aws:apigatewayv2/stage:Stage": _of_api("get_stage", "StageName", "StageName"),
    "aws:apigatewayv2/route:Route": _of_api("get_route", "RouteId", "RouteId"),
    "aws:apigatewayv2/integration:Integration": _of_api("get_integration", "IntegrationId", "IntegrationId"),
    "aws:apigatewayv2/authorizer:Authorizer": _of_api("get_authorizer", "AuthorizerId", "AuthorizerId"),
    "aws:apigatewayv2/domainName:DomainName": told_by(
        "apigatewayv2",
        "get_domain_name",
        lambda resource: {"DomainName": resource["id"]},
        "DomainName",
        ("NotFoundException",),
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": told_by(
        "apigatewayv2",
        "get_api_mapping",
        lambda resource: {"DomainName": resource["outputs"]["domainName"], "ApiMappingId": resource["id"]},
        "ApiMappingId",
        ("NotFoundException",),
    ),
}
