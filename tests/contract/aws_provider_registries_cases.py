"""Registries and builds: for every type a declaration and its changes."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, World, policy, trust


def repository(w: World) -> Resource:
    return w.one("repository", "aws:ecr/repository:Repository", lambda: {"forceDelete": True})


def builder(w: World) -> Resource:
    role = {"assumeRolePolicy": trust("codebuild.amazonaws.com")}
    return w.one("builder", "aws:iam/role:Role", lambda: role)


def lifecycle(count: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def project(w: World) -> dict[str, Any]:
    return {
        "serviceRole": builder(w)["arn"],
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/standard:7.0",
            "type": "LINUX_CONTAINER",
            "privilegedMode": True,
            "environmentVariables": [{"name": "TAG", "value": "latest", "type": "PLAINTEXT"}],
        },
        "source": {"type": "S3", "location": "bucket/source.zip", "buildspec": "version: 0.2"},
        "encryptionKey": w.key["arn"],
    }


PULL = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}

CASES: tuple[Case, ...] = (
    Case(
        "aws:ecr/repository:Repository",
        lambda w: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": w.key["arn"]}],
            **TAGGED,
        },
        lambda w: {"imageTagMutability": "MUTABLE", "imageScanningConfiguration": {"scanOnPush": False}, **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": repository(w).id, "policy": lifecycle(3)},
        None,
        lambda w: {"policy": lifecycle(5)},
    ),
    Case(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda w: {"repository": repository(w).id, "policy": policy("ecr:BatchGetImage", **PULL)},
        lambda w: {"policy": policy("ecr:GetDownloadUrlForLayer", **PULL)},
        lambda w: {"repository": "other"},
    ),
    Case(
        "aws:codebuild/project:Project",
        lambda w: {**project(w), **TAGGED},
        lambda w: {"description": "changed", "buildTimeout": 30, **RETAGGED},
        lambda w: {"name": "other"},
        gaps=frozenset({"encryptionKey"}),
    ),
    Case(
        "aws:signer/signingProfile:SigningProfile",
        lambda w: {
            "name": "shop_images",
            "platformId": "Notation-OCI-SHA384-ECDSA",
            "signatureValidityPeriod": {"value": 12, "type": "MONTHS"},
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"platformId": "AWSLambda-SHA384-ECDSA"},
    ),
)
