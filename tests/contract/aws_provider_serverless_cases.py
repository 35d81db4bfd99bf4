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
    ),
    Case(
        "aws:lambda/function:Function",
        lambda w: {
            **declared(w),
            "architectures": ["arm64"],
            "ephemeralStorage": {"size": 1024},
            "deadLetterConfig": {"targetArn": w.queue["arn"]},
            "vpcConfig": {"subnetIds": [w.subnet.id], "securityGroupIds": [w.group.id]},
        },
        lambda w: {
            "architectures": ["x86_64"],
            "ephemeralStorage": {"size": 2048},
            "deadLetterConfig": {"targetArn": w.topic.id},
            "vpcConfig": {"subnetIds": [w.subnet.id], "securityGroupIds": [w.other_group.id]},
            "runtime": "python3.12",
            "timeout": 20,
        },
        label="in-vpc",
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
        lambda w: {
            "functionName": function(w).id,
            "eventSourceArn": w.queue["arn"],
            "batchSize": 5,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "maximumBatchingWindowInSeconds": 2,
            "scalingConfig": {"maximumConcurrency": 5},
            **TAGGED,
        },
        lambda w: {
            "batchSize": 8,
            "enabled": False,
            "maximumBatchingWindowInSeconds": 3,
            "scalingConfig": {"maximumConcurrency": 10},
            **RETAGGED,
        },
        lambda w: {"eventSourceArn": "arn:aws:sqs:eu-central-1:123456789012:other"},
    ),
    Case(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        lambda w: {
            "functionName": function(w).id,
            "maximumRetryAttempts": 1,
            "maximumEventAgeInSeconds": 600,
            "destinationConfig": {"onFailure": {"destination": w.queue["arn"]}},
        },
        lambda w: {"maximumRetryAttempts": 2, "maximumEventAgeInSeconds": 300},
        lambda w: {"functionName": "other"},
    ),
)
