"""What moto needs at the edge of a deployment: names, certificates, HTTP APIs, sign-in; see moto_patches.py for the rules.

Keys are the names that requests are signed for, as in resource_patches.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote


def deleted_records_can_be_made_again() -> None:
    """moto keeps a journal of changes and takes a record that was deleted for one that exists, if it is made again as it was
    while another record follows it in the zone."""
    from moto.route53.models import Route53Backend

    original = Route53Backend.change_resource_record_sets

    def identity(record: Mapping[str, Any]) -> tuple[Any, ...]:
        return record["Name"].strip("."), record["Type"], record.get("SetIdentifier")

    def change_resource_record_sets(self: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        deleted = {identity(item["ResourceRecordSet"]) for item in change_list if item["Action"] == "DELETE"}
        made = {identity(item["ResourceRecordSet"]) for item in change_list if item["Action"] != "DELETE"}
        original(self, zoneid, change_list)
        journal = self.get_hosted_zone(zoneid).rr_changes
        journal[:] = [item for item in journal if identity(item["ResourceRecordSet"]) not in deleted - made]

    Route53Backend.change_resource_record_sets = change_resource_record_sets


def certificates_are_issued_when_their_records_are_there() -> None:
    """moto issues a certificate a minute after its request, whatever DNS says. ACM does as soon as it finds the records."""
    from moto.acm.models import CertBundle
    from moto.route53.models import route53_backends

    original = CertBundle.check

    def check(self: Any) -> None:
        original(self)
        if self.type == "AMAZON_ISSUED" and self.status == "PENDING_VALIDATION":
            _, partition, _, _, account, _ = self.arn.split(":", 5)
            zones = list(route53_backends[account][partition].zones.values())
            records = [item for zone in zones for item in zone.rrsets if item.type == "CNAME" and not item.alias_target]
            there = {(item.name.rstrip("."), value) for item in records for value in item.records}
            options = self.describe()["Certificate"]["DomainValidationOptions"]
            wanted = {(item["ResourceRecord"]["Name"].rstrip("."), item["ResourceRecord"]["Value"]) for item in options}
            if wanted <= there:
                self.status = "ISSUED"

    CertBundle.check = check


def stages_can_be_changed() -> None:
    """moto has no UpdateStage: nothing about an HTTP API's stage could change once it is made."""
    from moto.apigatewayv2.responses import ApiGatewayV2Response

    names = {
        "accessLogSettings": "access_log_settings",
        "autoDeploy": "auto_deploy",
        "clientCertificateId": "client_certificate_id",
        "defaultRouteSettings": "default_route_settings",
        "description": "description",
    }

    def update_stage(self: Any) -> tuple[int, dict[str, str], str]:
        _, _, rest = self.path.partition("/apis/")
        api_id, _, stage_name = rest.split("/")
        stage = self.apigatewayv2_backend.get_stage(api_id, unquote(stage_name))
        given = json.loads(self.body)
        for member, attribute in names.items():
            if member in given:
                setattr(stage, attribute, given[member])
        stage.route_settings = {**stage.route_settings, **given.get("routeSettings", {})}
        variables = {**stage.stage_variables, **given.get("stageVariables", {})}
        stage.stage_variables = {name: value for name, value in variables.items() if value}
        return 200, {}, json.dumps(stage.to_json())

    ApiGatewayV2Response.update_stage = update_stage


def stages_and_domain_names_can_be_tagged() -> None:
    """moto keeps the tags that a stage or a domain name is made with, and answers every change of them by 404."""
    from moto.apigatewayv2.models import ApiGatewayV2Backend
    from moto.apigatewayv2.responses import ApiGatewayV2Response
    from moto.apigatewayv2.urls import url_paths

    tag, untag = ApiGatewayV2Backend.tag_resource, ApiGatewayV2Backend.untag_resource

    def held(backend: Any, arn: str) -> dict[str, str] | None:
        """The tags that the resource itself holds; those of APIs and links are held by their ARN."""
        parts = arn.rpartition("::/")[2].split("/")
        if parts[0] == "domainnames":
            return cast("dict[str, str]", backend.get_domain_name(parts[1]).tags)
        if parts[0] == "apis" and len(parts) > 2:
            return cast("dict[str, str]", backend.get_api(parts[1]).get_stage(parts[3]).tags)
        return None

    def tag_resource(self: Any, resource_arn: str, tags: dict[str, str]) -> None:
        tags_held = held(self, resource_arn)
        if tags_held is None:
            tag(self, resource_arn, tags)
        else:
            tags_held.update(tags)

    def untag_resource(self: Any, resource_arn: str, tag_keys: list[str]) -> None:
        tags_held = held(self, resource_arn)
        if tags_held is None:
            untag(self, resource_arn, tag_keys)
        else:
            for key in tag_keys:
                tags_held.pop(key, None)

    for kind in ("apis/(?P<arn_2>[^/]+)/stages/(?P<arn_3>[^/]+)", "domainnames/(?P<arn_2>[^/]+)"):
        url_paths[f"{{0}}/v2/tags/(?P<arn_1>[^/]+)/{kind}$"] = ApiGatewayV2Response.dispatch
    ApiGatewayV2Backend.tag_resource, ApiGatewayV2Backend.untag_resource = tag_resource, untag_resource


def domain_names_lead_somewhere() -> None:
    """moto doesn't say where an API's domain name leads to, so that no alias record could point there."""
    from moto.apigatewayv2.models import DomainName

    original = DomainName.to_json

    def to_json(self: Any) -> dict[str, Any]:
        told = original(self)
        region = self.domain_name_arn.split(":")[3]
        digest = hashlib.sha256(self.domain_name_arn.encode()).hexdigest()
        target = {
            "apiGatewayDomainName": f"d-{digest[:10]}.execute-api.{region}.amazonaws.com",
            "hostedZoneId": f"Z{digest[10:23].upper()}",
            "domainNameStatus": "AVAILABLE",
        }
        configurations = [{**target, **item} for item in told["domainNameConfigurations"]]
        return {**told, "domainNameConfigurations": configurations}

    DomainName.to_json = to_json


def updated_pools_keep_how_users_sign_in() -> None:
    """moto puts an update of a user pool in the place of all that the pool was made with. What an update can't say is lost by
    it: by which attributes users sign in."""
    from moto.cognitoidp.models import CognitoIdpUserPool

    original = CognitoIdpUserPool.update_extended_config
    fixed = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")

    def update_extended_config(self: Any, extended_config: dict[str, Any]) -> None:
        before = getattr(self, "extended_config", {})
        original(self, {**{name: before[name] for name in fixed if name in before}, **(extended_config or {})})

    CognitoIdpUserPool.update_extended_config = update_extended_config


def protected_pools_are_not_deleted() -> None:
    """moto deletes a user pool whose deletion protection is active."""
    from moto.cognitoidp.exceptions import InvalidParameterException
    from moto.cognitoidp.models import CognitoIdpBackend

    original = CognitoIdpBackend.delete_user_pool

    def delete_user_pool(self: Any, user_pool_id: str) -> None:
        if self.describe_user_pool(user_pool_id).extended_config.get("DeletionProtection") == "ACTIVE":
            raise InvalidParameterException(
                "The user pool cannot be deleted because deletion protection is activated. "
                "Deletion protection must be inactivated first."
            )
        original(self, user_pool_id)

    CognitoIdpBackend.delete_user_pool = delete_user_pool


EDGE_PATCHES: Mapping[str, tuple[Callable[[], None], ...]] = {
    "route53": (deleted_records_can_be_made_again,),
    "acm": (certificates_are_issued_when_their_records_are_there,),
    "apigateway": (stages_can_be_changed, stages_and_domain_names_can_be_tagged, domain_names_lead_somewhere),
    "cognito-idp": (updated_pools_keep_how_users_sign_in, protected_pools_are_not_deleted),
}
