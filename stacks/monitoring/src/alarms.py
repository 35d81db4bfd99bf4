"""CloudWatch alarms, which tell the topic when they go off and when all is well again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from cloud_stack import Context, Limit
from src.configuration import ThresholdsConfig
from src.watch import Metric, Watch


@dataclass(frozen=True, slots=True)
class AlarmsArgs:
    """``muted`` are the keys of watches whose alarms go off without telling anybody."""

    context: Context
    topic_arn: pulumi.Input[str]
    watches: Sequence[Watch]
    muted: Collection[str]
    settings: ThresholdsConfig


class Alarms(pulumi.ComponentResource):
    """One alarm per watch. Raises ``RunError`` for a muted alarm that there isn't."""

    arns: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:monitoring:Alarms", name, None, opts)
        keys = {watch.key for watch in args.watches}
        if unknown := sorted(set(args.muted) - keys):
            raise pulumi.RunError(
                f"muted names no alarm: {', '.join(unknown)}; there are {', '.join(sorted(keys)) or 'none'}"
            )
        child = pulumi.ResourceOptions(parent=self)
        self.arns = {}
        for watch in args.watches:
            periods, datapoints = (1, 1) if watch.is_failure else (args.settings.periods, args.settings.datapoints)
            alarm = cloudwatch.MetricAlarm(
                watch.key,
                name=args.context.name(watch.key, limit=Limit.ALARM),
                alarm_description=f"{watch.graph} ({watch.label})",
                comparison_operator="LessThanThreshold" if watch.is_minimum else "GreaterThanOrEqualToThreshold",
                threshold=watch.threshold,
                evaluation_periods=periods,
                datapoints_to_alarm=datapoints,
                treat_missing_data="breaching" if watch.silence_is_failure else "notBreaching",
                actions_enabled=watch.key not in args.muted,
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                **_what(watch, args.settings.period_seconds),
                opts=child,
            )
            self.arns[watch.key] = alarm.arn
        self.register_outputs({})


def _what(watch: Watch, period: int) -> dict[str, Any]:
    if watch.of is None:
        statistic = "extended_statistic" if watch.metric.is_percentile else "statistic"
        return {
            "namespace": watch.metric.namespace,
            "metric_name": watch.metric.name,
            "dimensions": watch.metric.dimensions,
            "period": period,
            statistic: watch.metric.statistic,
        }
    return {
        "metric_queries": [
            _query("part", watch.metric, period),
            _query("whole", watch.of, period),
            {"id": "rate", "expression": watch.rate, "label": watch.label, "return_data": True},
        ]
    }


def _query(name: str, metric: Metric, period: int) -> dict[str, Any]:
    return {
        "id": name,
        "return_data": False,
        "metric": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": metric.dimensions,
            "stat": metric.statistic,
            "period": period,
        },
    }
