"""AWS Budgets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_TIME: Final = "%Y-%m-%d_%H:%M"
_OF_BUDGET: Final = (
    "budgetType",
    "costFilters",
    "costTypes",
    "limitAmount",
    "limitUnit",
    "plannedLimits",
    "timePeriodEnd",
    "timePeriodStart",
    "timeUnit",
)
"""The properties of a budget that this provider sends; another one is named in a warning."""
_NOTIFICATION: Final = {
    "comparisonOperator": "ComparisonOperator",
    "notificationType": "NotificationType",
    "threshold": "Threshold",
    "thresholdType": "ThresholdType",
}
_SUBSCRIBERS: Final = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _parsed(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _budget(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation not in ("create_budget", "update_budget"):
        return
    properties, account = scene.properties, scene.connection.account
    if properties.get("accountId") not in (None, account):
        raise ProviderError(f"a budget of another account ({properties['accountId']}); this one is {account}")
    budget: dict[str, Any] = {
        "BudgetName": properties["name"],
        "BudgetType": properties["budgetType"],
        "TimeUnit": properties["timeUnit"],
    }
    if properties.get("limitAmount") is not None:
        budget["BudgetLimit"] = {"Amount": properties["limitAmount"], "Unit": properties.get("limitUnit") or ""}
    if properties.get("plannedLimits"):
        budget["PlannedBudgetLimits"] = {
            str(int(_parsed(limit["startTime"]).timestamp())): {"Amount": limit["amount"], "Unit": limit["unit"]}
            for limit in properties["plannedLimits"]
        }
    if properties.get("costFilters"):
        budget["CostFilters"] = {item["name"]: list(item["values"]) for item in properties["costFilters"]}
    if properties.get("costTypes"):
        budget["CostTypes"] = {_capital(name): value for name, value in properties["costTypes"].items()}
    ends = {"Start": properties.get("timePeriodStart"), "End": properties.get("timePeriodEnd")}
    if any(ends.values()):
        budget["TimePeriod"] = {member: _parsed(value) for member, value in ends.items() if value}
    arguments |= {"AccountId": account, "Budget" if operation == "create_budget" else "NewBudget": budget}


def _as_told(notification: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a notification that names it; AWS leaves a percentage's type out."""
    told = {member: notification[name] for name, member in _NOTIFICATION.items()}
    return {**told, "Threshold": float(told["Threshold"])}


def _subscribers(notification: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"SubscriptionType": kind, "Address": address}
        for name, kind in _SUBSCRIBERS.items()
        for address in notification.get(name) or ()
    ]


def _notify(scene: Scene) -> None:
    """As Terraform's provider does: every notification anew, when one has changed."""
    if scene.old and "notifications" not in scene.changed:
        return
    budget = {"AccountId": scene.connection.account, "BudgetName": scene.properties["name"]}
    for notification in scene.old.get("notifications") or ():
        scene.ask("delete_notification", {**budget, "Notification": _as_told(notification)})
    for notification in scene.properties.get("notifications") or ():
        told = {"Notification": _as_told(notification), "Subscribers": _subscribers(notification)}
        scene.call("create_notification", {**budget, **told})


def _facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    account = scene.connection.account
    limit, period, filters = (found.get(name) or {} for name in ("BudgetLimit", "TimePeriod", "CostFilters"))
    return {
        "accountId": account,
        "limitAmount": _amount(limit.get("Amount"), scene.properties.get("limitAmount")),
        "limitUnit": limit.get("Unit"),
        "timePeriodStart": period["Start"].astimezone(UTC).strftime(_TIME) if "Start" in period else None,
        "timePeriodEnd": period["End"].astimezone(UTC).strftime(_TIME) if "End" in period else None,
        "costFilters": [{"name": name, "values": list(values)} for name, values in filters.items()] or None,
        "plannedLimits": [
            {
                "startTime": datetime.fromtimestamp(int(start), UTC).strftime(_TIME),
                "amount": planned["Amount"],
                "unit": planned["Unit"],
            }
            for start, planned in (found.get("PlannedBudgetLimits") or {}).items()
        ]
        or None,
        "notifications": _notifications(scene, {"AccountId": account, "BudgetName": found["BudgetName"]}),
    }


def _amount(told: str | None, declared: str | None) -> str | None:
    """AWS answers `100.0` for `100`."""
    if told is not None and declared is not None and float(told) == float(declared):
        return declared
    return told


def _notifications(scene: Scene, budget: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    answer = scene.call("describe_notifications_for_budget", budget)
    found = []
    for notification in answer.get("Notifications") or ():
        named = {member: notification[member] for member in _NOTIFICATION.values() if member in notification}
        told = scene.call("describe_subscribers_for_notification", {**budget, "Notification": named})
        of_kind: dict[str, list[str]] = {}
        for subscriber in told.get("Subscribers") or ():
            of_kind.setdefault(subscriber["SubscriptionType"], []).append(subscriber["Address"])
        found.append(
            {
                **{name: named.get(member, "PERCENTAGE") for name, member in _NOTIFICATION.items()},
                **{name: of_kind[kind] for name, kind in _SUBSCRIBERS.items() if kind in of_kind},
            }
        )
    return found or None


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:budgets/budget:Budget": row(
        "budgets",
        "create_budget",
        "{account}:{name}",
        {"AccountId": "{account}", "BudgetName": "{name}"},
        ["describe_budget Budget"],
        delete="delete_budget",
        updates=[Update("update_budget", _OF_BUDGET, on_create=False, whole=True)],
        by_hook=[*_OF_BUDGET, "notifications"],
        replace=["accountId", "name"],
        provider_only=["namePrefix"],
        sticky=["costTypes", "timePeriodStart", "accountId"],
        defaults={"timePeriodEnd": "2087-06-15_00:00"},
        arn="budgets::{account}:budget/{name}",
        auto_name=AutoName(longest=100),
        prepare=_budget,
        enrich=_facts,
        created=_notify,
        updated=_notify,
    ),
}
