"""CodeBuild and Signer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.connection import NotEmulated
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_NESTED: Final = {
    "environmentVariables": "environmentVariables",
    "cloudwatchLogs": "cloudWatchLogs",
    "s3Logs": "s3Logs",
}
_PRIVATE: Final = "PRIVATE"


def _name(scene: Scene) -> str:
    """Pulumi's id is the ARN; AWS's operations go by the name."""
    return str(scene.properties.get("name") or scene.id.rpartition("/")[2])


def _project_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation in ("update_project", "delete_project"):
        arguments["name"] = _name(scene)
    if operation == "update_project":
        if arguments.get("cache") == {}:
            arguments["cache"] = {"type": "NO_CACHE"}
        if arguments.get("concurrentBuildLimit") == 0:
            arguments["concurrentBuildLimit"] = -1


def _project(scene: Scene) -> Any:
    found = scene.call("batch_get_projects", {"names": [_name(scene)]}).get("projects") or [None]
    return found[0]


def _badge_and_visibility(_scene: Scene, found: Mapping[str, Any]) -> Mapping[str, Any]:
    badge = found.get("badge") or {}
    return {
        "badgeEnabled": bool(badge.get("badgeEnabled")),
        "badgeUrl": badge.get("badgeRequestUrl", ""),
        "projectVisibility": found.get("projectVisibility", _PRIVATE),
    }


def _show(scene: Scene) -> None:
    """Who may see a project's builds has an operation of its own; a new project is private."""
    wanted = {
        "projectVisibility": scene.properties.get("projectVisibility", _PRIVATE),
        "resourceAccessRole": scene.properties.get("resourceAccessRole"),
    }
    if scene.old or wanted["projectVisibility"] != _PRIVATE:
        given = {name: value for name, value in wanted.items() if value}
        try:
            scene.call("update_project_visibility", {"projectArn": scene.id, **given})
        except NotEmulated as gap:
            scene.warn(f"{scene.schema.token}: projectVisibility is recorded but not applied: {gap}")


def _update(scene: Scene) -> None:
    """CodeBuild has no operations for tags: they are a part of the project."""
    if {"tags", "tagsAll"} & scene.changed:
        tags = [{"key": key, "value": str(value)} for key, value in (scene.properties.get("tagsAll") or {}).items()]
        scene.call("update_project", {"name": _name(scene), "tags": tags})
    if {"projectVisibility", "resourceAccessRole"} & scene.changed:
        _show(scene)


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:codebuild/project:Project": row(
        "codebuild",
        "create_project",
        "project.arn",
        {},
        [Read("batch_get_projects", by=_project)],
        delete="delete_project",
        updates=[Update("update_project", on_create=False, zero=True)],
        nested=_NESTED,
        rename={"buildTimeout": "timeoutInMinutes", "queuedTimeout": "queuedTimeoutInMinutes"},
        replace=["name"],
        defaults={"buildTimeout": 60, "queuedTimeout": 480, "badgeEnabled": False, "projectVisibility": _PRIVATE},
        by_hook=["projectVisibility", "resourceAccessRole"],
        sticky=["encryptionKey", "cache", "logsConfig", "description"],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=255),
        prepare=_project_arguments,
        enrich=_badge_and_visibility,
        created=_show,
        updated=_update,
    ),
    "aws:signer/signingProfile:SigningProfile": row(
        "signer",
        "put_signing_profile",
        "{name}",
        {"profileName": "{id}"},
        ["get_signing_profile"],
        delete="cancel_signing_profile",
        gone="status == 'Canceled'",
        rename={"name": "profileName", "version": "profileVersion", "versionArn": "profileVersionArn"},
        provider_only=["namePrefix"],
        replace=["namePrefix"],
        sticky=["signatureValidityPeriod", "signingMaterial"],
        auto_name=AutoName(longest=64),
    ),
}
