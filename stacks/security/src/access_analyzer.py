"""The analyzer that reports what is shared with somebody outside the account."""

from __future__ import annotations

from pulumi_aws import accessanalyzer

from cloud_stack import Context, Limit


def create_access_analyzer(context: Context) -> accessanalyzer.Analyzer:
    """An analyzer of the account's external access. An account has one per region, whatever the number of deployments."""
    return accessanalyzer.Analyzer(
        "account",
        analyzer_name=context.name("access", limit=Limit.ACCESS_ANALYZER),
        type="ACCOUNT",
    )
