"""Measured values: the port ``MetricStore`` on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cloud.adapters.clock import stored_timestamp
from cloud.adapters.dynamodb.database import database
from cloud.adapters.dynamodb.rows import MetricRow
from cloud.ports.workflow import Clock
from cloud.settings import Settings

METRIC_LIFE = timedelta(days=365)


class DynamoMetricStore:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._database = database(settings)
        self._metrics = self._database.bind(MetricRow, settings.metrics_table)

    def record(self, name: str, timestamp: str, value: float, labels: Mapping[str, str]) -> None:
        moment = stored_timestamp(timestamp)
        row = self._metrics(
            f"METRIC#{name}",
            # Two values of one millisecond are two values, so the time alone is not the key.
            f"TIMESTAMP#{moment}#{self._clock.new_ulid()}",
            timestamp=moment,
            value=value,
            labels=dict(labels),
            ttl=int((datetime.fromisoformat(moment) + METRIC_LIFE).timestamp()),
        )
        self._database.put(row, self._metrics.PK.does_not_exist(), f"record {name}")
