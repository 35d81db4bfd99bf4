"""A repository as every repository should be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_aws import ecr

from cloud_stack import allow, document
from src.configuration import RepositoryConfig

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@dataclass(frozen=True, slots=True)
class RepositoryArgs:
    """``name`` is the physical name."""

    name: str
    kms_key_arn: pulumi.Input[str]
    settings: RepositoryConfig


class Repository(pulumi.ComponentResource):
    """Tags that mean one image for ever, every image scanned, under the deployment's key, tidied up by age and number."""

    url: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: RepositoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-ecr:Repository", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        repository = ecr.Repository(
            name,
            name=args.name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.kms_key_arn}],
            force_delete=settings.force_delete,
            # Under another key it is another repository, of the same name.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        ecr.LifecyclePolicy(
            name,
            repository=repository.name,
            policy=json.dumps({"rules": lifecycle_rules(settings)}),
            # A repository has one: the old one's deletion would take the new one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        if settings.pull_accounts:
            partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
            accounts = [f"arn:{partition}:iam::{account}:root" for account in settings.pull_accounts]
            ecr.RepositoryPolicy(
                name,
                repository=repository.name,
                # In a repository's policy the resource is the repository itself, and may not be named.
                policy=document(allow(*PULL, on=[], principals={"AWS": accounts}, sid="Pull")),
                opts=child,
            )
        self.url, self.arn = repository.repository_url, repository.arn
        self.register_outputs({"url": self.url, "arn": self.arn})


def lifecycle_rules(settings: RepositoryConfig) -> list[dict[str, Any]]:
    """What has no tag goes by age; of what is left then, the oldest beyond a number."""
    return [
        {
            "rulePriority": 1,
            "description": "what no tag points to",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": settings.untagged_days,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "all but the newest",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": settings.keep_images},
            "action": {"type": "expire"},
        },
    ]
