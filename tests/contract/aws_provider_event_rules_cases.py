"""EventBridge: for every type a declaration and its changes."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, World, trust


def rule(w: World) -> Resource:
    return w.one("rule", "aws:cloudwatch/eventRule:EventRule", lambda: {"scheduleExpression": "rate(1 day)"})


def starter(w: World) -> Resource:
    role = {"assumeRolePolicy": trust("scheduler.amazonaws.com")}
    return w.one("starter", "aws:iam/role:Role", lambda: role)


def bus(w: World) -> Resource:
    return w.one("bus", "aws:cloudwatch/eventBus:EventBus", dict)


def orders_rule(w: World) -> Resource:
    inputs = {"eventBusName": bus(w).id, "eventPattern": json.dumps({"source": ["orders"]})}
    return w.one("orders", "aws:cloudwatch/eventRule:EventRule", lambda: inputs)


def group(w: World) -> Resource:
    return w.one("group", "aws:scheduler/scheduleGroup:ScheduleGroup", dict)


def schedule_target(w: World, **more: Any) -> dict[str, Any]:
    return {"arn": w.queue["arn"], "roleArn": starter(w)["arn"], "input": "{}", **more}


CASES: tuple[Case, ...] = (
    Case(
        "aws:cloudwatch/eventBus:EventBus",
        lambda w: {"description": "orders", "kmsKeyIdentifier": w.key["arn"], **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda w: {"scheduleExpression": "rate(1 day)", "description": "daily", **TAGGED},
        lambda w: {"scheduleExpression": "rate(2 days)", "description": "", "state": "DISABLED", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda w: {"eventBusName": bus(w).id, "eventPattern": json.dumps({"source": ["aws.ecr"]}), **TAGGED},
        lambda w: {"eventPattern": json.dumps({"source": ["aws.ecs"]}), "isEnabled": False, **RETAGGED},
        lambda w: {"eventBusName": "other"},
        label="other-bus",
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": rule(w).id,
            "targetId": "queue",
            "arn": w.queue["arn"],
            "input": '{"a": 1}',
            "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 2},
            "deadLetterConfig": {"arn": w.queue["arn"]},
        },
        lambda w: {"input": '{"a": 2}', "retryPolicy": {"maximumRetryAttempts": 0}},
        lambda w: {"targetId": "other"},
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": orders_rule(w)["name"],
            "eventBusName": bus(w).id,
            "arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop",
            "roleArn": starter(w)["arn"],
            "inputTransformer": {"inputPaths": {"order": "$.detail.id"}, "inputTemplate": '{"id": <order>}'},
            "ecsTarget": {
                "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/work:1",
                "taskCount": 1,
                "launchType": "FARGATE",
                "enableEcsManagedTags": True,
                "networkConfiguration": {"subnets": [w.subnet.id], "assignPublicIp": False},
            },
        },
        lambda w: {"inputTransformer": {"inputTemplate": '"an order"'}},
        lambda w: {"rule": "other"},
        label="task",
    ),
    Case(
        "aws:scheduler/schedule:Schedule",
        lambda w: {
            "scheduleExpression": "rate(1 hours)",
            "description": "hourly",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": schedule_target(w, retryPolicy={"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 3}),
        },
        lambda w: {"scheduleExpression": "rate(2 hours)", "description": "", "state": "DISABLED"},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:scheduler/schedule:Schedule",
        lambda w: {
            "name": "nightly",
            "groupName": group(w).id,
            "scheduleExpression": "cron(0 3 * * ? *)",
            "scheduleExpressionTimezone": "Europe/Zurich",
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15},
            "target": schedule_target(w, deadLetterConfig={"arn": w.queue["arn"]}),
        },
        lambda w: {"target": schedule_target(w)},
        lambda w: {"groupName": "other"},
        label="group",
    ),
    Case(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        lambda w: TAGGED,
        lambda w: RETAGGED,
        lambda w: {"name": "other"},
    ),
)
