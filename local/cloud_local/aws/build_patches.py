"""What moto needs to let CodeBuild projects live as they do in AWS; see moto_patches.py for the rules."""

from __future__ import annotations

from typing import Any

LEFT_OUT = ("autoRetryLimit", "buildBatchConfig", "concurrentBuildLimit", "encryptionKey", "fileSystemLocations")
"""Members that a project may be created with and that moto drops, beside those of further sources and artifacts."""
LEFT_OUT_LISTS = ("secondaryArtifacts", "secondarySources", "secondarySourceVersions")
CHANGED_AS_CREATED = (
    *("artifacts", "cache", "environment", "logsConfig", "queuedTimeoutInMinutes", "serviceRole", "source"),
    *("sourceVersion", "tags", "timeoutInMinutes", "vpcConfig"),
)


def builds_need_no_source() -> None:
    """moto wants a location also of the kinds of source that have none."""
    from moto.codebuild import responses

    original = responses._validate_required_params_source

    def validate(source: dict[str, Any]) -> None:
        if source["type"] not in ("NO_SOURCE", "CODEPIPELINE"):
            original(source)

    responses._validate_required_params_source = validate


def projects_keep_what_they_are_told() -> None:
    """moto puts AWS's own key in the place of a project's, and drops retries, badge, batches and further sources."""
    from moto.codebuild.responses import CodeBuildResponse

    original = CodeBuildResponse.create_project

    def create_project(self: Any) -> Any:
        answer = original(self)
        _take(self, answer.result["project"], (*LEFT_OUT, *LEFT_OUT_LISTS))
        return answer

    CodeBuildResponse.create_project = create_project


def projects_can_be_changed() -> None:
    """moto has no UpdateProject: nothing about a project, its tags included, could change once it is made.

    What the request leaves out stays, and an empty description, version or VPC, and a limit of -1, removes what there was.
    """
    from moto.codebuild import responses
    from moto.codebuild.exceptions import ResourceNotFoundException
    from moto.core.responses import ActionResult
    from moto.core.utils import unix_time

    def update_project(self: Any) -> Any:
        name = self._get_param("name")
        project = self.codebuild_backend.codebuild_projects.get(name)
        if project is None:
            raise ResourceNotFoundException(f"Project cannot be found: {name}")
        if source := self._get_param("source"):
            responses._validate_required_params_source(source)
        if environment := self._get_param("environment"):
            responses._validate_required_params_environment(environment)
        if artifacts := self._get_param("artifacts"):
            responses._validate_required_params_artifacts(artifacts)
        metadata = project.project_metadata
        _take(self, metadata, ("description", *CHANGED_AS_CREATED, *LEFT_OUT, *LEFT_OUT_LISTS))
        for emptied in ("description", "sourceVersion", "vpcConfig"):
            if not metadata.get(emptied):
                metadata.pop(emptied, None)
        if metadata.get("concurrentBuildLimit") == -1:
            del metadata["concurrentBuildLimit"]
        project.service_role, project.tags = metadata["serviceRole"], metadata["tags"]
        metadata["lastModified"] = unix_time()
        return ActionResult({"project": metadata})

    responses.CodeBuildResponse.update_project = update_project


def _take(request: Any, metadata: dict[str, Any], members: tuple[str, ...]) -> None:
    given = {member: request._get_param(member) for member in members}
    metadata.update({member: value for member, value in given.items() if value is not None})
    if (badge := request._get_param("badgeEnabled")) is not None:
        metadata["badge"] = {"badgeEnabled": badge}


BUILD_PATCHES = (builds_need_no_source, projects_keep_what_they_are_told, projects_can_be_changed)
