"""Functions: what programs look up instead of creating it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cloud_local.provider.connection import Connection, NotEmulated
from cloud_local.provider.errors import AwsFailure, ProviderError, UnknownType
from cloud_local.provider.lookups import LOOKUPS
from cloud_local.provider.schema import result_of
from cloud_local.provider.shapes import from_aws, tags_from

Arguments = Mapping[str, Any]
Function = Callable[[Connection, Arguments], Mapping[str, Any]]


def invoke(connection: Connection, token: str, arguments: Arguments) -> dict[str, Any]:
    """The result of a function, with the properties its SDK type declares.

    Raises:
        UnknownType: no such function here.
        ProviderError: nothing found, or AWS refuses.
    """
    function = FUNCTIONS.get(token) or LOOKUPS.get(token)
    if function is None:
        raise UnknownType(f"the emulated aws provider has no function {token}")
    try:
        found = function(connection, arguments)
    except (ClientError, BotoCoreError) as error:
        raise AwsFailure(f"invoking {token}", error) from error
    except NotEmulated as gap:
        raise ProviderError(f"invoking {token}: {gap}") from gap
    result = {}
    for name, declared in result_of(token).items():
        value = found.get(name, arguments.get(name))
        if name == "tags" and isinstance(value, list):
            value = tags_from(value)
        fitted = from_aws(declared, value)
        if fitted is not None:
            result[name] = fitted
    return result


def _region(connection: Connection, arguments: Arguments) -> str:
    return str(arguments.get("region") or connection.settings.region)


def _caller(connection: Connection, _arguments: Arguments) -> Mapping[str, Any]:
    identity = connection.identity
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


def _current_region(connection: Connection, arguments: Arguments) -> Mapping[str, Any]:
    name = str(arguments.get("region") or arguments.get("name") or connection.settings.region)
    return {"name": name, "region": name, "id": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def _partition(connection: Connection, _arguments: Arguments) -> Mapping[str, Any]:
    name = connection.partition()
    suffix = {"aws-cn": "amazonaws.com.cn"}.get(name, "amazonaws.com")
    reverse = ".".join(reversed(suffix.split(".")))
    return {"partition": name, "id": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _zones(connection: Connection, arguments: Arguments) -> Mapping[str, Any]:
    region = _region(connection, arguments)
    filters = [{"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    request = {"AllAvailabilityZones": bool(arguments.get("allAvailabilityZones")), "Filters": filters}
    excluded = {*(arguments.get("excludeNames") or ()), *(arguments.get("excludeZoneIds") or ())}
    zones = connection.call("ec2", "describe_availability_zones", request, region)["AvailabilityZones"]
    zones = [zone for zone in zones if not {zone["ZoneName"], zone.get("ZoneId")} & excluded]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone.get("ZoneId") for zone in zones],
        "groupNames": sorted({str(zone.get("GroupName", region)) for zone in zones}),
        "id": region,
    }


def policy_document(_connection: Connection | None, arguments: Arguments) -> Mapping[str, Any]:
    """aws_iam_policy_document: the JSON that Terraform renders, and its minified form."""
    statements: list[dict[str, Any]] = []
    for source in arguments.get("sourcePolicyDocuments") or ():
        statements += _listed(json.loads(source).get("Statement"))
    statements += [_statement(item) for item in arguments.get("statements") or ()]
    for override in arguments.get("overridePolicyDocuments") or ():
        for statement in _listed(json.loads(override).get("Statement")):
            sid = statement.get("Sid")
            statements = [item for item in statements if not (sid and item.get("Sid") == sid)] + [statement]
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = statements
    minified = json.dumps(document, separators=(",", ":"))
    digest = int(hashlib.sha256(minified.encode()).hexdigest()[:8], 16)
    return {"json": json.dumps(document, indent=2), "minifiedJson": minified, "id": str(digest)}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _statement(item: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": item["sid"]} if item.get("sid") else {}
    statement["Effect"] = item.get("effect") or "Allow"
    names = {"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource"}
    for name, member in names.items():
        if item.get(name):
            statement[member] = _single(sorted(item[name], reverse=True) if len(item[name]) > 1 else item[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if item.get(name):
            statement[member] = _principals(item[name])
    for condition in item.get("conditions") or ():
        test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
        test[condition["variable"]] = _single(list(condition["values"]))
    return statement


def _principals(items: list[Mapping[str, Any]]) -> Any:
    merged: dict[str, list[Any]] = {}
    for item in items:
        merged.setdefault(item["type"], []).extend(item["identifiers"])
    if merged == {"*": ["*"]}:
        return "*"
    return {kind: _single(identifiers) for kind, identifiers in merged.items()}


# The accounts of Elastic Load Balancing that write access logs, from AWS's own table (regions opened before August 2022).
_BALANCER_ACCOUNTS: Final = {
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "eu-north-1": "897822967062",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-south-1": "718504428378",
    "sa-east-1": "507241528517",
}


def _balancer_account(connection: Connection, arguments: Arguments) -> Mapping[str, Any]:
    region = _region(connection, arguments)
    account = _BALANCER_ACCOUNTS.get(region)
    if account is None:
        raise ProviderError(f"unknown region {region} for the account of Elastic Load Balancing")
    return {"id": account, "arn": f"arn:{connection.partition(region)}:iam::{account}:root", "region": region}


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _current_region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:elb/getServiceAccount:getServiceAccount": _balancer_account,
}
