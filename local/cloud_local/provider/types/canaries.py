"""CloudWatch Synthetics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider import assets
from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_CODE: Final = ("handler", "s3Bucket", "s3Key", "s3Version", "zipFile")
_RUN: Final = {
    "activeTracing": "ActiveTracing",
    "ephemeralStorage": "EphemeralStorage",
    "memoryInMb": "MemoryInMB",
    "timeoutInSeconds": "TimeoutInSeconds",
}
_S3: Final = {"s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3Version": "S3Version"}


def _arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "update_canary":
        _stop(scene)  # AWS changes no canary that runs
    if operation == "create_canary" or (operation == "update_canary" and scene.changed & set(_CODE)):
        properties = scene.properties
        code = {member: properties[name] for name, member in _S3.items() if properties.get(name)}
        if properties.get("zipFile"):
            code["ZipFile"] = assets.contents(properties["zipFile"])
        arguments["Code"] = {**code, "Handler": properties["handler"]}


def _state(scene: Scene) -> str:
    found = scene.ask("get_canary", {"Name": scene.id}) or {}
    return str(found.get("Canary", {}).get("Status", {}).get("State", ""))


def _stop(scene: Scene) -> None:
    if _state(scene) == "RUNNING":
        scene.call("stop_canary", {"Name": scene.id})


def _run(scene: Scene) -> None:
    """Runs from its creation on, and after every change, where the program wants it to; else it is stopped."""
    if not scene.properties.get("startCanary"):
        _stop(scene)
    elif _state(scene) != "RUNNING":
        scene.call("start_canary", {"Name": scene.id})


def _facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    place, declared = str(found.get("ArtifactS3Location", "")), str(scene.properties.get("artifactS3Location", ""))
    return {
        # AWS tells the place without the scheme that it was given with.
        "artifactS3Location": declared if declared.removeprefix("s3://") == place.removeprefix("s3://") else place,
        "handler": (found.get("Code") or {}).get("Handler"),
        "runConfig": _run_config(scene, found.get("RunConfig") or {}) or None,
        "sourceLocationArn": (found.get("Code") or {}).get("SourceLocationArn"),
        "status": (found.get("Status") or {}).get("State"),
    }


def _run_config(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """AWS doesn't tell a canary's variables again: they stay as declared."""
    told = {name: found[member] for name, member in _RUN.items() if found.get(member) is not None}
    variables = (scene.properties.get("runConfig") or {}).get("environmentVariables")
    return {**told, "environmentVariables": variables} if variables else told


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:synthetics/canary:Canary": row(
        "synthetics",
        "create_canary",
        "{name}",
        {"Name": "{id}"},
        ["get_canary Canary"],
        delete="delete_canary",
        delete_arguments={"DeleteLambda": "{deleteLambda}"},
        updates=[
            Update(
                "update_canary",
                (
                    *_CODE,
                    "artifactConfig",
                    "artifactS3Location",
                    "executionRoleArn",
                    "failureRetentionPeriod",
                    "kmsKeyArn",
                    "runConfig",
                    "runtimeVersion",
                    "schedule",
                    "successRetentionPeriod",
                    "vpcConfig",
                ),
                on_create=False,
            )
        ],
        rename={
            "failureRetentionPeriod": "FailureRetentionPeriodInDays",
            "successRetentionPeriod": "SuccessRetentionPeriodInDays",
        },
        by_hook=_CODE,
        provider_only=["startCanary", "deleteLambda"],
        unread=["zipFile", "s3Bucket", "s3Key", "s3Version"],
        sticky=["runConfig", "artifactConfig"],
        defaults={
            "deleteLambda": False,
            "failureRetentionPeriod": 31,
            "startCanary": False,
            "successRetentionPeriod": 31,
        },
        arn="synthetics:{region}:{account}:canary:{id}",
        auto_name=None,
        prepare=_arguments,
        enrich=_facts,
        created=_run,
        updated=_run,
        deleting=_stop,
    ),
}
