"""RDS: the groups that databases stand on: of subnets, and of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_DESCRIPTION: Final = "Managed by Pulumi"


def _parameters(kind: str) -> tuple[str, str, str]:
    """Operations to list, set and put back the parameters of a kind of group."""
    return f"describe_db_{kind}parameters", f"modify_db_{kind}parameter_group", f"reset_db_{kind}parameter_group"


def _set_parameters(kind: str) -> Any:
    _, modify, reset = _parameters(kind)
    member = "DBClusterParameterGroupName" if kind else "DBParameterGroupName"

    def apply(scene: Scene) -> None:
        wanted = {item["name"]: item for item in scene.properties.get("parameters") or ()}
        old = {item["name"]: item for item in scene.old.get("parameters") or ()}
        changed = [item for name, item in wanted.items() if item != old.get(name)]
        if changed:
            scene.call(modify, {member: scene.id, "Parameters": [_parameter(item) for item in changed]})
        gone = [item for name, item in old.items() if name not in wanted]
        if gone:
            scene.call(reset, {member: scene.id, "Parameters": [_parameter(item) for item in gone]})

    return apply


def _parameter(item: Mapping[str, Any]) -> dict[str, Any]:
    method = item.get("applyMethod") or "immediate"
    return {"ParameterName": item["name"], "ParameterValue": str(item["value"]), "ApplyMethod": method}


def _live_parameters(kind: str) -> Any:
    describe, _, _ = _parameters(kind)
    member = "DBClusterParameterGroupName" if kind else "DBParameterGroupName"

    def read(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
        declared = {item["name"]: item for item in scene.properties.get("parameters") or ()}
        live = scene.call(describe, {member: scene.id}).get("Parameters") or ()
        return {
            "parameters": [
                # Whether a change waits for a restart is said when it is made, and not told again.
                {"name": name, "value": item.get("ParameterValue"), **_method(declared.get(name))}
                for item in live
                if item.get("ParameterValue") is not None and (name := item["ParameterName"]) in declared
            ]
        }

    return read


def _method(declared: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"applyMethod": declared["applyMethod"]} if declared and declared.get("applyMethod") else {}


def _subnet_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "subnetIds": [subnet["SubnetIdentifier"] for subnet in found.get("Subnets") or ()],
        "vpcId": found.get("VpcId"),
    }


def _group(kind: str) -> ResourceType:
    """A parameter group: of instances, or of clusters (`cluster_`)."""
    noun = "DBClusterParameterGroup" if kind else "DBParameterGroup"
    prefix = "DBClusterParameterGroup" if kind else "DBParameterGroup"
    return row(
        "rds",
        f"create_db_{kind}parameter_group",
        "{name}",
        {f"{noun}Name": "{id}"},
        [f"describe_db_{kind}parameter_groups {noun}s[0]"],
        delete=f"delete_db_{kind}parameter_group",
        rename={"name": f"{noun}Name", "arn": f"{prefix}Arn", "family": "DBParameterGroupFamily"},
        by_hook=["parameters"],
        provider_only=["namePrefix", "skipDestroy"],
        defaults={"description": _DESCRIPTION},
        auto_name=AutoName(longest=255),
        created=_set_parameters(kind),
        updated=_set_parameters(kind),
        enrich=_live_parameters(kind),
    )


GROUPS: Final[Mapping[str, ResourceType]] = {
    "aws:rds/subnetGroup:SubnetGroup": row(
        "rds",
        "create_db_subnet_group",
        "{name}",
        {"DBSubnetGroupName": "{id}"},
        ["describe_db_subnet_groups DBSubnetGroups[0]"],
        delete="delete_db_subnet_group",
        updates=[Update("modify_db_subnet_group", ("subnetIds", "description"), on_create=False, whole=True)],
        rename={"name": "DBSubnetGroupName", "arn": "DBSubnetGroupArn", "description": "DBSubnetGroupDescription"},
        provider_only=["namePrefix"],
        defaults={"description": _DESCRIPTION},
        auto_name=AutoName(longest=255),
        enrich=_subnet_facts,
    ),
    "aws:rds/parameterGroup:ParameterGroup": _group(""),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _group("cluster_"),
}
