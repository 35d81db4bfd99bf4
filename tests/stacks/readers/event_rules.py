"""EventBridge and EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by

GONE = ("ResourceNotFoundException",)


def _target(clients: Clients, resource: Resource) -> bool:
    outputs, client = resource["outputs"], clients("events")
    try:
        found = client.list_targets_by_rule(Rule=outputs["rule"], EventBusName=outputs["eventBusName"])["Targets"]
    except client.exceptions.ResourceNotFoundException:
        return False
    return any(target["Id"] == outputs["targetId"] for target in found)


READERS: Mapping[str, Reader] = {
    "aws:cloudwatch/eventBus:EventBus": told_by(
        "events", "describe_event_bus", lambda resource: {"Name": resource["id"]}, "Name", GONE
    ),
    "aws:cloudwatch/eventRule:EventRule": told_by(
        "events",
        "describe_rule",
        lambda resource: {"Name": resource["outputs"]["name"], "EventBusName": resource["outputs"]["eventBusName"]},
        "Name",
        GONE,
    ),
    "aws:cloudwatch/eventTarget:EventTarget": _target,
    "aws:scheduler/schedule:Schedule": told_by(
        "scheduler",
        "get_schedule",
        lambda resource: {"Name": resource["outputs"]["name"], "GroupName": resource["outputs"]["groupName"]},
        "Name",
        GONE,
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": told_by(
        "scheduler", "get_schedule_group", lambda resource: {"Name": resource["id"]}, "Name", GONE
    ),
}
