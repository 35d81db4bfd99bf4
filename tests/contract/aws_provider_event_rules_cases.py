"""EventBridge: for every type a declaration and its changes."""

from __future__ import annotations

import json

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World, trust


def rule(w: World) -> Resource:
    return w.one("rule", "aws:cloudwatch/eventRule:EventRule", lambda: {"scheduleExpression": "rate(1 day)"})


def starter(w: World) -> Resource:
    role = {"assumeRolePolicy": trust("scheduler.amazonaws.com")}
    return w.one("starter", "aws:iam/role:Role", lambda: role)


CASES: tuple[Case, ...] = (
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda w: {"scheduleExpression": "rate(1 day)", "description": "daily", **TAGGED},
        lambda w: {"scheduleExpression": "rate(2 days)", "state": "DISABLED", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda w: {"eventPattern": json.dumps({"source": ["aws.ecr"]})},
        lambda w: {"eventPattern": json.dumps({"source": ["aws.ecs"]})},
        lambda w: {"eventBusName": "other"},
        label="pattern",
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
        lambda w: {"input": '{"a": 2}'},
        lambda w: {"targetId": "other"},
    ),
    Case(
        "aws:scheduler/schedule:Schedule",
        lambda w: {
            "scheduleExpression": "rate(1 hours)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {
                "arn": w.queue["arn"],
                "roleArn": starter(w)["arn"],
                "input": "{}",
                "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 3},
            },
        },
        lambda w: {"scheduleExpression": "rate(2 hours)", "state": "DISABLED"},
        lambda w: {"name": "other"},
    ),
)
