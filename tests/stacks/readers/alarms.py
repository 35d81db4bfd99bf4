"""CloudWatch alarms, dashboards and metric filters, Budgets, Synthetics."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by


def _metric_filter(clients: Clients, resource: Resource) -> bool:
    """Asked over all groups: AWS answers a missing group by an error of its own, moto by nothing."""
    answer = clients("logs").describe_metric_filters(filterNamePrefix=resource["id"])
    wanted = (resource["id"], resource["outputs"]["logGroupName"])
    return wanted in {(found["filterName"], found["logGroupName"]) for found in answer["metricFilters"]}


READERS: Mapping[str, Reader] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": told_by(
        "cloudwatch", "describe_alarms", lambda resource: {"AlarmNames": [resource["id"]]}, "MetricAlarms"
    ),
    "aws:cloudwatch/dashboard:Dashboard": told_by(
        "cloudwatch",
        "get_dashboard",
        lambda resource: {"DashboardName": resource["id"]},
        "DashboardBody",
        ("ResourceNotFound",),
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _metric_filter,
    "aws:budgets/budget:Budget": told_by(
        "budgets",
        "describe_budget",
        lambda resource: dict(zip(("AccountId", "BudgetName"), resource["id"].split(":", 1), strict=True)),
        "Budget",
        ("NotFoundException",),
    ),
    "aws:synthetics/canary:Canary": told_by(
        "synthetics",
        "get_canary",
        lambda resource: {"Name": resource["id"]},
        "Canary",
        ("ResourceNotFoundException",),
    ),
}
