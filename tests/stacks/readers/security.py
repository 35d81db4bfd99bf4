"""KMS, WAF, CloudTrail and log groups."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by


def _alias(clients: Clients, resource: Resource) -> bool:
    pages = clients("kms").get_paginator("list_aliases").paginate()
    return any(alias["AliasName"] == resource["id"] for page in pages for alias in page["Aliases"])


def _log_group(clients: Clients, resource: Resource) -> bool:
    found = clients("logs").describe_log_groups(logGroupNamePrefix=resource["id"])["logGroups"]
    return any(group["logGroupName"] == resource["id"] for group in found)


RECORDED = frozenset({"aws:accessanalyzer/analyzer:Analyzer"})

READERS: Mapping[str, Reader] = {
    "aws:kms/key:Key": told_by(
        "kms",
        "describe_key",
        lambda resource: {"KeyId": resource["id"]},
        "KeyMetadata.KeyState != 'PendingDeletion'",  # AWS deletes a key after a window of days
        ("NotFoundException",),
    ),
    "aws:kms/alias:Alias": _alias,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudtrail/trail:Trail": told_by(
        "cloudtrail",
        "get_trail",
        lambda resource: {"Name": resource["outputs"]["arn"]},
        "Trail",
        ("TrailNotFoundException",),
    ),
    "aws:wafv2/webAcl:WebAcl": told_by(
        "wafv2",
        "get_web_acl",
        lambda resource: {
            "Name": resource["outputs"]["name"],
            "Scope": resource["outputs"]["scope"],
            "Id": resource["id"],
        },
        "WebACL",
        ("WAFNonexistentItemException",),
    ),
}
