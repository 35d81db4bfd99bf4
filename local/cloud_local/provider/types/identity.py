"""IAM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.schema import STRING
from cloud_local.provider.shapes import from_aws
from cloud_local.provider.types.notation import row


def _attached(scene: Scene) -> set[str]:
    pages = scene.connection.pages("iam", "list_attached_role_policies", {"RoleName": scene.id})
    return {item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]}


def _inline(scene: Scene) -> list[dict[str, Any]]:
    pages = scene.connection.pages("iam", "list_role_policies", {"RoleName": scene.id})
    names = [name for page in pages for name in page["PolicyNames"]]
    return [
        {
            "name": name,
            "policy": scene.call("get_role_policy", {"RoleName": scene.id, "PolicyName": name})["PolicyDocument"],
        }
        for name in names
    ]


def _role_policies(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    inline = [{"name": item["name"], "policy": from_aws(STRING, item["policy"])} for item in _inline(scene)]
    return {"managedPolicyArns": sorted(_attached(scene)), "inlinePolicies": inline}


def _apply_role_policies(scene: Scene) -> None:
    """Bring attached and inline policies to what is declared; undeclared ones are other resources' business."""
    wanted, old = scene.properties.get("managedPolicyArns"), scene.old.get("managedPolicyArns")
    if wanted is not None or old is not None:
        attached = _attached(scene)
        for arn in sorted(set(wanted or ()) - attached):
            scene.call("attach_role_policy", {"RoleName": scene.id, "PolicyArn": arn})
        for arn in sorted(attached & set(old or ()) - set(wanted or ())):
            scene.call("detach_role_policy", {"RoleName": scene.id, "PolicyArn": arn})
    inline = {item["name"]: item["policy"] for item in scene.properties.get("inlinePolicies") or () if item.get("name")}
    for name, policy in inline.items():
        scene.call("put_role_policy", {"RoleName": scene.id, "PolicyName": name, "PolicyDocument": policy})
    for item in scene.old.get("inlinePolicies") or ():
        if item.get("name") and item["name"] not in inline:
            scene.ask("delete_role_policy", {"RoleName": scene.id, "PolicyName": item["name"]})


def _empty_role(scene: Scene) -> None:
    """Terraform detaches what the resource itself attached, and all with `forceDetachPolicies`."""
    everything = bool(scene.properties.get("forceDetachPolicies"))
    own = set(scene.properties.get("managedPolicyArns") or ())
    inline = {item.get("name") for item in scene.properties.get("inlinePolicies") or ()}
    if not everything and not own and not inline:
        return
    for arn in _attached(scene):
        if everything or arn in own:
            scene.call("detach_role_policy", {"RoleName": scene.id, "PolicyArn": arn})
    for item in _inline(scene):
        if everything or item["name"] in inline:
            scene.call("delete_role_policy", {"RoleName": scene.id, "PolicyName": item["name"]})


def _current_policy(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """A managed policy's document stands in its default version."""
    version = {"PolicyArn": scene.id, "VersionId": found["DefaultVersionId"]}
    document = scene.call("get_policy_version", version)["PolicyVersion"]["Document"]
    return {"policy": from_aws(STRING, document)}


def _other_versions(scene: Scene) -> list[str]:
    """The versions that aren't the default one, oldest first."""
    pages = scene.connection.pages("iam", "list_policy_versions", {"PolicyArn": scene.id})
    versions = [version for page in pages for version in page["Versions"]]
    rest = sorted((item for item in versions if not item["IsDefaultVersion"]), key=lambda item: item["CreateDate"])
    return [item["VersionId"] for item in rest]


def _room_for_version(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """IAM keeps five versions; the oldest makes room."""
    if operation == "create_policy_version":
        for version in _other_versions(scene)[: -(_POLICY_VERSIONS - 2)]:
            scene.call("delete_policy_version", {"PolicyArn": scene.id, "VersionId": version})
        arguments["SetAsDefault"] = True


def _delete_versions(scene: Scene) -> None:
    if scene.ask("get_policy", {"PolicyArn": scene.id}) is not None:
        for version in _other_versions(scene):
            scene.call("delete_policy_version", {"PolicyArn": scene.id, "VersionId": version})


def _find_attachment(scene: Scene) -> Any:
    role, arn = scene.properties["role"], scene.properties["policyArn"]
    if scene.ask("get_role", {"RoleName": role}) is None:
        return None
    pages = scene.connection.pages("iam", "list_attached_role_policies", {"RoleName": role})
    attached = [item for page in pages for item in page["AttachedPolicies"]]
    return next(({"role": role, "policyArn": arn} for item in attached if item["PolicyArn"] == arn), None)


def _set_profile_role(scene: Scene) -> None:
    """An instance profile holds one role."""
    wanted, old = scene.properties.get("role"), scene.old.get("role")
    if old and old != wanted:
        scene.ask("remove_role_from_instance_profile", {"InstanceProfileName": scene.id, "RoleName": old})
    if wanted and old != wanted:
        scene.call("add_role_to_instance_profile", {"InstanceProfileName": scene.id, "RoleName": wanted})


def _profile_role(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": next((item["RoleName"] for item in found.get("Roles", ())), None)}


def _free_profile(scene: Scene) -> None:
    found = scene.ask("get_instance_profile", {"InstanceProfileName": scene.id})
    for role in (found or {}).get("InstanceProfile", {}).get("Roles", ()):
        name = {"InstanceProfileName": scene.id, "RoleName": role["RoleName"]}
        scene.call("remove_role_from_instance_profile", name)


_POLICY_VERSIONS: Final = 5

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:iam/role:Role": row(
        "iam",
        "create_role",
        "Role.RoleName",
        {"RoleName": "{id}"},
        ["get_role Role"],
        delete="delete_role",
        updates=[
            Update("update_role", ("description", "maxSessionDuration"), on_create=False, whole=True, zero=True),
            Update("update_assume_role_policy", ("assumeRolePolicy",), on_create=False),
            Update(
                "put_role_permissions_boundary",
                ("permissionsBoundary",),
                on_create=False,
                unset="delete_role_permissions_boundary",
            ),
        ],
        rename={"assumeRolePolicy": "AssumeRolePolicyDocument|PolicyDocument", "uniqueId": "RoleId"},
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        provider_only=["forceDetachPolicies", "namePrefix"],
        by_hook=["managedPolicyArns", "inlinePolicies"],
        auto_name=AutoName(longest=64),
        enrich=_role_policies,
        created=_apply_role_policies,
        updated=_apply_role_policies,
        deleting=_empty_role,
    ),
    "aws:iam/policy:Policy": row(
        "iam",
        "create_policy",
        "Policy.Arn",
        {"PolicyArn": "{id}"},
        ["get_policy Policy"],
        delete="delete_policy",
        updates=[Update("create_policy_version", ("policy",), on_create=False)],
        rename={"name": "PolicyName", "policy": "PolicyDocument"},
        defaults={"path": "/"},
        provider_only=["namePrefix", "delayAfterPolicyCreationInMs"],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=128),
        prepare=_room_for_version,
        enrich=_current_policy,
        deleting=_delete_versions,
    ),
    "aws:iam/rolePolicy:RolePolicy": row(
        "iam",
        "put_role_policy",
        "{role}:{name}",
        {"RoleName": "{role}", "PolicyName": "{name}"},
        ["get_role_policy"],
        delete="delete_role_policy",
        updates=[Update("put_role_policy", ("policy",), on_create=False)],
        rename={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
        provider_only=["namePrefix"],
        auto_name=AutoName(longest=128),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": row(
        "iam",
        "attach_role_policy",
        "{role}/{policyArn}",
        {"RoleName": "{role}", "PolicyArn": "{policyArn}"},
        [Read("", by=_find_attachment)],
        delete="detach_role_policy",
        rename={"role": "RoleName"},
        enrich=lambda _scene, found: found,
    ),
    "aws:iam/instanceProfile:InstanceProfile": row(
        "iam",
        "create_instance_profile",
        "InstanceProfile.InstanceProfileName",
        {"InstanceProfileName": "{id}"},
        ["get_instance_profile InstanceProfile"],
        delete="delete_instance_profile",
        by_hook=["role"],
        rename={"name": "InstanceProfileName", "uniqueId": "InstanceProfileId"},
        defaults={"path": "/"},
        provider_only=["namePrefix"],
        auto_name=AutoName(longest=128),
        enrich=_profile_role,
        created=_set_profile_role,
        updated=_set_profile_role,
        deleting=_free_profile,
    ),
}
