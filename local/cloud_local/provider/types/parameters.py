"""SSM parameters and Secrets Manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_RECOVERY_DAYS: Final = 30
"""Days a deleted secret can be restored for, where the program doesn't say (Secrets Manager's own default)."""


def _parameter_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Overwriting is for changes (tags aren't taken with it); `insecureValue` and `valueWo` are the value too."""
    if operation == "put_parameter":
        for name in ("insecureValue", "valueWo"):
            if scene.properties.get(name) is not None:
                arguments["Value"] = scene.properties[name]
        changing = bool(scene.id) or bool(scene.properties.get("overwrite"))
        if changing:
            arguments["Overwrite"] = True
            arguments.pop("Tags", None)


def _parameter_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    name = {"Key": "Name", "Option": "Equals", "Values": [scene.id]}
    described = scene.call("describe_parameters", {"ParameterFilters": [name]})["Parameters"]
    facts: dict[str, Any] = {"hasValueWo": "valueWo" in scene.properties, "arn": found.get("ARN")}
    if described:
        members = {"description": "Description", "keyId": "KeyId", "tier": "Tier", "allowedPattern": "AllowedPattern"}
        facts |= {name: described[0].get(member) for name, member in members.items()}
    if "insecureValue" in scene.properties:
        facts["insecureValue"] = found.get("Value")
    return facts


def _secret_deletion(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "delete_secret":
        days = scene.properties.get("recoveryWindowInDays", _RECOVERY_DAYS)
        arguments |= {"ForceDeleteWithoutRecovery": True} if int(days) == 0 else {"RecoveryWindowInDays": int(days)}


def _version_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "put_secret_value":
        if scene.properties.get("secretStringWo") is not None:
            arguments["SecretString"] = scene.properties["secretStringWo"]
        if scene.properties.get("versionStages"):
            arguments["VersionStages"] = list(scene.properties["versionStages"])


def _version_id(scene: Scene) -> str:
    """Which version it is must be known for the first read already."""
    scene.properties["versionId"] = scene.answer["VersionId"]
    return f"{scene.properties['secretId']}|{scene.answer['VersionId']}"


def _move_stages(scene: Scene) -> None:
    wanted, old = set(scene.properties.get("versionStages") or ()), set(scene.old.get("versionStages") or ())
    target = {"SecretId": scene.properties["secretId"]}
    version = scene.id.rpartition("|")[2]
    for stage in sorted(wanted - old):
        scene.call("update_secret_version_stage", {**target, "VersionStage": stage, "MoveToVersionId": version})
    for stage in sorted(old - wanted - {"AWSCURRENT"}):
        scene.call("update_secret_version_stage", {**target, "VersionStage": stage, "RemoveFromVersionId": version})


def _rotation_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "rotate_secret":
        arguments["RotateImmediately"] = bool(scene.properties.get("rotateImmediately", True))


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ssm/parameter:Parameter": row(
        "ssm",
        "put_parameter",
        "{name}",
        {"Name": "{id}"},
        [Read("get_parameter", "Parameter", {"Name": "{id}", "WithDecryption": True})],
        delete="delete_parameter",
        updates=[
            Update("put_parameter", on_create=False, whole=True),
            Update("put_parameter", ("insecureValue", "valueWoVersion"), on_create=False),
        ],
        replace=["name", "keyId"],
        provider_only=["overwrite", "arn"],
        by_hook=["insecureValue", "valueWo", "valueWoVersion"],
        unread=["valueWo", "valueWoVersion"],
        sticky=["tier", "dataType", "keyId"],
        auto_name=AutoName(longest=2048),
        prepare=_parameter_arguments,
        enrich=_parameter_facts,
    ),
    "aws:secretsmanager/secret:Secret": row(
        "secretsmanager",
        "create_secret",
        "ARN",
        {"SecretId": "{id}"},
        [
            "describe_secret",
            Read("get_resource_policy", "ResourcePolicy", {"SecretId": "{id}"}, into="policy", optional=True),
        ],
        delete="delete_secret",
        gone="DeletedDate",
        updates=[
            Update("put_resource_policy", ("policy",), unset="delete_resource_policy"),
            Update("update_secret", ("description", "kmsKeyId"), on_create=False, whole=True, zero=True),
        ],
        rename={"policy": "ResourcePolicy"},
        provider_only=["recoveryWindowInDays", "forceOverwriteReplicaSecret", "namePrefix"],
        defaults={"recoveryWindowInDays": _RECOVERY_DAYS, "forceOverwriteReplicaSecret": False},
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=512),
        prepare=_secret_deletion,
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": row(
        "secretsmanager",
        "put_secret_value",
        "{secretId}|{versionId}",
        {"SecretId": "{secretId}"},
        [Read("get_secret_value", "@", {"SecretId": "{secretId}", "VersionId": "{versionId}"})],
        identify=_version_id,
        kept="a version lives as long as its secret",
        by_hook=["versionStages", "secretStringWo", "secretStringWoVersion"],
        replace=["secretString", "secretBinary", "secretStringWoVersion"],
        unread=["secretStringWo", "secretStringWoVersion"],
        sticky=["versionStages"],
        outputs={"arn": "{secretId}", "secretArn": "{secretId}", "secretId": "{secretId}"},
        prepare=_version_arguments,
        updated=_move_stages,
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": row(
        "secretsmanager",
        "put_resource_policy",
        "{secretArn}",
        {"SecretId": "{secretArn}"},
        ["get_resource_policy"],
        delete="delete_resource_policy",
        gone="!ResourcePolicy",
        updates=[Update("put_resource_policy", ("policy",), on_create=False, whole=True)],
        rename={"policy": "ResourcePolicy", "secretArn": "SecretId"},
        provider_only=["blockPublicPolicy"],
        outputs={"secretArn": "{secretArn}"},
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": row(
        "secretsmanager",
        "rotate_secret",
        "{secretId}",
        {"SecretId": "{id}"},
        ["describe_secret"],
        delete="cancel_rotate_secret",
        gone="!RotationEnabled",
        updates=[Update("rotate_secret", ("rotationLambdaArn", "rotationRules"), on_create=False, whole=True)],
        rename={"rotationLambdaArn": "RotationLambdaARN"},
        provider_only=["rotateImmediately"],
        defaults={"rotateImmediately": True},
        outputs={"secretId": "{id}"},
        prepare=_rotation_arguments,
        auto_name=None,
    ),
}
