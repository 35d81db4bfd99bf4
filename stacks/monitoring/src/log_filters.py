"""Lines of log groups that are counted as a metric."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_aws import cloudwatch

from cloud_stack import Context
from src.configuration import LogFilterConfig
from src.watch import Metric, Watch


def create_log_filters(context: Context, filters: dict[str, LogFilterConfig]) -> Iterator[Watch]:
    """A filter each, and what is to be watched of it. The metrics stand in the namespace ``{project}/{environment}``."""
    namespace = f"{context.project}/{context.environment}"
    for key, settings in filters.items():
        metric = context.name(key)
        cloudwatch.LogMetricFilter(
            key,
            name=metric,
            log_group_name=settings.log_group,
            pattern=settings.pattern,
            # Without a default value there would be no data while no line matches.
            metric_transformation={
                "name": metric,
                "namespace": namespace,
                "value": "1",
                "default_value": "0",
                "unit": "Count",
            },
        )
        yield Watch(
            f"log-{key}",
            "Logs: matching lines",
            key,
            Metric(namespace, metric, {}, "Sum"),
            settings.threshold,
            is_failure=True,
        )
