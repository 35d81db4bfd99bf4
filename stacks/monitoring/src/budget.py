"""The monthly budget."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_aws import budgets

from cloud_stack import Context, Limit
from src.configuration import BudgetConfig


def create_budget(context: Context, topic_arn: pulumi.Input[str], settings: BudgetConfig) -> budgets.Budget:
    """Of the account, or of what carries this deployment's tag, once ``deployment`` is a cost allocation tag there."""
    notifications = [_notification("ACTUAL", percent, topic_arn) for percent in settings.percents]
    if settings.forecast:
        notifications.append(_notification("FORECASTED", 100, topic_arn))
    return budgets.Budget(
        "monthly",
        name=context.name("monthly", limit=Limit.BUDGET),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{settings.limit:g}",
        limit_unit="USD",
        cost_filters=[{"name": "TagKeyValue", "values": [f"user:deployment${context.deployment}"]}]
        if settings.this_deployment
        else None,
        notifications=notifications,
    )


def _notification(kind: str, percent: float, topic_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "notification_type": kind,
        "comparison_operator": "GREATER_THAN",
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": [topic_arn],
    }
