"""Lambda: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from cloud_local.provider.values import ARCHIVE, ASSET, SIGNATURE
from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World, trust


def archive(text: str) -> dict[str, Any]:
    """An AssetArchive of one StringAsset, as the SDK sends it."""
    asset = {SIGNATURE: ASSET, "hash": f"hash of {text}", "text": text}
    return {SIGNATURE: ARCHIVE, "hash": f"hash of the archive of {text}", "assets": {"handler.py": asset}}


def role(w: World) -> Resource:
    return w.one("lambda-role", "aws:iam/role:Role", lambda: {"assumeRolePolicy": trust("lambda.amazonaws.com")})


def declared(w: World) -> dict[str, Any]:
    return {
        "role": role(w)["arn"],
        "runtime": "python3.13",
        "handler": "handler.handler",
        "code": archive("def handler(event, context): ..."),
    }


def function(w: World) -> Resource:
    return w.one("function", "aws:lambda/function:Function", lambda: declared(w))


CASES: tuple[Case, ...] = (
    Case(
        "aws:lambda/function:Function",
        lambda w: {
            **declared(w),
            "memorySize": 256,
            "timeout": 10,
            "environment": {"variables": {"STAGE": "dev"}},
            "deadLetterConfig": {"targetArn": w.queue["arn"]},
            "tracingConfig": {"mode": "Active"},
            "reservedConcurrentExecutions": 5,
            "kmsKeyArn": w.key["arn"],
            **TAGGED,
        },
        lambda w: {
            "code": archive("def handler(event, context): return 1"),
            "memorySize": 512,
            "environment": {"variables": {"STAGE": "prod"}},
            "reservedConcurrentExecutions": 7,
            **RETAGGED,
        },
        lambda w: {"name": "other"},
        gaps=frozenset({"deadLetterConfig"}),
    ),
    Case(
        "aws:lambda/permission:Permission",
        lambda w: {
            "function": function(w).id,
            "action": "lambda:InvokeFunction",
            "principal": "events.amazonaws.com",
            "sourceArn": "arn:aws:events:eu-central-1:123456789012:rule/daily",
        },
        None,
        lambda w: {"principal": "sns.amazonaws.com"},
    ),
    Case(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        lambda w: {"functionName": function(w).id, "eventSourceArn": w.queue["arn"], "batchSize": 5},
        lambda w: {"batchSize": 8, "enabled": False},
        lambda w: {"eventSourceArn": "arn:aws:sqs:eu-central-1:123456789012:other"},
    ),
)
