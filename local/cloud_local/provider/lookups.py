"""Functions that find one existing thing, or the identifiers of many: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import jmespath  # type: ignore[import-untyped]  # no stubs

from cloud_local.provider.connection import Connection
from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import fill
from cloud_local.provider.names import match, noun_of
from cloud_local.provider.schema import result_of
from cloud_local.provider.types.listeners import LISTENER_FUNCTION, look_up_listener

Lookup = Callable[[Connection, Mapping[str, Any]], Mapping[str, Any]]


def _filters(arguments: Mapping[str, Any], named: Mapping[str, str]) -> list[dict[str, Any]]:
    """EC2 filters: those given, tags, and arguments that are filters of another name."""
    filters = [{"Name": item["name"], "Values": list(item["values"])} for item in arguments.get("filters") or ()]
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()]
    for argument, name in named.items():
        value = arguments.get(argument)
        if value is not None and value is not False:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            filters.append({"Name": name, "Values": [text]})
    return filters


def _found(token: str, noun: str, item: Mapping[str, Any], identifier: str, region: str) -> dict[str, Any]:
    result = {}
    for name in result_of(token):
        member = match(name, item, noun)
        if member is not None:
            result[name] = item[member]
    return {**result, "id": item[identifier], "region": region, "tags": item.get("Tags", [])}


def ec2(token: str, operation: str, items: str, identifier: str, **filters: str) -> Lookup:
    """One thing of EC2, by id, filters and tags."""

    def look(connection: Connection, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        region = str(arguments.get("region") or connection.settings.region)
        request: dict[str, Any] = {"Filters": _filters(arguments, filters)}
        if arguments.get("id"):
            request[identifier + "s"] = [arguments["id"]]
        if arguments.get("owners"):
            request["Owners"] = list(arguments["owners"])
        hits = connection.call("ec2", operation, request, region)[items]
        if arguments.get("mostRecent") and hits:
            hits = [max(hits, key=lambda item: str(item.get("CreationDate")))]
        if len(hits) != 1:
            what = "no results" if not hits else f"{len(hits)} results instead of one"
            raise ProviderError(f"{token}: your query returned {what}. Please change your search criteria.")
        found = _found(token, noun_of(operation).removesuffix("s"), hits[0], identifier, region)
        kind = identifier.removesuffix("Id").lower()
        account = connection.account
        if "arn" in result_of(token) and not found.get("arn"):
            found["arn"] = f"arn:{connection.partition(region)}:ec2:{region}:{account}:{kind}/{hits[0][identifier]}"
        return found

    return look


def ec2_ids(operation: str, items: str, identifier: str) -> Lookup:
    """The identifiers of many things of EC2, by filters and tags."""

    def look(connection: Connection, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        region = str(arguments.get("region") or connection.settings.region)
        hits = connection.call("ec2", operation, {"Filters": _filters(arguments, {})}, region)[items]
        return {"ids": [item[identifier] for item in hits], "id": region}

    return look


def one(token: str, service: str, operation: str, found: str, request: Mapping[str, Any], **results: str) -> Lookup:
    """One thing of another service; `results` are JMESPaths over what is found, for names that don't match."""

    def look(connection: Connection, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        region = str(arguments.get("region") or connection.settings.region)
        known = {**arguments, "account": connection.account}
        answer = connection.call(service, operation, fill(request, known), region)
        item = jmespath.search(found, answer)
        if not item:
            raise ProviderError(f"{token}: nothing found")
        result: dict[str, Any] = {"region": region}
        for name in result_of(token):
            member = match(name, item, noun_of(operation))
            if member is not None:
                result[name] = item[member]
        return {**result, **{name: jmespath.search(path, item) for name, path in results.items()}}

    return look


def _alias(connection: Connection, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """A KMS alias; KMS lists them and has no way to ask for one."""
    region = str(arguments.get("region") or connection.settings.region)
    name = arguments["name"]
    aliases = [item for page in connection.pages("kms", "list_aliases", {}, region) for item in page["Aliases"]]
    found = next((item for item in aliases if item["AliasName"] == name), None)
    if found is None:
        raise ProviderError(f"reading KMS Alias ({name}): empty result")
    key = connection.call("kms", "describe_key", {"KeyId": found["TargetKeyId"]}, region)["KeyMetadata"]
    return {"id": found["AliasArn"], "arn": found["AliasArn"], "targetKeyId": key["KeyId"], "targetKeyArn": key["Arn"]}


def _random_password(connection: Connection, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Another one at every call, as AWS does it."""
    names = {
        "passwordLength": "PasswordLength",
        "excludeCharacters": "ExcludeCharacters",
        "excludeLowercase": "ExcludeLowercase",
        "excludeNumbers": "ExcludeNumbers",
        "excludePunctuation": "ExcludePunctuation",
        "excludeUppercase": "ExcludeUppercase",
        "includeSpace": "IncludeSpace",
        "requireEachIncludedType": "RequireEachIncludedType",
    }
    given = {member: arguments[name] for name, member in names.items() if arguments.get(name) is not None}
    if "PasswordLength" in given:
        given["PasswordLength"] = int(given["PasswordLength"])
    region = str(arguments.get("region") or connection.settings.region)
    password = connection.call("secretsmanager", "get_random_password", given, region)["RandomPassword"]
    return {**arguments, "randomPassword": password, "id": region, "region": region}


_VPC, _SUBNET = "aws:ec2/getVpc:getVpc", "aws:ec2/getSubnet:getSubnet"
_GROUP, _TABLE = "aws:ec2/getSecurityGroup:getSecurityGroup", "aws:ec2/getRouteTable:getRouteTable"
_AMI, _KEY, _ALIAS = "aws:ec2/getAmi:getAmi", "aws:kms/getKey:getKey", "aws:kms/getAlias:getAlias"
_PARAMETER, _ROLE = "aws:ssm/getParameter:getParameter", "aws:iam/getRole:getRole"
_SECRET = "aws:secretsmanager/getSecret:getSecret"  # noqa: S105 - a function's name
_SECRET_VERSION = "aws:secretsmanager/getSecretVersion:getSecretVersion"  # noqa: S105 - a function's name
_PASSWORD = "aws:secretsmanager/getRandomPassword:getRandomPassword"  # noqa: S105 - a function's name
_POLICY, _PREFIX_LIST = "aws:iam/getPolicy:getPolicy", "aws:ec2/getPrefixList:getPrefixList"

LOOKUPS: Final[Mapping[str, Lookup]] = {
    _VPC: ec2(_VPC, "describe_vpcs", "Vpcs", "VpcId", cidrBlock="cidr", default="is-default", state="state"),
    "aws:ec2/getVpcs:getVpcs": ec2_ids("describe_vpcs", "Vpcs", "VpcId"),
    _SUBNET: ec2(
        _SUBNET,
        "describe_subnets",
        "Subnets",
        "SubnetId",
        vpcId="vpc-id",
        cidrBlock="cidr",
        availabilityZone="availabilityZone",
    ),
    "aws:ec2/getSubnets:getSubnets": ec2_ids("describe_subnets", "Subnets", "SubnetId"),
    _GROUP: ec2(_GROUP, "describe_security_groups", "SecurityGroups", "GroupId", vpcId="vpc-id", name="group-name"),
    "aws:ec2/getSecurityGroups:getSecurityGroups": ec2_ids("describe_security_groups", "SecurityGroups", "GroupId"),
    _TABLE: ec2(
        _TABLE, "describe_route_tables", "RouteTables", "RouteTableId", vpcId="vpc-id", subnetId="association.subnet-id"
    ),
    _AMI: ec2(_AMI, "describe_images", "Images", "ImageId"),
    _PREFIX_LIST: ec2(_PREFIX_LIST, "describe_prefix_lists", "PrefixLists", "PrefixListId", name="prefix-list-name"),
    _KEY: one(_KEY, "kms", "describe_key", "KeyMetadata", {"KeyId": "{keyId}"}, id="KeyId"),
    _ALIAS: _alias,
    _PARAMETER: one(
        *(_PARAMETER, "ssm", "get_parameter", "Parameter", {"Name": "{name}", "WithDecryption": True}), id="Name"
    ),
    _SECRET_VERSION: one(
        *(_SECRET_VERSION, "secretsmanager", "get_secret_value", "@"),
        {"SecretId": "{secretId}", "VersionId": "{versionId}", "VersionStage": "{versionStage}"},
        id="join('|', [ARN, VersionId])",
        arn="ARN",
    ),
    _PASSWORD: _random_password,
    _SECRET: one(_SECRET, "secretsmanager", "describe_secret", "@", {"SecretId": "{name}"}, id="ARN", arn="ARN"),
    _ROLE: one(
        _ROLE,
        "iam",
        "get_role",
        "Role",
        {"RoleName": "{name}"},
        id="RoleName",
        assumeRolePolicy="AssumeRolePolicyDocument",
        uniqueId="RoleId",
    ),
    LISTENER_FUNCTION: look_up_listener,
    _POLICY: one(_POLICY, "iam", "get_policy", "Policy", {"PolicyArn": "{arn}"}, id="Arn", policyId="PolicyId"),
}
