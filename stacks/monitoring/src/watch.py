"""What one alarm watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch. ``statistic`` may be a percentile (``p95``)."""

    namespace: str
    name: str
    dimensions: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    statistic: str = "Average"

    @property
    def is_percentile(self) -> bool:
        return self.statistic.startswith("p")


@dataclass(frozen=True, slots=True)
class Watch:
    """One alarm and one line in a graph of the dashboard. Watches of one ``graph`` share it.

    With ``of`` the threshold is in percent of that metric. ``is_failure`` alarms at once, a load when it lasts. ``is_minimum``
    alarms below the threshold. ``silence_is_failure``: no data is as bad as bad data.
    """

    key: str
    graph: str
    label: str
    metric: Metric
    threshold: float
    of: Metric | None = None
    is_failure: bool = False
    is_minimum: bool = False
    silence_is_failure: bool = False

    @property
    def rate(self) -> str:
        """The expression of the percentage, over the queries ``part`` and ``whole``; nothing of nothing is none."""
        return "IF(whole > 0, 100 * part / whole, 0)"
