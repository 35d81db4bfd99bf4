"""Labels and rotation of secrets: a declaration and its changes."""

from __future__ import annotations

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_serverless_cases import declared
from tests.contract.aws_provider_world import ACCOUNT, Case, World


def rotator(w: World) -> Resource:
    return w.one("rotator", "aws:lambda/function:Function", lambda: declared(w))


CASES: tuple[Case, ...] = (
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda w: {"secretId": w.secret.id, "secretString": "hunter22", "versionStages": ["AWSCURRENT", "first"]},
        lambda w: {"versionStages": ["AWSCURRENT", "kept"]},
        lambda w: {"secretString": "other"},
        label="labelled",
        stays=True,
    ),
    Case(
        "aws:secretsmanager/secretRotation:SecretRotation",
        lambda w: {
            "secretId": w.secret.id,
            "rotationLambdaArn": rotator(w)["arn"],
            "rotationRules": {"automaticallyAfterDays": 30},
        },
        lambda w: {"rotationRules": {"automaticallyAfterDays": 60}},
        lambda w: {"secretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:other"},
    ),
)
