"""WAF, CloudTrail, Access Analyzer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import from_aws, to_aws
from cloud_local.provider.types.notation import row


def _lock_token(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """WAF takes a change only with the token of the state it is based on."""
    if operation in ("update_web_acl", "delete_web_acl"):
        identity = {name: arguments[name] for name in ("Id", "Name", "Scope")}
        arguments["LockToken"] = scene.call("get_web_acl", identity)["LockToken"]
    if operation in ("create_web_acl", "update_web_acl"):
        arguments.setdefault("Rules", [])


def _web_acl_facts(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    identity = scene.fill(dict(scene.row.identity))
    return {"scope": scene.properties.get("scope"), "lockToken": scene.call("get_web_acl", identity)["LockToken"]}


def _trail_settings(scene: Scene) -> None:
    """Logging and selectors are operations of their own."""
    properties = scene.properties
    if bool(properties.get("enableLogging", True)) != bool(scene.old.get("enableLogging", False)):
        operation = "start_logging" if properties.get("enableLogging", True) else "stop_logging"
        if scene.old or operation == "start_logging":
            scene.call(operation, {"Name": scene.properties["name"]})
    for operation, names in (
        ("put_event_selectors", ("eventSelectors", "advancedEventSelectors")),
        ("put_insight_selectors", ("insightSelectors",)),
    ):
        if not any(name in (scene.changed if scene.old else properties) for name in names):
            continue
        shape = scene.connection.model("cloudtrail", operation).input_shape
        arguments: dict[str, Any] = {"TrailName": scene.properties["name"]}
        for name in names:
            member = name[0].upper() + name[1:]
            if properties.get(name):
                arguments[member] = to_aws(shape.members[member], properties[name])
        if len(arguments) == 1:  # nothing declared any more: back to AWS's own default
            default = {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}
            arguments |= default if operation == "put_event_selectors" else {"InsightSelectors": []}
        scene.call(operation, arguments)


def _trail_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    status = scene.call("get_trail_status", {"Name": scene.properties["name"]})
    selectors = scene.ask("get_event_selectors", {"TrailName": scene.properties["name"]}) or {}
    outputs = scene.schema.outputs
    facts = {
        "enableLogging": bool(status.get("IsLogging")),
        "enableLogFileValidation": bool(found.get("LogFileValidationEnabled")),
        "cloudWatchLogsGroupArn": found.get("CloudWatchLogsLogGroupArn"),
    }
    for name in ("eventSelectors", "advancedEventSelectors"):
        live = selectors.get(name[0].upper() + name[1:])
        facts[name] = from_aws(outputs[name], live) if live and name in scene.properties else None
    if found.get("HasInsightSelectors"):
        insights = scene.ask("get_insight_selectors", {"TrailName": scene.properties["name"]}) or {}
        facts["insightSelectors"] = from_aws(outputs["insightSelectors"], insights.get("InsightSelectors"))
    return facts


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:wafv2/webAcl:WebAcl": row(
        "wafv2",
        "create_web_acl",
        "Summary.Id",
        {"Id": "{id}", "Name": "{name}", "Scope": "{scope}"},
        ["get_web_acl WebACL"],
        delete="delete_web_acl",
        updates=[Update("update_web_acl", on_create=False, whole=True)],
        replace=["name", "scope"],
        provider_only=["namePrefix"],
        auto_name=AutoName(longest=128),
        prepare=_lock_token,
        enrich=_web_acl_facts,
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": row(
        "wafv2",
        "associate_web_acl",
        "{webAclArn},{resourceArn}",
        {"ResourceArn": "{resourceArn}"},
        ["get_web_acl_for_resource WebACL"],
        delete="disassociate_web_acl",
        outputs={"resourceArn": "{resourceArn}", "webAclArn": "{webAclArn}"},
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": row(
        "wafv2",
        "put_logging_configuration",
        "{resourceArn}",
        {"ResourceArn": "{resourceArn}"},
        ["get_logging_configuration LoggingConfiguration"],
        delete="delete_logging_configuration",
        updates=[Update("put_logging_configuration", on_create=False, whole=True)],
        replace=["resourceArn"],
        body="LoggingConfiguration",
    ),
    "aws:cloudtrail/trail:Trail": row(
        "cloudtrail",
        "create_trail",
        "arn:{arn_partition}:cloudtrail:{arn_region}:{arn_account}:trail/{name}",
        {"Name": "{name}", "TrailName": "{name}"},
        [Read("describe_trails", "trailList[0]", {"trailNameList": ["{name}"]})],
        identify=lambda scene: str(scene.answer["TrailARN"]),
        delete="delete_trail",
        updates=[Update("update_trail", on_create=False, zero=True)],
        replace=["name"],
        by_hook=["enableLogging", "eventSelectors", "advancedEventSelectors", "insightSelectors"],
        defaults={
            "enableLogging": True,
            "includeGlobalServiceEvents": True,
            "enableLogFileValidation": False,
            "isMultiRegionTrail": False,
            "isOrganizationTrail": False,
        },
        rename={"arn": "TrailARN", "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn"},
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=128),
        enrich=_trail_facts,
        created=_trail_settings,
        updated=_trail_settings,
    ),
    "aws:accessanalyzer/analyzer:Analyzer": row(
        "accessanalyzer",
        "create_analyzer",
        "{analyzerName}",
        {"analyzerName": "{id}"},
        ["get_analyzer analyzer"],
        delete="delete_analyzer",
        updates=[Update("update_analyzer", ("configuration",), on_create=False)],
        defaults={"type": "ACCOUNT"},
        auto_name=None,
    ),
}
