"""ECR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row


def _repository_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """AWS takes one structure where Terraform writes a list of blocks; images go with a repository only when told to."""
    if operation == "delete_repository":
        arguments["force"] = bool(scene.properties.get("forceDelete"))


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ecr/repository:Repository": row(
        "ecr",
        "create_repository",
        "{name}",
        {"repositoryName": "{id}"},
        ["describe_repositories repositories[0]"],
        delete="delete_repository",
        updates=[
            Update("put_image_tag_mutability", ("imageTagMutability",), on_create=False, whole=True),
            Update("put_image_scanning_configuration", ("imageScanningConfiguration",), on_create=False, whole=True),
        ],
        rename={
            "name": "repositoryName",
            "arn": "repositoryArn",
            "repositoryUrl": "repositoryUri",
            "encryptionConfigurations": "encryptionConfiguration",
        },
        defaults={"imageTagMutability": "MUTABLE"},
        provider_only=["forceDelete"],
        sticky=["encryptionConfigurations", "imageScanningConfiguration"],
        auto_name=AutoName(longest=256),
        prepare=_repository_arguments,
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": row(
        "ecr",
        "put_lifecycle_policy",
        "{repository}",
        {"repositoryName": "{id}"},
        ["get_lifecycle_policy"],
        delete="delete_lifecycle_policy",
        rename={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        outputs={"repository": "{id}"},
        replace=["policy"],
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": row(
        "ecr",
        "set_repository_policy",
        "{repository}",
        {"repositoryName": "{id}"},
        ["get_repository_policy"],
        delete="delete_repository_policy",
        updates=[Update("set_repository_policy", ("policy",), on_create=False)],
        rename={"repository": "repositoryName", "policy": "policyText"},
        outputs={"repository": "{id}"},
    ),
}
