"""Builds and what signs them: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World, trust


def builder(w: World) -> Resource:
    role = {"assumeRolePolicy": trust("codebuild.amazonaws.com")}
    return w.one("builder", "aws:iam/role:Role", lambda: role)


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


CASES: tuple[Case, ...] = (
    Case(
        "aws:codebuild/project:Project",
        lambda w: {
            **project(w),
            "description": "first",
            "sourceVersion": "main",
            "concurrentBuildLimit": 2,
            "logsConfig": {"cloudwatchLogs": {"status": "ENABLED", "groupName": "builds"}},
            **TAGGED,
        },
        lambda w: {
            "description": "changed",
            "buildTimeout": 30,
            "badgeEnabled": True,
            "concurrentBuildLimit": 0,
            "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            "sourceVersion": "",
            "cache": {"type": "LOCAL", "modes": ["LOCAL_DOCKER_LAYER_CACHE"]},
            **RETAGGED,
        },
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:codebuild/project:Project",
        lambda w: {**project(w), "projectVisibility": "PUBLIC_READ"},
        None,
        lambda w: {"name": "other"},
        gaps=frozenset({"projectVisibility", "the emulated AWS has no codebuild update_project_visibility"}),
        label="public",
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
    Case(
        "aws:signer/signingProfile:SigningProfile",
        lambda w: {"namePrefix": "shop_images_", "platformId": "Notation-OCI-SHA384-ECDSA"},
        None,
        lambda w: {"platformId": "AWSLambda-SHA384-ECDSA"},
        label="prefix",
    ),
)
