"""What can be configured. By default one image, built on demand: nothing costs before a build runs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud_stack import Input, Section, StackConfig

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The only retentions that CloudWatch Logs knows."""

ImageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]
RepositoryArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$")]


class SourceConfig(Section):
    """Where the Dockerfile and what it copies come from. Without a source the build's commands bring everything themselves.

    ``location`` is ``bucket/path.zip`` for S3, the address of the repository for the others.
    """

    type: Literal["none", "s3", "codecommit", "github"] = "none"
    location: str = Field(default="", max_length=1000)
    version: str = Field(default="", max_length=255)

    @model_validator(mode="after")
    def _has_a_location(self) -> Self:
        if (self.type == "none") != (not self.location):
            raise ValueError("a location goes with a type other than none, and with every such type")
        return self


class RebuildConfig(Section):
    """When an image is built without anybody asking. ``schedule`` is an EventBridge expression, in UTC."""

    schedule: str | None = Field(default=None, pattern=r"^(cron|rate)\(.+\)$")
    on_base_image: str | None = Field(default=None, pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$", max_length=256)


class ImageConfig(Section):
    """One image and how it is built. ``repository`` is one of services-ecr, None the one with the image's name; ``timeout``
    is in minutes.
    """

    repository: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*$")
    tag: str = Field(default="0.1.0", pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")
    source: SourceConfig = SourceConfig()
    context: str = Field(default=".", pattern=r"^[A-Za-z0-9_./-]+$")
    dockerfile: str = Field(default="Dockerfile", pattern=r"^[A-Za-z0-9_./-]+$")
    architecture: Literal["arm64", "x86_64"] = "arm64"
    compute: Literal["small", "medium", "large"] = "small"
    timeout: int = Field(default=30, ge=5, le=480)
    before: list[str] = Field(default_factory=list, max_length=50)
    log_retention_days: RetentionDays = 30
    rebuild: RebuildConfig = RebuildConfig()

    @model_validator(mode="after")
    def _stays_inside(self) -> Self:
        for key, path in (("context", self.context), ("dockerfile", self.dockerfile)):
            if path.startswith("/") or ".." in path.split("/"):
                raise ValueError(f"{key} leads out of the source: {path}")
        return self


class SigningConfig(Section):
    """A Signer profile for Notation, which builds may sign with. ECR does so at each push, once the registry is told to."""

    enabled: bool = False
    validity_months: int = Field(default=135, ge=1, le=135)


class ContainersImagesConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``kmsKeyArn`` stands in for the security stack's output, the maps of
    repositories for those of services-ecr.
    """

    kms_key_arn: Input[KeyArn] | None = None
    logs_kms_key_arn: Input[KeyArn] | None = None
    repository_urls: dict[str, Input[str]] = Field(default_factory=dict)
    repository_arns: dict[str, Input[RepositoryArn]] = Field(default_factory=dict)
    images: dict[ImageName, ImageConfig] = Field(default={"app": ImageConfig()}, max_length=50)
    signing: SigningConfig = SigningConfig()

    @model_validator(mode="after")
    def _repositories(self) -> Self:
        pushed = [image.repository or name for name, image in self.images.items()]
        shared = sorted({repository for repository in pushed if pushed.count(repository) > 1})
        if shared:
            raise ValueError(f"{', '.join(shared)}: pushed to by several images, whose builds' tags would meet")
        for key, given in (("repositoryUrls", self.repository_urls), ("repositoryArns", self.repository_arns)):
            missing = sorted(set(pushed) - given.keys())
            if given and missing:
                raise ValueError(f"{key} has no {', '.join(missing)}, which images are pushed to")
        return self
