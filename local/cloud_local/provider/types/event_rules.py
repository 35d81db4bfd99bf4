"""EventBridge: buses, rules and their targets, and the schedules of EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.names import member_of
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import to_aws
from cloud_local.provider.types.notation import row

_DEFAULT_BUS: Final = "default"
_TARGET: Final = {
    "arn": "Arn",
    "roleArn": "RoleArn",
    "input": "Input",
    "inputPath": "InputPath",
    "inputTransformer": "InputTransformer",
    "retryPolicy": "RetryPolicy",
    "deadLetterConfig": "DeadLetterConfig",
    "ecsTarget": "EcsParameters",
    "httpTarget": "HttpParameters",
    "kinesisTarget": "KinesisParameters",
    "sqsTarget": "SqsParameters",
}
"""The properties of a target that this provider sends; another one is named in a warning."""
_NESTED: Final = {"inputPaths": "InputPathsMap", "orderedPlacementStrategies": "PlacementStrategy"}
_RULE: Final = ("description", "eventPattern", "isEnabled", "roleArn", "scheduleExpression", "state")


def _bus(scene: Scene) -> str:
    return str(scene.properties.get("eventBusName") or _DEFAULT_BUS)


def _rule_id(scene: Scene) -> str:
    """Rules of another than the default bus are told by both names."""
    name, bus = str(scene.properties["name"]), _bus(scene)
    return name if bus == _DEFAULT_BUS else f"{bus}/{name}"


def _rule_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """`isEnabled` is the older spelling of `state`; only rules that AWS manages need force."""
    enabled = scene.properties.get("isEnabled")
    if operation == "put_rule" and enabled is not None and scene.properties.get("state") is None:
        arguments["State"] = "ENABLED" if enabled else "DISABLED"
    if operation == "delete_rule":
        arguments["Force"] = bool(scene.properties.get("forceDestroy"))


def _target_id(scene: Scene) -> str:
    rule, target, bus = scene.properties["rule"], scene.properties["targetId"], _bus(scene)
    return f"{rule}-{target}" if bus == _DEFAULT_BUS else f"{bus}-{rule}-{target}"


def _target_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "put_targets":
        shape = scene.connection.model("events", "put_targets").input_shape.members["Targets"].member
        target: dict[str, Any] = {"Id": scene.properties["targetId"]}
        for name in _TARGET.keys() & scene.properties.keys():
            member = member_of(name, _TARGET, shape.members)
            if member is not None and scene.properties[name] is not None:
                target[member] = to_aws(shape.members[member], scene.properties[name], _NESTED)
        network = target.get("EcsParameters", {}).get("NetworkConfiguration", {}).get("awsvpcConfiguration", {})
        if "AssignPublicIp" in network:
            network["AssignPublicIp"] = "ENABLED" if network["AssignPublicIp"] == "true" else "DISABLED"
        arguments["Targets"] = [target]
    if operation == "remove_targets":
        arguments["Force"] = bool(scene.properties.get("forceDestroy"))


def _target(scene: Scene) -> Any:
    where = {"Rule": scene.properties["rule"], "EventBusName": _bus(scene)}
    found = scene.ask("list_targets_by_rule", where) or {}
    return next((item for item in found.get("Targets", ()) if item["Id"] == scene.properties["targetId"]), None)


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:cloudwatch/eventBus:EventBus": row(
        "events",
        "create_event_bus",
        "{name}",
        {"Name": "{id}"},
        ["describe_event_bus"],
        delete="delete_event_bus",
        updates=[Update("update_event_bus", on_create=False, zero=True)],
        replace=["name", "eventSourceName"],
        unread=["eventSourceName"],
        auto_name=AutoName(longest=256),
    ),
    "aws:cloudwatch/eventRule:EventRule": row(
        "events",
        "put_rule",
        "{name}",
        {"Name": "{name}", "EventBusName": "{eventBusName}"},
        ["describe_rule"],
        delete="delete_rule",
        updates=[Update("put_rule", _RULE, on_create=False, whole=True)],
        identify=_rule_id,
        replace=["name", "eventBusName", "namePrefix"],
        provider_only=["forceDestroy", "namePrefix", "isEnabled"],
        defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
        sticky=["state"],
        auto_name=AutoName(longest=64),
        prepare=_rule_arguments,
    ),
    "aws:cloudwatch/eventTarget:EventTarget": row(
        "events",
        "put_targets",
        "{rule}-{targetId}",
        {"Rule": "{rule}", "EventBusName": "{eventBusName}"},
        [Read("list_targets_by_rule", by=_target)],
        delete="remove_targets",
        delete_arguments={"Ids": ["{targetId}"]},
        updates=[Update("put_targets", tuple(_TARGET), on_create=False, whole=True)],
        identify=_target_id,
        rename={"targetId": "Id", "rule": "Rule", **_TARGET},
        nested=_NESTED,
        provider_only=["forceDestroy"],
        defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
        outputs={"rule": "{rule}", "eventBusName": "{eventBusName}", "targetId": "{targetId}"},
        auto_name=AutoName(property="targetId", longest=64),
        prepare=_target_arguments,
    ),
    "aws:scheduler/schedule:Schedule": row(
        "scheduler",
        "create_schedule",
        "{groupName}/{name}",
        {"Name": "{name}", "GroupName": "{groupName}"},
        ["get_schedule"],
        delete="delete_schedule",
        updates=[Update("update_schedule", on_create=False, whole=True)],
        replace=["name", "groupName", "namePrefix"],
        provider_only=["namePrefix"],
        defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
        sticky=["actionAfterCompletion"],
        auto_name=AutoName(longest=64),
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": row(
        "scheduler",
        "create_schedule_group",
        "{name}",
        {"Name": "{name}"},
        ["get_schedule_group"],
        delete="delete_schedule_group",
        provider_only=["namePrefix"],
        replace=["name", "namePrefix"],
        auto_name=AutoName(longest=64),
    ),
}
