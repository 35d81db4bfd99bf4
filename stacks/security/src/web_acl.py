"""The web ACL that load balancers and APIs are put behind."""

from __future__ import annotations

from typing import Any

from pulumi_aws import wafv2

from cloud_stack import Limit, shorten
from src.configuration import WafConfig

MANAGED_RULES = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet")


def create_web_acl(name: str, settings: WafConfig) -> wafv2.WebAcl:
    """A regional web ACL. With ``count_only`` every rule counts what it would block, to try it on live traffic."""
    name = shorten(name, Limit.WEB_ACL)
    rules = [_managed(rule, priority, settings.count_only) for priority, rule in enumerate(MANAGED_RULES, 1)]
    rules.append(
        {
            "name": "rate-limit",
            "priority": len(rules) + 1,
            "action": {"count": {}} if settings.count_only else {"block": {}},
            "statement": {"rate_based_statement": {"limit": settings.rate_limit, "aggregate_key_type": "IP"}},
            "visibility_config": _visibility("rate-limit"),
        }
    )
    return wafv2.WebAcl(
        "web",
        name=name,
        description="Managed rules and a rate limit",
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=rules,
        visibility_config=_visibility(name),
    )


def _managed(rule: str, priority: int, count_only: bool) -> dict[str, Any]:
    return {
        "name": rule,
        "priority": priority,
        "override_action": {"count": {}} if count_only else {"none": {}},
        "statement": {"managed_rule_group_statement": {"name": rule, "vendor_name": "AWS"}},
        "visibility_config": _visibility(rule),
    }


def _visibility(metric: str) -> dict[str, Any]:
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": True}
