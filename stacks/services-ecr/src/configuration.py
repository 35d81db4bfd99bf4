"""What can be configured. By default one repository; an empty one costs nothing."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

RepositoryName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*$", max_length=60)]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]


class RepositoryConfig(Section):
    """One repository. ``pull_accounts`` are other accounts that may pull; ``keep_images`` is how many stay."""

    untagged_days: int = Field(default=7, ge=1, le=3650)
    keep_images: int = Field(default=50, ge=1, le=10000)
    pull_accounts: list[AccountId] = Field(default_factory=list, max_length=50)
    force_delete: bool = False

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.pull_accounts)) < len(self.pull_accounts):
            raise ValueError("pullAccounts names an account twice")
        return self


class ServicesEcrConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``kmsKeyArn`` stands in for the security stack's output."""

    kms_key_arn: Input[KeyArn] | None = None
    repositories: dict[RepositoryName, RepositoryConfig] = Field(default={"app": RepositoryConfig()}, max_length=100)
