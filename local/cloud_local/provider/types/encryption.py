"""KMS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row


def _switch(scene: Scene) -> None:
    """Rotation and enabling are operations of their own, on and off."""
    rotation = scene.properties.get("enableKeyRotation")
    if rotation is not None and bool(scene.old.get("enableKeyRotation")) != bool(rotation):
        days = scene.properties.get("rotationPeriodInDays")
        arguments = {"KeyId": scene.id, **({"RotationPeriodInDays": int(days)} if rotation and days else {})}
        scene.call("enable_key_rotation" if rotation else "disable_key_rotation", arguments)
    elif scene.old.get("enableKeyRotation") and rotation is None:
        scene.call("disable_key_rotation", {"KeyId": scene.id})
    elif rotation and "rotationPeriodInDays" in scene.changed:
        days = int(scene.properties.get("rotationPeriodInDays") or 365)
        scene.call("enable_key_rotation", {"KeyId": scene.id, "RotationPeriodInDays": days})
    enabled = scene.properties.get("isEnabled", True)
    if bool(scene.old.get("isEnabled", True)) != bool(enabled):
        scene.call("enable_key" if enabled else "disable_key", {"KeyId": scene.id})


def _rotation(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    status = scene.ask("get_key_rotation_status", {"KeyId": scene.id}) or {}
    return {
        "enableKeyRotation": bool(status.get("KeyRotationEnabled")),
        "rotationPeriodInDays": status.get("RotationPeriodInDays"),
    }


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:kms/key:Key": row(
        "kms",
        "create_key",
        "KeyMetadata.KeyId",
        {"KeyId": "{id}"},
        [
            "describe_key KeyMetadata",
            Read("get_key_policy", "Policy", {"KeyId": "{id}", "PolicyName": "default"}, into="policy"),
        ],
        delete="schedule_key_deletion",
        delete_arguments={"PendingWindowInDays": "{deletionWindowInDays}"},
        gone="KeyState == 'PendingDeletion'",
        updates=[
            Update("update_key_description", ("description",), on_create=False, zero=True),
            Update("put_key_policy", ("policy",), {"PolicyName": "default"}, on_create=False),
        ],
        rename={"customerMasterKeySpec": "KeySpec", "isEnabled": "Enabled"},
        provider_only=["deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"],
        by_hook=["enableKeyRotation", "rotationPeriodInDays", "isEnabled"],
        sticky=["policy"],
        outputs={"keyId": "{id}"},
        defaults={"isEnabled": True},
        enrich=_rotation,
        created=_switch,
        updated=_switch,
    ),
    "aws:kms/alias:Alias": row(
        "kms",
        "create_alias",
        "{name}",
        {"AliasName": "{id}"},
        [Read("list_aliases", "Aliases[?AliasName=='{id}'] | [0]", {})],
        delete="delete_alias",
        updates=[Update("update_alias", ("targetKeyId",), on_create=False)],
        rename={"name": "AliasName", "arn": "AliasArn"},
        provider_only=["namePrefix"],
        outputs={"targetKeyArn": "arn:{partition}:kms:{region}:{account}:key/{targetKeyId}"},
        auto_name=AutoName(longest=256, prefix="alias/"),
    ),
}
