"""CloudWatch alarms, dashboards and metric filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types import budgets, canaries
from cloud_local.provider.types.notation import row

_QUERY: Final = {
    "id": "Id",
    "accountId": "AccountId",
    "expression": "Expression",
    "label": "Label",
    "period": "Period",
    "returnData": "ReturnData",
}
_METRIC: Final = {"metricName": "MetricName", "namespace": "Namespace"}
_STATISTIC: Final = {"period": "Period", "stat": "Stat", "unit": "Unit"}


def _queries(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Terraform flattens what AWS nests: metric, period and statistic of a query stand side by side."""
    queries = scene.properties.get("metricQueries")
    if operation == "put_metric_alarm" and queries:
        arguments["Metrics"] = [_query(query) for query in queries]


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    told = {member: query[name] for name, member in _QUERY.items() if query.get(name) is not None}
    metric = query.get("metric")
    if metric:
        dimensions = [{"Name": name, "Value": value} for name, value in (metric.get("dimensions") or {}).items()]
        named = {member: metric[name] for name, member in _METRIC.items() if metric.get(name)}
        statistic = {member: metric[name] for name, member in _STATISTIC.items() if metric.get(name)}
        told["MetricStat"] = {"Metric": {**named, "Dimensions": dimensions}, **statistic}
    return told


def _alarm_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"metricQueries": [_told_query(query) for query in found.get("Metrics") or ()] or None}


def _told_query(query: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: query[member] for name, member in _QUERY.items() if member in query}
    statistic = query.get("MetricStat")
    if statistic:
        metric = statistic["Metric"]
        told["metric"] = {
            **{name: metric[member] for name, member in _METRIC.items() if member in metric},
            **{name: statistic[member] for name, member in _STATISTIC.items() if member in statistic},
            "dimensions": {item["Name"]: item["Value"] for item in metric.get("Dimensions") or ()},
        }
    return told


def _filter_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """The default value is a number to AWS and a text to Terraform, without a needless fraction."""
    (told,) = found["metricTransformations"]
    names = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}
    transformation = {name: told[member] for name, member in names.items()}
    transformation |= {name: told[name] for name in ("dimensions", "unit") if told.get(name)}
    if told.get("defaultValue") is not None:
        transformation["defaultValue"] = f"{told['defaultValue']:g}"
    return {"metricTransformation": transformation}


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": row(
        "cloudwatch",
        "put_metric_alarm",
        "{name}",
        {"AlarmName": "{id}"},
        ["describe_alarms MetricAlarms[0]"],
        delete="delete_alarms",
        updates=[
            Update(
                "put_metric_alarm",
                (
                    "actionsEnabled",
                    "alarmActions",
                    "alarmDescription",
                    "comparisonOperator",
                    "datapointsToAlarm",
                    "dimensions",
                    "evaluateLowSampleCountPercentiles",
                    "evaluationPeriods",
                    "extendedStatistic",
                    "insufficientDataActions",
                    "metricName",
                    "metricQueries",
                    "namespace",
                    "okActions",
                    "period",
                    "statistic",
                    "threshold",
                    "thresholdMetricId",
                    "treatMissingData",
                    "unit",
                ),
                on_create=False,
                whole=True,
            )
        ],
        rename={"name": "AlarmName", "metricQueries": "Metrics", "okActions": "OKActions"},
        by_hook=["metricQueries"],
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        arn="cloudwatch:{region}:{account}:alarm:{id}",
        auto_name=AutoName(longest=255),
        prepare=_queries,
        enrich=_alarm_facts,
    ),
    "aws:cloudwatch/dashboard:Dashboard": row(
        "cloudwatch",
        "put_dashboard",
        "{dashboardName}",
        {"DashboardName": "{id}"},
        ["get_dashboard"],
        delete="delete_dashboards",
        updates=[Update("put_dashboard", ("dashboardBody",), on_create=False)],
        outputs={"dashboardName": "{id}", "dashboardArn": "arn:{partition}:cloudwatch::{account}:dashboard/{id}"},
        auto_name=None,
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": row(
        "logs",
        "put_metric_filter",
        "{name}",
        {"filterName": "{id}", "logGroupName": "{logGroupName}"},
        [
            Read(
                "describe_metric_filters",
                "metricFilters[?filterName=='{id}'] | [0]",
                {"logGroupName": "{logGroupName}", "filterNamePrefix": "{id}"},
            )
        ],
        delete="delete_metric_filter",
        updates=[
            Update(
                "put_metric_filter",
                ("pattern", "metricTransformation", "applyOnTransformedLogs"),
                on_create=False,
                whole=True,
            )
        ],
        rename={"name": "filterName", "pattern": "filterPattern", "metricTransformation": "metricTransformations"},
        nested={"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"},
        auto_name=AutoName(longest=512),
        enrich=_filter_facts,
    ),
    **budgets.ROWS,
    **canaries.ROWS,
}
