"""CloudWatch log groups and VPC flow logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_SOURCES: Final = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
    "regionalNatGatewayId": "RegionalNatGateway",
}
_PREFIXES: Final = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId", "tgw-": "transitGatewayId"}


def _flow_source(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "create_flow_logs":
        name = next((name for name in _SOURCES if scene.properties.get(name)), None)
        if name is None:
            raise ProviderError(f"a flow log has one of {', '.join(_SOURCES)}")
        arguments |= {"ResourceIds": [scene.properties[name]], "ResourceType": _SOURCES[name]}


def _flow_id(scene: Scene) -> str:
    """CreateFlowLogs answers refusals beside successes."""
    refused = scene.answer.get("Unsuccessful") or ()
    for item in refused:
        error = item.get("Error", {})
        raise ProviderError(
            f"creating EC2 FlowLog ({scene.name}): operation error EC2: CreateFlowLogs, "
            f"{error.get('Code')}: {error.get('Message')}"
        )
    return str(scene.answer["FlowLogIds"][0])


def _flow_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    source = str(found.get("ResourceId", ""))
    name = next((name for prefix, name in _PREFIXES.items() if source.startswith(prefix)), None)
    return {name: source} if name else {}


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ec2/flowLog:FlowLog": row(
        "ec2",
        "create_flow_logs",
        "FlowLogIds[0]",
        {"FlowLogIds": "{id}"},
        ["describe_flow_logs FlowLogs[0]"],
        identify=_flow_id,
        delete="delete_flow_logs",
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        rename={"iamRoleArn": "DeliverLogsPermissionArn"},
        sticky=["logFormat"],
        arn="ec2:{region}:{account}:vpc-flow-log/{id}",
        tag_kind="vpc-flow-log",
        prepare=_flow_source,
        enrich=_flow_facts,
    ),
    "aws:cloudwatch/logGroup:LogGroup": row(
        "logs",
        "create_log_group",
        "{name}",
        {"logGroupName": "{id}"},
        [Read("describe_log_groups", "logGroups[?logGroupName=='{id}'] | [0]", {"logGroupNamePrefix": "{id}"})],
        delete="delete_log_group",
        updates=[
            Update("put_retention_policy", ("retentionInDays",), unset="delete_retention_policy"),
            Update("associate_kms_key", ("kmsKeyId",), on_create=False, unset="disassociate_kms_key"),
            Update("put_log_group_deletion_protection", ("deletionProtectionEnabled",), on_create=False, zero=True),
        ],
        provider_only=["skipDestroy", "namePrefix"],
        sticky=["logGroupClass"],
        rename={"name": "logGroupName", "deletionProtectionEnabled": "deletionProtectionEnabled"},
        arn="logs:{region}:{account}:log-group:{id}",
        auto_name=AutoName(longest=512),
    ),
}
