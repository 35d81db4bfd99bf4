"""Alarms, dashboards, metric filters, budgets and canaries: for every type a declaration and its changes."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World, trust


def dashboard(title: str) -> str:
    widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": title}}
    return json.dumps({"widgets": [widget]}, indent=2)


def queries(limit: str) -> list[dict[str, Any]]:
    """Errors in a hundred calls; the expression alone is watched."""

    def counted(name: str, metric: str) -> dict[str, Any]:
        dimensions = {"ApiId": "a1b2c3"}
        told = {"metricName": metric, "namespace": "AWS/ApiGateway", "period": 300, "stat": "Sum"}
        return {"id": name, "returnData": False, "metric": {**told, "dimensions": dimensions}}

    expression = f"IF(calls > {limit}, 100 * errors / calls, 0)"
    rate = {"id": "rate", "expression": expression, "label": "errors in percent", "returnData": True}
    return [counted("errors", "5xx"), counted("calls", "Count"), rate]


def notification(threshold: int, *topics: str) -> dict[str, Any]:
    return {
        "comparisonOperator": "GREATER_THAN",
        "notificationType": "ACTUAL",
        "threshold": threshold,
        "thresholdType": "PERCENTAGE",
        "subscriberEmailAddresses": ["ops@shop.example"],
        "subscriberSnsTopicArns": list(topics),
    }


def script(name: str, text: str) -> str:
    """The path of a zip file with a canary's script, as the provider wants it."""
    path = Path(tempfile.gettempdir()) / f"canary-of-tests-{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/heartbeat.py", text)
    return str(path)


def role(w: World) -> Resource:
    return w.one("canary-role", "aws:iam/role:Role", lambda: {"assumeRolePolicy": trust("lambda.amazonaws.com")})


CASES: tuple[Case, ...] = (
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "alarmDescription": "the function fails",
            "namespace": "AWS/Lambda",
            "metricName": "Errors",
            "dimensions": {"FunctionName": "worker"},
            "statistic": "Sum",
            "period": 300,
            "evaluationPeriods": 3,
            "datapointsToAlarm": 2,
            "threshold": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "treatMissingData": "notBreaching",
            "alarmActions": [w.topic.id],
            "okActions": [w.topic.id],
            **TAGGED,
        },
        lambda w: {
            "threshold": 2.5,
            "period": 60,
            "dimensions": {"FunctionName": "other"},
            "okActions": [],
            **RETAGGED,
        },
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "metricQueries": queries("10"),
            "evaluationPeriods": 3,
            "threshold": 5,
            "comparisonOperator": "GreaterThanThreshold",
            "actionsEnabled": False,
        },
        lambda w: {"metricQueries": queries("20"), "actionsEnabled": True, "treatMissingData": "breaching"},
        label="of-queries",
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "namespace": "AWS/ApiGateway",
            "metricName": "Latency",
            "extendedStatistic": "p95",
            "period": 300,
            "evaluationPeriods": 1,
            "threshold": 3000,
            "comparisonOperator": "GreaterThanThreshold",
            "evaluateLowSampleCountPercentiles": "ignore",
        },
        lambda w: {"extendedStatistic": "p99"},
        label="of-a-percentile",
    ),
    Case(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda w: {"dashboardName": "shop", "dashboardBody": dashboard("first")},
        lambda w: {"dashboardBody": dashboard("second")},
        lambda w: {"dashboardName": "other"},
    ),
    Case(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda w: {
            "logGroupName": w.log_group.id,
            "pattern": '{ $.level = "ERROR" }',
            "metricTransformation": {
                "name": "errors",
                "namespace": "shop",
                "value": "1",
                "defaultValue": "0",
                "unit": "Count",
            },
        },
        lambda w: {
            "pattern": "ERROR",
            "metricTransformation": {"name": "failures", "namespace": "shop", "value": "2", "defaultValue": "0.5"},
        },
        lambda w: {"logGroupName": "other"},
    ),
    Case(
        "aws:budgets/budget:Budget",
        lambda w: {
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "100",
            "limitUnit": "USD",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:project$shop"]}],
            "notifications": [notification(80, w.topic.id), notification(100)],
            **TAGGED,
        },
        lambda w: {"limitAmount": "250.50", "notifications": [notification(90, w.topic.id)], **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:budgets/budget:Budget",
        lambda w: {
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "timePeriodStart": "2026-01-01_00:00",
            "timePeriodEnd": "2030-01-01_00:00",
            "costTypes": {"includeTax": False, "useBlended": True},
            "plannedLimits": [
                {"startTime": "2026-01-01_00:00", "amount": "10", "unit": "USD"},
                {"startTime": "2026-02-01_00:00", "amount": "20", "unit": "USD"},
            ],
        },
        lambda w: {"timePeriodEnd": "2031-01-01_00:00"},
        label="planned",
    ),
    Case(
        "aws:synthetics/canary:Canary",
        lambda w: {
            "name": "heartbeat",
            "artifactS3Location": f"s3://{w.bucket.id}/canary",
            "executionRoleArn": role(w)["arn"],
            "runtimeVersion": "syn-python-selenium-6.0",
            "handler": "heartbeat.handler",
            "zipFile": script("first", "def handler(event, context): ..."),
            "schedule": {"expression": "rate(5 minutes)"},
            "runConfig": {"timeoutInSeconds": 30, "environmentVariables": {"URL": "https://shop.example"}},
            "artifactConfig": {"s3Encryption": {"encryptionMode": "SSE_KMS", "kmsKeyArn": w.key["arn"]}},
            "startCanary": True,
            "deleteLambda": True,
            **TAGGED,
        },
        lambda w: {
            "zipFile": script("second", "def handler(event, context): return 1"),
            "schedule": {"expression": "rate(1 hour)"},
            "runConfig": {"timeoutInSeconds": 60, "environmentVariables": {"URL": "https://other.example"}},
            "successRetentionPeriod": 7,
            "startCanary": False,
            **RETAGGED,
        },
        lambda w: {"name": "other"},
    ),
)
