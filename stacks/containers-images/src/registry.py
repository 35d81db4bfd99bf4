"""Where images go: repositories as configured, else as services-ecr exports them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from cloud_stack import Reference
from src.configuration import ContainersImagesConfig


class Registry:
    """services-ecr is read only for what no configuration gives."""

    def __init__(self, settings: ContainersImagesConfig, services_ecr: Reference) -> None:
        self._settings, self._services_ecr = settings, services_ecr

    def url(self, repository: str) -> pulumi.Input[str]:
        """Its address, without a tag. Fails the run where services-ecr has no such repository."""
        return self._find(self._settings.repository_urls, "repositoryUrls", repository)

    def arn(self, repository: str) -> pulumi.Input[str]:
        """Its ARN. Fails the run where services-ecr has no such repository."""
        return self._find(self._settings.repository_arns, "repositoryArns", repository)

    def _find(self, given: Mapping[str, pulumi.Input[str]], output: str, repository: str) -> pulumi.Input[str]:
        if given:  # whole or not at all: the configuration has been checked
            return given[repository]

        def present(exported: Mapping[str, Any]) -> str:
            if repository not in exported:
                known = ", ".join(sorted(exported)) or "none"
                raise pulumi.RunError(
                    f"services-ecr has no repository '{repository}' (it has: {known}); add it there, or set "
                    f"images.….repository to one that is there"
                )
            return str(exported[repository])

        return self._services_ecr[output].apply(present)
