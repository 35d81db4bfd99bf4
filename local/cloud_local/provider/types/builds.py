"""CodeBuild and Signer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_NESTED: Final = {"environmentVariables": "environmentVariables", "cloudwatchLogs": "cloudWatchLogs", "s3Logs": "s3Logs"}


def _project_name(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Pulumi's id is the ARN; AWS's operations go by the name."""
    if operation in ("update_project", "delete_project"):
        arguments["name"] = scene.properties.get("name") or scene.id.rpartition("/")[2]


def _project(scene: Scene) -> Any:
    name = scene.properties.get("name") or scene.id.rpartition("/")[2]
    found = scene.call("batch_get_projects", {"names": [name]}).get("projects") or [None]
    return found[0]


def _retag(scene: Scene) -> None:
    """CodeBuild has no operations for tags: they are a part of the project."""
    if {"tags", "tagsAll"} & scene.changed:
        tags = [{"key": key, "value": str(value)} for key, value in (scene.properties.get("tagsAll") or {}).items()]
        scene.call("update_project", {"name": scene.id.rpartition("/")[2], "tags": tags})


def _profile_status(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "put_signing_profile" and "signatureValidityPeriod" in arguments:
        period = scene.properties["signatureValidityPeriod"]
        arguments["signatureValidityPeriod"] = {"value": int(period["value"]), "type": period["type"]}


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:codebuild/project:Project": row(
        "codebuild",
        "create_project",
        "project.arn",
        {},
        [Read("batch_get_projects", by=_project)],
        delete="delete_project",
        updates=[Update("update_project", on_create=False, whole=True)],
        nested=_NESTED,
        rename={"buildTimeout": "timeoutInMinutes", "queuedTimeout": "queuedTimeoutInMinutes"},
        replace=["name"],
        defaults={"buildTimeout": 60, "queuedTimeout": 480, "badgeEnabled": False, "projectVisibility": "PRIVATE"},
        provider_only=["badgeEnabled", "projectVisibility", "autoRetryLimit"],
        sticky=["encryptionKey", "cache", "logsConfig", "description"],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=255),
        prepare=_project_name,
        updated=_retag,
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
        sticky=["signatureValidityPeriod"],
        auto_name=AutoName(longest=64),
        prepare=_profile_status,
    ),
}
