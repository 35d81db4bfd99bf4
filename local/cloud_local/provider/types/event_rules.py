"""EventBridge: rules, their targets, and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_TARGET: Final = {
    "arn": "Arn",
    "roleArn": "RoleArn",
    "input": "Input",
    "inputPath": "InputPath",
    "retryPolicy": "RetryPolicy",
    "deadLetterConfig": "DeadLetterConfig",
}
"""The properties of a target that this provider sends; another one is named in a warning."""
_RETRIES: Final = {"maximumEventAgeInSeconds": "MaximumEventAgeInSeconds", "maximumRetryAttempts": "MaximumRetryAttempts"}


def _state(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """`isEnabled` is the older spelling of `state`."""
    if operation == "put_rule" and scene.properties.get("isEnabled") is False and "state" not in scene.properties:
        arguments["State"] = "DISABLED"


def _no_targets(scene: Scene) -> None:
    """With `forceDestroy` the targets of others go first."""
    if not scene.properties.get("forceDestroy"):
        return
    bus = {"Rule": scene.id.rpartition("/")[2], "EventBusName": scene.properties.get("eventBusName") or "default"}
    found = scene.call("list_targets_by_rule", bus).get("Targets") or ()
    if found:
        scene.call("remove_targets", {**bus, "Ids": [target["Id"] for target in found]})


def _put_target(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "put_targets":
        target: dict[str, Any] = {"Id": scene.properties["targetId"]}
        for name, member in _TARGET.items():
            value = scene.properties.get(name)
            if isinstance(value, Mapping):
                names = _RETRIES if name == "retryPolicy" else {"arn": "Arn"}
                value = {names[key]: item for key, item in value.items() if key in names}
            if value is not None:
                target[member] = value
        arguments["Targets"] = [target]


def _target(scene: Scene) -> Any:
    rule, bus = scene.properties["rule"], scene.properties.get("eventBusName") or "default"
    found = scene.ask("list_targets_by_rule", {"Rule": rule, "EventBusName": bus}) or {}
    return next((item for item in found.get("Targets", ()) if item["Id"] == scene.properties["targetId"]), None)


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:cloudwatch/eventRule:EventRule": row(
        "events",
        "put_rule",
        "{name}",
        {"Name": "{id}"},
        ["describe_rule"],
        delete="delete_rule",
        updates=[Update("put_rule", on_create=False, whole=True)],
        replace=["name", "eventBusName"],
        provider_only=["forceDestroy", "namePrefix", "isEnabled"],
        defaults={"eventBusName": "default", "forceDestroy": False},
        sticky=["state", "description"],
        auto_name=AutoName(longest=64),
        prepare=_state,
        deleting=_no_targets,
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
        rename={"targetId": "Id", "rule": "Rule", **_TARGET},
        provider_only=["forceDestroy"],
        defaults={"eventBusName": "default", "forceDestroy": False},
        outputs={"rule": "{rule}", "eventBusName": "{eventBusName}", "targetId": "{targetId}"},
        auto_name=AutoName(property="targetId", longest=64),
        prepare=_put_target,
    ),
    "aws:scheduler/schedule:Schedule": row(
        "scheduler",
        "create_schedule",
        "{groupName}/{name}",
        {"Name": "{name}", "GroupName": "{groupName}"},
        ["get_schedule"],
        delete="delete_schedule",
        updates=[Update("update_schedule", on_create=False, whole=True)],
        replace=["name", "groupName"],
        provider_only=["namePrefix"],
        defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
        sticky=["actionAfterCompletion", "description"],
        auto_name=AutoName(longest=64),
    ),
}
