"""EKS, and the identity provider by which pods take IAM roles.

EKS changes one thing of a cluster at a time and refuses the next while it works; where the calls are answered by AWS, every
change waits for the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cloud_local.provider.connection import NotEmulated
from cloud_local.provider.model import Hook, Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row


def _creator_stays(_scene: Scene, paths: Sequence[str]) -> set[str]:
    """Whether its maker administers the cluster is settled when it is made; how it authenticates isn't."""
    return {"accessConfig"} & {path.removesuffix(".bootstrapClusterCreatorAdminPermissions") for path in paths}


def _template_stays(_scene: Scene, paths: Sequence[str]) -> set[str]:
    """Another version of the launch template is an update, another template isn't."""
    return {"launchTemplate"} & {path.removesuffix(".id").removesuffix(".name") for path in paths}


def _wait(waiter: str, **identity: str) -> Hook:
    """Waits as botocore's waiter does, told which resource by templates."""

    def wait(scene: Scene) -> None:
        scene.connection.client("eks", scene.region).get_waiter(waiter).wait(**scene.fill(identity))

    return wait


_cluster_is_active: Final = _wait("cluster_active", name="{id}")
_nodes_are_active: Final = _wait("nodegroup_active", clusterName="{clusterName}", nodegroupName="{nodeGroupName}")


def _logging(scene: Scene) -> dict[str, Any]:
    """Which log types are on, and which are off: a type that isn't named stays as it is."""
    on = set(scene.properties.get("enabledClusterLogTypes") or ())
    groups = [{"types": sorted(on), "enabled": True}, {"types": sorted(_LOG_TYPES - on), "enabled": False}]
    return {"clusterLogging": [group for group in groups if group["types"]]}


def _cluster_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "create_cluster":
        arguments["logging"] = _logging(scene)
    if operation == "update_cluster_config":
        _cluster_is_active(scene)
        for computed in ("vpcId", "clusterSecurityGroupId"):
            arguments.get("resourcesVpcConfig", {}).pop(computed, None)
        # Who makes the cluster is its administrator or not from the start; a change of it is no member here.
        arguments.get("accessConfig", {}).pop("bootstrapClusterCreatorAdminPermissions", None)


def _cluster_updated(scene: Scene) -> None:
    if "enabledClusterLogTypes" in scene.changed:
        _cluster_is_active(scene)
        scene.call("update_cluster_config", {"name": scene.id, "logging": _logging(scene)})
    _cluster_is_active(scene)


def _cluster_properties(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    groups = (found.get("logging") or {}).get("clusterLogging") or ()
    return {"enabledClusterLogTypes": sorted({kind for group in groups if group["enabled"] for kind in group["types"]})}


def _node_group_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Labels and taints are changed by telling what comes and what goes; a version isn't told with the rest."""
    if operation == "update_nodegroup_config":
        _nodes_are_active(scene)
        old, new = scene.old.get("labels") or {}, scene.properties.get("labels") or {}
        if "labels" in arguments:
            gone = sorted(old.keys() - new.keys())
            arguments["labels"] = {"addOrUpdateLabels": new, **({"removeLabels": gone} if gone else {})}
        if "taints" in arguments:
            wanted = list(scene.properties.get("taints") or ())
            gone = [taint for taint in scene.old.get("taints") or () if taint not in wanted]
            arguments["taints"] = {"addOrUpdateTaints": wanted, "removeTaints": gone}
    elif operation == "update_nodegroup_version":
        template = arguments.get("launchTemplate") or {}
        if template.get("id"):
            template.pop("name", None)  # AWS takes one of the two


def _fargate_profile_is_active(scene: Scene) -> None:
    _wait("fargate_profile_active", clusterName="{clusterName}", fargateProfileName="{fargateProfileName}")(scene)


def _addon_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    conflicts = {"create_addon": "resolveConflictsOnCreate", "update_addon": "resolveConflictsOnUpdate"}
    if operation in conflicts and scene.properties.get(conflicts[operation]):
        arguments["resolveConflicts"] = scene.properties[conflicts[operation]]
    if operation == "delete_addon":
        arguments["preserve"] = bool(scene.properties.get("preserve"))


def _find_policy(scene: Scene) -> Any:
    """EKS lists the policies of a principal and has no way to ask for one."""
    target = {"clusterName": scene.properties["clusterName"], "principalArn": scene.properties["principalArn"]}
    answer = scene.ask("list_associated_access_policies", target) or {}
    policies = answer.get("associatedAccessPolicies", ())
    return next((item for item in policies if item["policyArn"] == scene.properties["policyArn"]), None)


def _audiences(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "create_open_id_connect_provider":
        arguments["ClientIDList"] = list(scene.properties.get("clientIdLists") or ())


def _change_audiences(scene: Scene) -> None:
    """Client ids come and go one by one."""
    old, new = set(scene.old.get("clientIdLists") or ()), set(scene.properties.get("clientIdLists") or ())
    try:
        for client in sorted(new - old):
            target = {"OpenIDConnectProviderArn": scene.id, "ClientID": client}
            scene.call("add_client_id_to_open_id_connect_provider", target)
        for client in sorted(old - new):
            target = {"OpenIDConnectProviderArn": scene.id, "ClientID": client}
            scene.call("remove_client_id_from_open_id_connect_provider", target)
    except NotEmulated as gap:
        scene.warn(f"{scene.schema.token}: clientIdLists is recorded but not applied: {gap}")


def _identity_provider(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """IAM tells the URL without its scheme."""
    return {"url": f"https://{found['Url'].removeprefix('https://')}", "clientIdLists": found.get("ClientIDList")}


_LOG_TYPES: Final = frozenset({"api", "audit", "authenticator", "controllerManager", "scheduler"})
_IN_CLUSTER: Final = {"clusterName": "{clusterName}"}

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:eks/cluster:Cluster": row(
        "eks",
        "create_cluster",
        "cluster.name",
        {"name": "{id}", "clusterName": "{id}"},
        ["describe_cluster cluster"],
        delete="delete_cluster",
        updates=[
            Update("update_cluster_version", ("version",), on_create=False),
            *(
                Update("update_cluster_config", (name,), on_create=False)
                for name in (
                    *("vpcConfig", "accessConfig", "upgradePolicy", "zonalShiftConfig", "computeConfig"),
                    *("storageConfig", "deletionProtection", "controlPlaneScalingConfig"),
                )
            ),
            Update("associate_encryption_config", ("encryptionConfig",), on_create=False),
        ],
        rename={"vpcConfig": "resourcesVpcConfig", "clusterId": "id"},
        by_hook=["enabledClusterLogTypes"],
        defaults={"bootstrapSelfManagedAddons": True},
        computed={"vpcConfig": ("clusterSecurityGroupId", "vpcId")},
        provider_only=["defaultAddonsToRemoves", "forceUpdateVersion"],
        unread=["bootstrapSelfManagedAddons"],
        sticky=["accessConfig", "kubernetesNetworkConfig", "upgradePolicy", "version"],
        auto_name=AutoName(longest=100),
        replacing=_creator_stays,
        prepare=_cluster_arguments,
        enrich=_cluster_properties,
        created=_cluster_is_active,
        updated=_cluster_updated,
    ),
    "aws:eks/nodeGroup:NodeGroup": row(
        "eks",
        "create_nodegroup",
        "{clusterName}:{nodeGroupName}",
        {**_IN_CLUSTER, "nodegroupName": "{nodeGroupName}"},
        ["describe_nodegroup nodegroup"],
        delete="delete_nodegroup",
        updates=[
            Update("update_nodegroup_version", ("launchTemplate", "releaseVersion", "version"), on_create=False),
            Update(
                "update_nodegroup_config",
                ("labels", "nodeRepairConfig", "scalingConfig", "taints", "updateConfig"),
                on_create=False,
                zero=True,
            ),
        ],
        rename={
            "nodeGroupName": "nodegroupName",
            "nodeRoleArn": "nodeRole",
            "subnetIds": "subnets",
            "arn": "nodegroupArn",
        },
        provider_only=["nodeGroupNamePrefix", "forceUpdateVersion"],
        sticky=[
            *("amiType", "capacityType", "diskSize", "instanceTypes", "nodeRepairConfig", "releaseVersion"),
            *("updateConfig", "version"),
        ],
        auto_name=AutoName("nodeGroupName", longest=63),
        replacing=_template_stays,
        prepare=_node_group_arguments,
        created=_nodes_are_active,
        updated=_nodes_are_active,
    ),
    "aws:eks/fargateProfile:FargateProfile": row(
        "eks",
        "create_fargate_profile",
        "{clusterName}:{fargateProfileName}",
        {**_IN_CLUSTER, "fargateProfileName": "{fargateProfileName}"},
        ["describe_fargate_profile fargateProfile"],
        delete="delete_fargate_profile",
        rename={"subnetIds": "subnets", "arn": "fargateProfileArn"},
        auto_name=AutoName("fargateProfileName"),
        created=_fargate_profile_is_active,
    ),
    "aws:eks/addon:Addon": row(
        "eks",
        "create_addon",
        "{clusterName}:{addonName}",
        {**_IN_CLUSTER, "addonName": "{addonName}"},
        ["describe_addon addon"],
        delete="delete_addon",
        updates=[
            Update(
                "update_addon",
                ("addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn"),
                on_create=False,
                zero=True,
            )
        ],
        rename={"arn": "addonArn"},
        provider_only=["preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"],
        sticky=["addonVersion", "configurationValues"],
        auto_name=None,
        prepare=_addon_arguments,
    ),
    "aws:eks/accessEntry:AccessEntry": row(
        "eks",
        "create_access_entry",
        "{clusterName}:{principalArn}",
        {**_IN_CLUSTER, "principalArn": "{principalArn}"},
        ["describe_access_entry accessEntry"],
        delete="delete_access_entry",
        updates=[Update("update_access_entry", ("kubernetesGroups", "userName"), on_create=False, zero=True)],
        rename={"userName": "username"},
        defaults={"type": "STANDARD"},
        sticky=["kubernetesGroups", "userName"],
        auto_name=None,
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": row(
        "eks",
        "associate_access_policy",
        "{clusterName}#{principalArn}#{policyArn}",
        {**_IN_CLUSTER, "principalArn": "{principalArn}", "policyArn": "{policyArn}"},
        [Read("", by=_find_policy)],
        delete="disassociate_access_policy",
        outputs={"clusterName": "{clusterName}", "principalArn": "{principalArn}"},
        auto_name=None,
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": row(
        "iam",
        "create_open_id_connect_provider",
        "OpenIDConnectProviderArn",
        {"OpenIDConnectProviderArn": "{id}"},
        ["get_open_id_connect_provider"],
        delete="delete_open_id_connect_provider",
        updates=[Update("update_open_id_connect_provider_thumbprint", ("thumbprintLists",), on_create=False)],
        rename={"thumbprintLists": "ThumbprintList"},
        by_hook=["clientIdLists"],
        sticky=["thumbprintLists"],
        outputs={"arn": "{id}"},
        auto_name=None,
        prepare=_audiences,
        enrich=_identity_provider,
        updated=_change_audiences,
    ),
}
