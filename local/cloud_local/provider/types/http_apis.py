"""API Gateway's HTTP and WebSocket APIs (apigatewayv2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import from_aws, to_aws
from cloud_local.provider.types.notation import row

_DEFAULT_STAGE: Final = "$default"


def _stage_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Routes' settings are a map by route; a variable is removed by an empty value."""
    given = scene.properties
    members = scene.connection.model("apigatewayv2", operation).input_shape.members
    if operation == "update_stage" and "stageVariables" in scene.changed:
        gone = dict.fromkeys(scene.old.get("stageVariables") or {}, "")
        arguments["StageVariables"] = {**gone, **(given.get("stageVariables") or {})}
    if operation == "create_stage" or (operation == "update_stage" and "routeSettings" in scene.changed):
        settings = given.get("routeSettings") or ()
        if settings or operation == "update_stage":
            shape = members["RouteSettings"].value
            arguments["RouteSettings"] = {item["routeKey"]: to_aws(shape, item) for item in settings}


def _forget_route_settings(scene: Scene) -> None:
    """UpdateStage takes settings of routes and leaves the others; what went is deleted route by route."""
    kept = {item["routeKey"] for item in scene.properties.get("routeSettings") or ()}
    for item in scene.old.get("routeSettings") or ():
        if item["routeKey"] not in kept:
            target = {"ApiId": scene.properties["apiId"], "StageName": scene.id, "RouteKey": item["routeKey"]}
            scene.ask("delete_route_settings", target)


def _stage_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    declared = scene.schema.outputs["routeSettings"]
    api = scene.ask("get_api", {"ApiId": scene.properties["apiId"]}) or {}
    scheme = "wss" if api.get("ProtocolType") == "WEBSOCKET" else "https"
    path = "" if scene.id == _DEFAULT_STAGE and scheme == "https" else scene.id
    settings = [{**settings, "RouteKey": key} for key, settings in (found.get("RouteSettings") or {}).items()]
    return {
        "routeSettings": from_aws(declared, settings) if settings else None,
        "invokeUrl": scene.fill(f"{scheme}://{{apiId}}.execute-api.{{region}}.amazonaws.com/{path}"),
        "stageVariables": {name: value for name, value in (found.get("StageVariables") or {}).items() if value},
    }


def _route_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    parameters = scene.properties.get("requestParameters")
    if operation in ("create_route", "update_route") and parameters:
        arguments["RequestParameters"] = {
            item["requestParameterKey"]: {"Required": bool(item["required"])} for item in parameters
        }


def _route_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    parameters = (found.get("RequestParameters") or {}).items()
    return {
        "requestParameters": [
            {"requestParameterKey": key, "required": item.get("Required", False)} for key, item in parameters
        ]
    }


def _integration_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Answers are changed by status code; a parameter is removed by an empty value."""
    given = scene.properties
    if operation in ("create_integration", "update_integration") and given.get("responseParameters"):
        arguments["ResponseParameters"] = {
            str(item["statusCode"]): dict(item["mappings"]) for item in given["responseParameters"]
        }
    if operation == "update_integration" and "requestParameters" in scene.changed:
        gone = dict.fromkeys(scene.old.get("requestParameters") or {}, "")
        arguments["RequestParameters"] = {**gone, **(given.get("requestParameters") or {})}


def _integration_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    responses = (found.get("ResponseParameters") or {}).items()
    return {"responseParameters": [{"statusCode": code, "mappings": dict(item)} for code, item in responses]}


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:apigatewayv2/api:Api": row(
        "apigatewayv2",
        "create_api",
        "ApiId",
        {"ApiId": "{id}"},
        ["get_api"],
        delete="delete_api",
        updates=[
            Update("update_api", ("corsConfiguration",), on_create=False, unset="delete_cors_configuration"),
            Update(
                "update_api",
                (
                    *("apiKeySelectionExpression", "credentialsArn", "description", "disableExecuteApiEndpoint"),
                    *("ipAddressType", "name", "routeKey", "routeSelectionExpression", "target", "version"),
                ),
                on_create=False,
                zero=True,
            ),
        ],
        defaults={
            "apiKeySelectionExpression": "$request.header.x-api-key",
            "routeSelectionExpression": "$request.method $request.path",
        },
        provider_only=["failOnWarnings"],
        sticky=["ipAddressType"],
        arn="apigateway:{region}::/apis/{id}",
        outputs={"executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}"},
        auto_name=AutoName(longest=128),
    ),
    "aws:apigatewayv2/stage:Stage": row(
        "apigatewayv2",
        "create_stage",
        "{name}",
        {"ApiId": "{apiId}", "StageName": "{id}"},
        ["get_stage"],
        delete="delete_stage",
        updates=[
            Update(
                "update_stage",
                (
                    *("accessLogSettings", "autoDeploy", "clientCertificateId", "defaultRouteSettings"),
                    *("deploymentId", "description", "routeSettings", "stageVariables"),
                ),
                on_create=False,
                zero=True,
            )
        ],
        rename={"name": "StageName", "routeSettings": "none"},
        defaults={"autoDeploy": False},
        sticky=["defaultRouteSettings", "deploymentId"],
        arn="apigateway:{region}::/apis/{apiId}/stages/{id}",
        outputs={"executionArn": "arn:{partition}:execute-api:{region}:{account}:{apiId}/{id}", "apiId": "{apiId}"},
        auto_name=AutoName(longest=128),
        prepare=_stage_arguments,
        enrich=_stage_facts,
        updated=_forget_route_settings,
    ),
    "aws:apigatewayv2/route:Route": row(
        "apigatewayv2",
        "create_route",
        "RouteId",
        {"ApiId": "{apiId}", "RouteId": "{id}"},
        ["get_route"],
        delete="delete_route",
        updates=[Update("update_route", on_create=False, zero=True)],
        rename={"requestParameters": "none"},
        defaults={"apiKeyRequired": False, "authorizationType": "NONE"},
        outputs={"apiId": "{apiId}"},
        prepare=_route_arguments,
        enrich=_route_facts,
    ),
    "aws:apigatewayv2/integration:Integration": row(
        "apigatewayv2",
        "create_integration",
        "IntegrationId",
        {"ApiId": "{apiId}", "IntegrationId": "{id}"},
        ["get_integration"],
        delete="delete_integration",
        updates=[
            Update(
                "update_integration",
                (
                    *("connectionId", "connectionType", "contentHandlingStrategy", "credentialsArn", "description"),
                    *("integrationMethod", "integrationUri", "passthroughBehavior", "payloadFormatVersion"),
                    *("requestParameters", "requestTemplates", "responseParameters", "templateSelectionExpression"),
                    *("timeoutMilliseconds", "tlsConfig"),
                ),
                on_create=False,
                zero=True,
            )
        ],
        rename={"timeoutMilliseconds": "TimeoutInMillis", "responseParameters": "none"},
        defaults={"connectionType": "INTERNET", "payloadFormatVersion": "1.0"},
        sticky=["integrationMethod", "passthroughBehavior", "timeoutMilliseconds"],
        outputs={"apiId": "{apiId}"},
        prepare=_integration_arguments,
        enrich=_integration_facts,
    ),
    "aws:apigatewayv2/authorizer:Authorizer": row(
        "apigatewayv2",
        "create_authorizer",
        "AuthorizerId",
        {"ApiId": "{apiId}", "AuthorizerId": "{id}"},
        ["get_authorizer"],
        delete="delete_authorizer",
        updates=[Update("update_authorizer", on_create=False, zero=True)],
        sticky=["authorizerResultTtlInSeconds"],
        outputs={"apiId": "{apiId}"},
        auto_name=AutoName(longest=128),
    ),
    "aws:apigatewayv2/domainName:DomainName": row(
        "apigatewayv2",
        "create_domain_name",
        "DomainName",
        {"DomainName": "{id}"},
        ["get_domain_name"],
        delete="delete_domain_name",
        updates=[
            Update(
                "update_domain_name",
                ("domainNameConfiguration", "mutualTlsAuthentication", "routingMode"),
                on_create=False,
                zero=True,
            )
        ],
        rename={"domainName": "DomainName"},
        nested={"targetDomainName": "ApiGatewayDomainName"},
        sticky=["routingMode"],
        computed={"domainNameConfiguration": ("targetDomainName", "hostedZoneId")},
        arn="apigateway:{region}::/domainnames/{id}",
        auto_name=None,
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": row(
        "apigatewayv2",
        "create_api_mapping",
        "ApiMappingId",
        {"DomainName": "{domainName}", "ApiMappingId": "{id}"},
        ["get_api_mapping"],
        delete="delete_api_mapping",
        updates=[
            Update(
                "update_api_mapping",
                ("apiMappingKey", "stage"),
                on_create=False,
                zero=True,
                arguments={"ApiId": "{apiId}"},
            )
        ],
        outputs={"domainName": "{domainName}"},
    ),
}
