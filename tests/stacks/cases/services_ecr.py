"""What is tried with the stack services-ecr."""

from __future__ import annotations

from tests.stacks.case import StackCase

CASE = StackCase(
    needs=("security",),
    stand_in=lambda outputs: {"kmsKeyArn": outputs["security"]["kmsKeyArn"]},
    production={
        "repositories": {
            "app": {"untaggedDays": 3, "keepImages": 100, "pullAccounts": ["222222222222", "333333333333"]},
            "worker": {"forceDelete": True},
        }
    },
    change={"repositories": {"app": {"pullAccounts": ["222222222222"]}}},
    replace={"repositories": {"app": {"keepImages": 10}}},
    accepted=(
        {"repositories": {}},
        {"repositories": {"a": {"untaggedDays": 1, "keepImages": 1}, "team.tool_x-1": {"keepImages": 10000}}},
    ),
    refused=(
        ({"repositories": {"App": {}}}, "p:repositories.App.[key]: String should match pattern"),
        ({"repositories": {"a": {"untaggedDays": 0}}}, "p:repositories.a.untaggedDays"),
        ({"repositories": {"a": {"keepImages": 10001}}}, "p:repositories.a.keepImages"),
        ({"repositories": {"a": {"pullAccounts": ["1"]}}}, "p:repositories.a.pullAccounts.0: String should match"),
        ({"repositories": {"a": {"pullAccounts": ["222222222222"] * 2}}}, "pullAccounts names an account twice"),
        ({"kmsKeyArn": "key"}, "p:kmsKeyArn: String should match pattern"),
    ),
)
