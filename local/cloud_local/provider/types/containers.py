"""ECS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_DEPLOYMENT: Final = {
    "deploymentMaximumPercent": "maximumPercent",
    "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
    "deploymentCircuitBreaker": "deploymentCircuitBreaker",
}
_IN_PLACE: Final = (
    "desiredCount",
    "taskDefinition",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "platformVersion",
    "propagateTags",
    "enableEcsManagedTags",
)


def _revision(scene: Scene) -> str:
    """The id is the family; the reads need the revision, which is a task definition of its own."""
    made = scene.answer["taskDefinition"]
    scene.properties["arn"] = made["taskDefinitionArn"]
    return str(made["family"])


def _task_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "register_task_definition":
        arguments["containerDefinitions"] = json.loads(scene.properties["containerDefinitions"])


def _task(scene: Scene) -> Any:
    arn = scene.properties.get("arn") or scene.id
    answer = scene.call("describe_task_definition", {"taskDefinition": arn, "include": ["TAGS"]})
    return {**answer["taskDefinition"], "tags": answer.get("tags") or []}


def _task_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    arn = str(found["taskDefinitionArn"])
    declared = scene.properties.get("containerDefinitions")
    live = found.get("containerDefinitions") or []
    told = declared if declared and holds(json.loads(declared), live) else json.dumps(live)
    return {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "containerDefinitions": told}


def holds(declared: Any, live: Any) -> bool:
    """Whether live state has all that is declared; AWS adds defaults to it."""
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return all(holds(value, live.get(name)) for name, value in declared.items())
    if isinstance(declared, list) and isinstance(live, list):
        return len(declared) == len(live) and all(holds(one, other) for one, other in zip(declared, live, strict=True))
    return bool(declared == live) or (not declared and not live)


def _service_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    properties = scene.properties
    if operation in ("create_service", "update_service"):
        configuration = dict(arguments.get("deploymentConfiguration") or {})
        for name, member in _DEPLOYMENT.items():
            value = properties.get(name)
            if isinstance(value, Mapping):
                configuration[member] = {"enable": value["enable"], "rollback": value["rollback"]}
            elif value is not None:
                configuration[member] = int(value)
        if configuration:
            arguments["deploymentConfiguration"] = configuration
        if operation == "update_service":
            arguments |= {"cluster": properties.get("cluster", "default"), "service": scene.id}
    elif operation == "delete_service":
        arguments |= {"cluster": properties.get("cluster", "default"), "service": scene.id, "force": True}


def _service_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    configuration = found.get("deploymentConfiguration") or {}
    facts = {name: configuration[member] for name, member in _DEPLOYMENT.items() if member in configuration}
    declared = scene.properties.get("cluster")
    cluster = str(found.get("clusterArn", ""))
    # The name and the ARN of a cluster mean the same.
    facts["cluster"] = declared if declared and cluster.endswith(str(declared).rpartition("/")[2]) else cluster
    return {**facts, "arn": found["serviceArn"], "name": found["serviceName"]}


def _no_providers(scene: Scene) -> None:
    target = {"cluster": scene.id, "capacityProviders": [], "defaultCapacityProviderStrategy": []}
    if scene.ask("describe_clusters", {"clusters": [scene.id]}):
        scene.call("put_cluster_capacity_providers", target)


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ecs/cluster:Cluster": row(
        "ecs",
        "create_cluster",
        "cluster.clusterArn",
        {"cluster": "{id}", "resourceArn": "{id}"},
        [
            Read(
                "describe_clusters",
                "clusters[0]",
                {"clusters": ["{id}"], "include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]},
            )
        ],
        delete="delete_cluster",
        gone="status == 'INACTIVE' || status == 'DEPROVISIONING'",
        updates=[
            Update("update_cluster", ("settings", "configuration", "serviceConnectDefaults"), on_create=False, whole=True)
        ],
        rename={"name": "clusterName", "arn": "clusterArn"},
        replace=["name"],
        sticky=["settings"],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=255),
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": row(
        "ecs",
        "put_cluster_capacity_providers",
        "{clusterName}",
        {"cluster": "{id}"},
        [Read("describe_clusters", "clusters[0]", {"clusters": ["{id}"]})],
        gone="status == 'INACTIVE' || !capacityProviders",
        updates=[
            Update(
                "put_cluster_capacity_providers",
                ("capacityProviders", "defaultCapacityProviderStrategies"),
                on_create=False,
                whole=True,
            )
        ],
        rename={"clusterName": "cluster", "defaultCapacityProviderStrategies": "defaultCapacityProviderStrategy"},
        outputs={"clusterName": "{id}"},
        deleting=_no_providers,
        auto_name=None,
    ),
    "aws:ecs/taskDefinition:TaskDefinition": row(
        "ecs",
        "register_task_definition",
        "{family}",
        {"taskDefinition": "{arn}", "resourceArn": "{arn}"},
        [Read("describe_task_definition", by=_task)],
        identify=_revision,
        delete="deregister_task_definition",
        gone="status == 'INACTIVE'",
        rename={"arn": "taskDefinitionArn", "containerDefinitions": "-"},
        provider_only=["skipDestroy", "trackLatest"],
        defaults={"skipDestroy": False, "trackLatest": False},
        sticky=["enableFaultInjection"],
        prepare=_task_arguments,
        enrich=_task_facts,
        auto_name=None,
    ),
    "aws:ecs/service:Service": row(
        "ecs",
        "create_service",
        "service.serviceArn",
        {"resourceArn": "{id}"},
        [
            Read(
                "describe_services",
                "services[0]",
                {"cluster": "{cluster}", "services": ["{id}"], "include": ["TAGS"]},
            )
        ],
        delete="delete_service",
        gone="status == 'INACTIVE' || status == 'DRAINING'",
        updates=[Update("update_service", (*_IN_PLACE, *_DEPLOYMENT), on_create=False)],
        rename={
            "name": "serviceName",
            "iamRole": "role",
            "capacityProviderStrategies": "capacityProviderStrategy",
            "networkConfiguration": "networkConfiguration",
        },
        nested={"networkConfiguration": "awsvpcConfiguration"},
        replace=["name", "cluster", "launchType", "schedulingStrategy", "deploymentController"],
        provider_only=["waitForSteadyState", "forceDelete", "forceNewDeployment", "sigintRollback", "triggers"],
        defaults={"waitForSteadyState": False, "schedulingStrategy": "REPLICA", "enableEcsManagedTags": False},
        sticky=["platformVersion", "launchType", "deploymentController", "propagateTags", *_DEPLOYMENT],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=255),
        prepare=_service_arguments,
        enrich=_service_facts,
    ),
}
