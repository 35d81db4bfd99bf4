"""What is tried with the stack secrets."""

from __future__ import annotations

from tests.stacks.case import StackCase

ROOT = "arn:aws:iam::123456789012:root"
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:rotate"

CASE = StackCase(
    needs=("security",),
    stand_in=lambda outputs: {"kmsKeyArn": outputs["security"]["kmsKeyArn"]},
    production={
        "secrets": {
            "database": {"username": "app", "length": 40, "recoveryWindowDays": 0, "readers": [ROOT]},
            "token": {"length": 64, "punctuation": True, "recoveryWindowDays": 0},
        },
        "parameters": {
            "app/mode": {"value": "fast"},
            "app/key": {"value": "hunter22", "type": "SecureString", "description": "of somebody else"},
        },
    },
    change={"parameters": {"app/mode": {"value": "slow"}}},
    replace={"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1"},
    accepted=(
        {"secrets": {}, "parameters": {}},
        {"secrets": {"a": {"length": 8, "recoveryWindowDays": 0}, "b": {"length": 4096, "recoveryWindowDays": 30}}},
        {"secrets": {"a": {"rotation": {"lambdaArn": LAMBDA, "days": 1000}}}},
        {"parameters": {"A.b_c-d/e": {"value": "a,b", "type": "StringList"}}},
    ),
    refused=(
        ({"secrets": {"a": {"length": 7}}}, "p:secrets.a.length: Input should be greater than or equal to 8 (got 7)"),
        ({"secrets": {"a": {"recoveryWindowDays": 3}}}, "recoveryWindowDays is 3, but must be 0 or at least 7"),
        ({"secrets": {"a": {"recoveryWindowDays": 31}}}, "p:secrets.a.recoveryWindowDays"),
        ({"secrets": {"A": {}}}, "p:secrets.A.[key]: String should match pattern"),
        ({"secrets": {"a": {"readers": [ROOT, ROOT]}}}, "readers names somebody twice"),
        ({"secrets": {"a": {"readers": ["*"]}}}, "p:secrets.a.readers.0: String should match pattern"),
        ({"secrets": {"a": {"rotation": {"lambdaArn": LAMBDA, "days": 0}}}}, "p:secrets.a.rotation.days"),
        ({"secrets": {"a": {"rotation": {}}}}, "p:secrets.a.rotation.lambdaArn: required, and not set"),
        ({"parameters": {"/a": {"value": "x"}}}, "p:parameters./a.[key]: String should match pattern"),
        ({"parameters": {"a": {"value": "x", "type": "Secret"}}}, "p:parameters.a.type: Input should be 'String'"),
        ({"kmsKeyArn": "alias/a"}, "p:kmsKeyArn: String should match pattern"),
    ),
)
