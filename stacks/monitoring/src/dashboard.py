"""The dashboard: one graph for each kind of thing that is watched, and the alarms above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from src.watch import Metric, Watch

WIDTH, HEIGHT, COLUMNS = 12, 6, 24
"""Of a graph, and of CloudWatch's whole grid, in its units."""


@dataclass(frozen=True, slots=True)
class DashboardArgs:
    """``heading`` is Markdown. ``alarm_arns`` may be empty."""

    dashboard: str
    heading: pulumi.Input[str]
    region: str
    period_seconds: int
    watches: Sequence[Watch]
    alarm_arns: Sequence[pulumi.Input[str]]


def create_dashboard(args: DashboardArgs) -> cloudwatch.Dashboard:
    """It is made anew out of what is watched, so that changes by hand don't last."""
    widgets: list[dict[str, Any]] = [_placed(0, 0, COLUMNS, 2, "text", {"markdown": args.heading})]
    top = 2
    if args.alarm_arns:
        widgets.append(_placed(0, top, COLUMNS, 3, "alarm", {"title": "Alarms", "alarms": list(args.alarm_arns)}))
        top += 3
    graphs: dict[str, list[Watch]] = {}
    for watch in args.watches:
        graphs.setdefault(watch.graph, []).append(watch)
    for index, (title, watches) in enumerate(graphs.items()):
        column, line = index % (COLUMNS // WIDTH), index // (COLUMNS // WIDTH)
        graph = _graph(title, watches, args)
        widgets.append(_placed(column * WIDTH, top + line * HEIGHT, WIDTH, HEIGHT, "metric", graph))
    return cloudwatch.Dashboard(
        "dashboard",
        dashboard_name=args.dashboard,
        dashboard_body=pulumi.Output.json_dumps({"widgets": widgets}),
    )


def _placed(x: int, y: int, width: int, height: int, kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _graph(title: str, watches: Sequence[Watch], args: DashboardArgs) -> dict[str, Any]:
    lines: list[Any] = []
    for index, watch in enumerate(watches):
        lines += _lines(index, watch)
    return {
        "title": title,
        "view": "timeSeries",
        "region": args.region,
        "period": args.period_seconds,
        "metrics": lines,
        "annotations": {
            "horizontal": [
                {"label": "alarm", "value": value} for value in sorted({watch.threshold for watch in watches})
            ]
        },
        "yAxis": {"left": {"min": 0}},
    }


def _lines(index: int, watch: Watch) -> list[Any]:
    if watch.of is None:
        return [_line(watch.metric, {"label": watch.label})]
    part, whole = f"part{index}", f"whole{index}"
    expression = watch.rate.replace("part", part).replace("whole", whole)
    return [
        [{"expression": expression, "label": watch.label, "id": f"rate{index}"}],
        _line(watch.metric, {"id": part, "visible": False}),
        _line(watch.of, {"id": whole, "visible": False}),
    ]


def _line(metric: Metric, more: Mapping[str, Any]) -> pulumi.Output[list[Any]]:
    def written(dimensions: Mapping[str, str]) -> list[Any]:
        pairs = [part for pair in sorted(dimensions.items()) for part in pair]
        return [metric.namespace, metric.name, *pairs, {"stat": metric.statistic, **more}]

    line: pulumi.Output[list[Any]] = pulumi.Output.from_input(metric.dimensions).apply(written)
    return line
