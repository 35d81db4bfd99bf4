"""Registries: for every type a declaration and its changes."""

from __future__ import annotations

import json

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, World, policy


def repository(w: World) -> Resource:
    return w.one("repository", "aws:ecr/repository:Repository", lambda: {"forceDelete": True})


def lifecycle(count: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


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
)
