"""ECR."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

READERS: Mapping[str, Reader] = {
    "aws:ecr/repository:Repository": told_by(
        "ecr",
        "describe_repositories",
        lambda resource: {"repositoryNames": [resource["id"]]},
        "repositories",
        ("RepositoryNotFoundException",),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": told_by(
        "ecr",
        "get_lifecycle_policy",
        lambda resource: {"repositoryName": resource["id"]},
        "lifecyclePolicyText",
        ("LifecyclePolicyNotFoundException", "RepositoryNotFoundException"),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": told_by(
        "ecr",
        "get_repository_policy",
        lambda resource: {"repositoryName": resource["id"]},
        "policyText",
        ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException"),
    ),
}
