"""The services-api stack: deployed before a function, read back from API Gateway, Lambda and Route 53."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import merged
from tests.stacks.cases.services_api import CERTIFICATE
from tests.stacks.conftest import Deployer

pytestmark = pytest.mark.xdist_group("stacks")

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_shop"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

Config = Mapping[str, Any]


@pytest.fixture
def alone(base: Deployer) -> Iterator[Config]:
    """Configuration that takes the place of authentication and compute-lambda: one client, and a function made by hand."""
    roles, functions = base.client("iam"), base.client("lambda")
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = roles.create_role(RoleName="by-hand", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context): return {}\n")
    function = functions.create_function(
        FunctionName="by-hand",
        Role=role,
        Runtime="python3.12",
        Handler="handler.handle",
        Code={"ZipFile": code.getvalue()},
    )
    yield {
        "issuer": ISSUER,
        "clientIds": {"web": "1web", "server": "2server"},
        "functionArns": {"worker": function["FunctionArn"]},
        "functionNames": {"worker": "by-hand"},
    }
    functions.delete_function(FunctionName="by-hand")
    roles.delete_role(RoleName="by-hand")


def up(deployer: Deployer, config: Config) -> dict[str, Any]:
    deployer.up("services-api", config)
    return deployer.outputs("services-api")


def routes(deployer: Deployer, outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = deployer.client("apigatewayv2").get_routes(ApiId=outputs["apiId"])["Items"]
    return {item["RouteKey"]: item for item in found}


def test_every_request_needs_a_token_of_the_pool_and_reaches_the_function(alone: Config, deployer: Deployer) -> None:
    outputs, client = up(deployer, alone), deployer.client("apigatewayv2")
    assert set(outputs) == {"apiId", "apiEndpoint", "customDomain", "stack", "deployment", "env"}
    assert outputs["customDomain"] == ""
    api = client.get_api(ApiId=outputs["apiId"])
    assert (api["ApiEndpoint"], api["ProtocolType"]) == (outputs["apiEndpoint"], "HTTP")
    assert "CorsConfiguration" not in api

    found = routes(deployer, outputs)
    assert set(found) == {"$default"}
    assert found["$default"]["AuthorizationType"] == "JWT"
    authorizer = client.get_authorizer(ApiId=outputs["apiId"], AuthorizerId=found["$default"]["AuthorizerId"])
    assert authorizer["JwtConfiguration"] == {"Issuer": ISSUER, "Audience": ["2server", "1web"]}
    integration_id = found["$default"]["Target"].removeprefix("integrations/")
    integration = client.get_integration(ApiId=outputs["apiId"], IntegrationId=integration_id)
    assert integration["IntegrationUri"] == alone["functionArns"]["worker"]
    assert integration["PayloadFormatVersion"] == "2.0"


def test_only_this_api_may_call_the_function_for_it(alone: Config, deployer: Deployer) -> None:
    outputs = up(deployer, alone)
    document = json.loads(deployer.client("lambda").get_policy(FunctionName="by-hand")["Policy"])
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert statement["Action"] == "lambda:InvokeFunction"
    (source,) = statement["Condition"]["ArnLike"].values()
    assert source.endswith(f":{outputs['apiId']}/*/*")


def test_requests_are_limited_and_logged_without_what_is_secret(alone: Config, deployer: Deployer) -> None:
    outputs = up(deployer, {**alone, "rateLimit": 20, "burstLimit": 10, "logRetentionDays": 7})
    stage = deployer.client("apigatewayv2").get_stage(ApiId=outputs["apiId"], StageName="$default")
    limits = stage["DefaultRouteSettings"]
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (20, 10)
    logs = stage["AccessLogSettings"]
    name = logs["DestinationArn"].rpartition(":log-group:")[2]
    (group,) = deployer.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == 7
    assert not any("header" in value or "query" in value for value in json.loads(logs["Format"]).values())


def test_browsers_of_named_origins_ask_without_a_token(alone: Config, deployer: Deployer) -> None:
    config = {**alone, "cors": {"allowOrigins": ["https://shop.example"]}, "clients": ["web"]}
    outputs = up(deployer, config)
    cors = deployer.client("apigatewayv2").get_api(ApiId=outputs["apiId"])["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://shop.example"]
    assert cors["AllowHeaders"] == ["authorization", "content-type"]
    found = routes(deployer, outputs)
    assert {key: route["AuthorizationType"] for key, route in found.items()} == {
        "$default": "JWT",
        "OPTIONS /{proxy+}": "NONE",
    }
    (authorizer,) = [
        item["outputs"] for item in deployer.resources("services-api") if item["type"].endswith(":Authorizer")
    ]
    assert authorizer["jwtConfiguration"]["audiences"] == ["1web"]


def test_its_own_name_leads_to_it(alone: Config, base: Deployer, deployer: Deployer) -> None:
    dns = base.outputs("dns")
    domain = {"enabled": True, "zoneId": dns["zoneId"], "zoneName": dns["zoneName"], "certificateArn": CERTIFICATE}
    outputs = up(deployer, {**alone, "customDomain": domain})
    name = f"api.{dns['zoneName']}"
    assert outputs["customDomain"] == name
    client = deployer.client("apigatewayv2")
    (configuration,) = client.get_domain_name(DomainName=name)["DomainNameConfigurations"]
    assert configuration["SecurityPolicy"] == "TLS_1_2"
    (mapping,) = client.get_api_mappings(DomainName=name)["Items"]
    assert (mapping["ApiId"], mapping["Stage"]) == (outputs["apiId"], "$default")
    records = deployer.client("route53").list_resource_record_sets(HostedZoneId=dns["zoneId"])["ResourceRecordSets"]
    (record,) = [item for item in records if item["Name"] == f"{name}."]
    assert record["AliasTarget"]["DNSName"].rstrip(".") == configuration["ApiGatewayDomainName"]
    assert record["AliasTarget"]["HostedZoneId"] == configuration["HostedZoneId"]

    closed = up(deployer, merged({**alone, "customDomain": domain}, {"customDomain": {"exclusive": True}}))
    assert client.get_api(ApiId=closed["apiId"])["DisableExecuteApiEndpoint"] is True


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"routes": {"$default": {"function": "mailer"}}}, "has no function 'mailer'; it has worker"),
        ({"clients": ["phone"]}, "clients: phone is no client of the stack 'authentication'; it has server, web"),
        ({"clientIds": {}}, "nobody could call: the stack 'authentication' has no client"),
    ],
)
def test_what_other_stacks_do_not_have_is_named_in_the_preview(
    config: Config, complaint: str, alone: Config, deployer: Deployer
) -> None:
    with pytest.raises(CommandError, match=complaint):
        deployer.stack("services-api", {**alone, **config}).preview()


def test_an_open_api_reads_nothing_of_authentication(alone: Config, deployer: Deployer) -> None:
    functions = {key: value for key, value in alone.items() if key.startswith("function")}
    steps = deployer.preview("services-api", {**functions, "routes": {"GET /health": {"authorize": False}}})
    assert "aws:apigatewayv2/authorizer:Authorizer" not in {step.type for step in steps}
    (route,) = [step for step in steps if step.type == "aws:apigatewayv2/route:Route"]
    assert (route.name, route.inputs["authorizationType"]) == ("GET /health", "NONE")
