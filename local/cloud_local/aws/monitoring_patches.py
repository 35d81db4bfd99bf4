"""What moto's CloudWatch Logs, Budgets and Synthetics need; see moto_patches.py for the rules that patches keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote


def metric_filters_take_the_place_of_their_predecessor() -> None:
    """moto puts a changed metric filter beside the old one of the same name, and tells of the old one."""
    from moto.logs.metric_filters import MetricFilters

    original = MetricFilters.add_filter

    def add_filter(self: Any, filter_name: str, filter_pattern: str, log_group_name: str, transformations: Any) -> None:
        self.delete_filter(filter_name, log_group_name)
        original(self, filter_name, filter_pattern, log_group_name, transformations)

    MetricFilters.add_filter = add_filter


def budgets_can_be_changed() -> None:
    """moto has no UpdateBudget: a limit could only change by another budget."""
    from moto.budgets.models import Budget
    from moto.budgets.responses import BudgetsResponse

    def update_budget(self: Any) -> str:
        account, budget = self._get_param("AccountId"), self._get_param("NewBudget")
        old = self.backend.describe_budget(account, budget["BudgetName"])  # raises where there is none
        changed = Budget({"TimePeriod": old["TimePeriod"], **budget}, [])
        self.backend.budgets[account][budget["BudgetName"]].budget = changed.budget
        return "{}"

    BudgetsResponse.update_budget = update_budget


def budgets_tell_whom_they_notify() -> None:
    """moto keeps the subscribers of a budget's notification and has no operation that tells of them."""
    from moto.budgets.responses import BudgetsResponse

    def describe_subscribers_for_notification(self: Any) -> str:
        account, name, wanted = (self._get_param(key) for key in ("AccountId", "BudgetName", "Notification"))
        self.backend.describe_budget(account, name)  # raises where there is none
        notifications = self.backend.budgets[account][name].notifications
        found = [item.subscribers for item in notifications if wanted.items() <= item.details.items()]
        return json.dumps({"Subscribers": found[0] if found else []})

    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification


def budgets_have_tags() -> None:
    """moto's Budgets knows no tags."""
    from moto.budgets.responses import BudgetsResponse

    create = BudgetsResponse.create_budget

    def tags_of(self: Any, account: str, name: str) -> dict[str, str]:
        self.backend.describe_budget(account, name)  # raises where there is none
        tags: dict[str, str] = vars(self.backend.budgets[account][name]).setdefault("tags", {})
        return tags

    def named_tags(self: Any) -> dict[str, str]:
        arn = self._get_param("ResourceARN")
        return tags_of(self, arn.split(":")[4], arn.partition(":budget/")[2])

    def create_budget(self: Any) -> str:
        answer: str = create(self)
        tags = tags_of(self, self._get_param("AccountId"), self._get_param("Budget")["BudgetName"])
        tags.update({tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags", [])})
        return answer

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in named_tags(self).items()]})

    def tag_resource(self: Any) -> str:
        named_tags(self).update({tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags")})
        return "{}"

    def untag_resource(self: Any) -> str:
        tags = named_tags(self)
        for key in self._get_param("ResourceTagKeys"):
            tags.pop(key, None)
        return "{}"

    BudgetsResponse.create_budget = create_budget
    BudgetsResponse.list_tags_for_resource = list_tags_for_resource
    BudgetsResponse.tag_resource = tag_resource
    BudgetsResponse.untag_resource = untag_resource


def canaries_live() -> None:
    """moto makes canaries and can neither start, stop, change nor delete one; one that isn't there is an internal error."""
    from moto.core.exceptions import JsonRESTError
    from moto.synthetics import urls
    from moto.synthetics.models import SyntheticsBackend
    from moto.synthetics.responses import SyntheticsResponse

    attributes = {
        "ArtifactConfig": "artifact_config",
        "ArtifactS3Location": "artifact_s3_location",
        "Code": "code",
        "ExecutionRoleArn": "execution_role_arn",
        "FailureRetentionPeriodInDays": "failure_retention_period_in_days",
        "ProvisionedResourceCleanup": "provisioned_resource_cleanup",
        "RunConfig": "run_config",
        "RuntimeVersion": "runtime_version",
        "Schedule": "schedule",
        "SuccessRetentionPeriodInDays": "success_retention_period_in_days",
        "VpcConfig": "vpc_config",
    }

    def refusal(kind: str, status: int, message: str) -> Any:
        error = JsonRESTError(kind, message)
        error.code = status
        return error

    def get_canary(self: Any, name: str, dry_run_id: str | None = None) -> Any:  # noqa: ARG001 - moto's signature
        if name not in self.canaries:
            raise refusal("ResourceNotFoundException", 404, f"Canary {name} not found")
        return self.canaries[name]

    def named(self: Any) -> Any:
        return self.synthetics_backend.get_canary(unquote(self.path.split("/")[2]))

    def at_rest(canary: Any) -> Any:
        if canary.state == "RUNNING":
            raise refusal("ConflictException", 409, f"Canary {canary.name} is in state RUNNING and can't be modified")
        return canary

    def update_canary(self: Any) -> str:
        canary = at_rest(named(self))
        for member, value in json.loads(self.body).items():
            if member in attributes:
                setattr(canary, attributes[member], value)
        return "{}"

    def delete_canary(self: Any) -> str:
        del self.synthetics_backend.canaries[at_rest(named(self)).name]
        return "{}"

    def start_canary(self: Any) -> str:
        named(self).state = "RUNNING"
        return "{}"

    def stop_canary(self: Any) -> str:
        named(self).state = "STOPPED"
        return "{}"

    SyntheticsBackend.get_canary = get_canary
    SyntheticsResponse.update_canary = update_canary
    SyntheticsResponse.delete_canary = delete_canary
    SyntheticsResponse.start_canary = start_canary
    SyntheticsResponse.stop_canary = stop_canary
    for action in ("start", "stop"):
        urls.url_paths[f"{{0}}/canary/(?P<name>[^/]+)/{action}$"] = SyntheticsResponse.dispatch


def canaries_have_tags() -> None:
    """moto keeps a canary's tags and changes none; asked by ARN, as AWS wants it, it finds no canary."""
    from moto.synthetics.responses import SyntheticsResponse

    def tags_of(self: Any) -> dict[str, str]:
        name = unquote(self.path.partition("/tags/")[2]).rpartition(":canary:")[2]
        tags: dict[str, str] = self.synthetics_backend.get_canary(name).tags
        return tags

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": tags_of(self)})

    def tag_resource(self: Any) -> str:
        tags_of(self).update(json.loads(self.body)["Tags"])
        return "{}"

    def untag_resource(self: Any) -> str:
        tags = tags_of(self)
        for key in self.querystring.get("tagKeys", []):
            tags.pop(key, None)
        return "{}"

    SyntheticsResponse.list_tags_for_resource = list_tags_for_resource
    SyntheticsResponse.tag_resource = tag_resource
    SyntheticsResponse.untag_resource = untag_resource


MONITORING_PATCHES: Mapping[str, tuple[Callable[[], None], ...]] = {
    "logs": (metric_filters_take_the_place_of_their_predecessor,),
    "budgets": (budgets_can_be_changed, budgets_tell_whom_they_notify, budgets_have_tags),
    "synthetics": (canaries_live, canaries_have_tags),
}
