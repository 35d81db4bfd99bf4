"""ECS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_DEPLOYMENT: Final = {
    "deploymentMaximumPercent": "maximumPercent",
    "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
    "deploymentCircuitBreaker": "deploymentCircuitBreaker",
    "alarms": "alarms",
}
"""Properties of their own in Terraform, one structure in ECS."""

_SERVICE_CHANGES: Final = (
    *("desiredCount", "taskDefinition", "networkConfiguration", "loadBalancers", "serviceRegistries"),
    *("capacityProviderStrategies", "deploymentConfiguration", "healthCheckGracePeriodSeconds", "platformVersion"),
    *("enableExecuteCommand", "enableEcsManagedTags", "propagateTags", "availabilityZoneRebalancing"),
    *("placementConstraints", "orderedPlacementStrategies", "serviceConnectConfiguration", "volumeConfiguration"),
    *("vpcLatticeConfigurations", *_DEPLOYMENT),
)

_CONTAINER_DEFAULTS: Final[Mapping[str, Any]] = {"cpu": 0, "essential": True}


def _revision(scene: Scene) -> str:
    """The ARN of the revision; the family, which Terraform takes as identifier, names only the newest."""
    return str(
        scene.answer.get("taskDefinition", {}).get("taskDefinitionArn") or scene.properties.get("arn") or scene.id
    )


def _task_definition(scene: Scene) -> Any:
    answer = scene.ask("describe_task_definition", {"taskDefinition": _revision(scene), "include": ["TAGS"]})
    return {**answer["taskDefinition"], "tags": answer.get("tags") or []} if answer else None


def _task_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "register_task_definition":
        arguments["containerDefinitions"] = json.loads(scene.properties["containerDefinitions"])
    elif operation == "deregister_task_definition":
        arguments["taskDefinition"] = _revision(scene)


def _task_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    arn = str(found["taskDefinitionArn"])
    live, declared = found.get("containerDefinitions") or [], scene.properties.get("containerDefinitions")
    if declared and plain_containers(json.loads(declared)) == plain_containers(live):
        told = declared
    else:
        told = json.dumps(live, separators=(",", ":"))
    return {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "containerDefinitions": told}


def plain_containers(definitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Container definitions without what ECS adds by itself: defaults, empty lists, the protocol and host port of ports."""
    plain = []
    for definition in definitions:
        ports = [
            {
                **{name: value for name, value in port.items() if name != "protocol" or value != "tcp"},
                "hostPort": port.get("hostPort") or port.get("containerPort"),  # the same in the network mode awsvpc
            }
            for port in definition.get("portMappings") or ()
        ]
        kept = {
            name: value
            for name, value in {**definition, "portMappings": ports}.items()
            if value not in (None, [], {}, "") and _CONTAINER_DEFAULTS.get(name, ...) != value
        }
        for name in ("environment", "secrets"):  # sets, in effect
            if name in kept:
                kept[name] = sorted(kept[name], key=lambda item: str(item["name"]))
        plain.append(kept)
    return sorted(plain, key=lambda item: str(item.get("name")))


def _service_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation not in ("create_service", "update_service"):
        return
    properties = scene.properties
    network = (arguments.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if network is not None:
        public = (properties["networkConfiguration"] or {}).get("assignPublicIp")
        network["assignPublicIp"] = "ENABLED" if str(public).lower() == "true" else "DISABLED"
    deployment = arguments.get("deploymentConfiguration") or {}
    for name, member in _DEPLOYMENT.items():
        if properties.get(name) is not None and (name != "deploymentMaximumPercent" or not _is_daemon(scene)):
            deployment[member] = properties[name]
    if deployment:
        arguments["deploymentConfiguration"] = deployment
    if operation == "update_service" and properties.get("forceNewDeployment"):
        arguments["forceNewDeployment"] = True


def _is_daemon(scene: Scene) -> bool:
    return bool(scene.properties.get("schedulingStrategy") == "DAEMON")


def _service_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    deployment = found.get("deploymentConfiguration") or {}
    facts = {name: deployment[member] for name, member in _DEPLOYMENT.items() if member in deployment}
    # As they are declared: by ARN, else by name (Terraform does the same).
    for name, member in (("cluster", "clusterArn"), ("taskDefinition", "taskDefinition"), ("iamRole", "roleArn")):
        declared, live = str(scene.properties.get(name) or "arn:"), str(found.get(member) or "")
        if live:
            facts[name] = live if declared.startswith("arn:") else live.rpartition("/")[2]
    return facts


def _service_replacements(scene: Scene, paths: Sequence[str]) -> set[str]:
    """Another strategy replaces the service, unless it may be deployed anew and has a strategy before and after."""
    changed = {path for path in paths if path.startswith("capacityProviderStrategies")}
    if not changed or (scene.properties.get("forceNewDeployment") and "capacityProviderStrategies" not in changed):
        return set()
    return {"capacityProviderStrategies"}


def _wait_until_stable(scene: Scene) -> None:
    """The emulated AWS starts no task, so that there is nothing to wait for."""
    if scene.properties.get("waitForSteadyState") and not scene.emulated:
        waiter = scene.connection.client("ecs", scene.region).get_waiter("services_stable")
        waiter.wait(cluster=scene.properties.get("cluster", "default"), services=[scene.id])


def _drain(scene: Scene) -> None:
    """ECS deletes no service that has tasks, unless it is forced to."""
    if not _is_daemon(scene) and not scene.properties.get("forceDelete"):
        target = {"cluster": scene.properties.get("cluster"), "service": scene.id, "desiredCount": 0}
        scene.ask("update_service", {name: value for name, value in target.items() if value is not None})


def _both_lists(_scene: Scene, _operation: str, arguments: dict[str, Any]) -> None:
    """The operation wants both, however empty."""
    arguments.setdefault("capacityProviders", [])
    arguments.setdefault("defaultCapacityProviderStrategy", [])


def _no_providers(scene: Scene) -> None:
    found = scene.call("describe_clusters", {"clusters": [scene.id]}).get("clusters") or ()
    if any(cluster.get("status") == "ACTIVE" for cluster in found):
        nothing: dict[str, Any] = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
        scene.call("put_cluster_capacity_providers", {"cluster": scene.id, **nothing})


_ALL: Final = ["CONFIGURATIONS", "SETTINGS", "TAGS"]

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ecs/cluster:Cluster": row(
        "ecs",
        "create_cluster",
        "cluster.clusterArn",
        {"cluster": "{id}"},
        [Read("describe_clusters", "clusters[0]", {"clusters": ["{id}"], "include": _ALL})],
        delete="delete_cluster",
        gone="status == 'INACTIVE'",
        updates=[
            Update(
                "update_cluster", ("settings", "configuration", "serviceConnectDefaults"), on_create=False, whole=True
            )
        ],
        sticky=["settings"],
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": row(
        "ecs",
        "put_cluster_capacity_providers",
        "{clusterName}",
        {"cluster": "{id}"},
        [Read("describe_clusters", "clusters[?status == 'ACTIVE'] | [0]", {"clusters": ["{id}"]})],
        deleting=_no_providers,
        deleted="!capacityProviders",
        updates=[
            Update(
                "put_cluster_capacity_providers",
                ("capacityProviders", "defaultCapacityProviderStrategies"),
                on_create=False,
                whole=True,
                zero=True,
            )
        ],
        rename={"clusterName": "cluster"},
        outputs={"clusterName": "{id}"},
        prepare=_both_lists,
    ),
    "aws:ecs/taskDefinition:TaskDefinition": row(
        "ecs",
        "register_task_definition",
        "taskDefinition.family",
        {},
        [Read("describe_task_definition", by=_task_definition)],
        delete="deregister_task_definition",
        gone="status == 'INACTIVE'",
        rename={"containerDefinitions": "-"},
        provider_only=["trackLatest"],
        sticky=["enableFaultInjection"],
        prepare=_task_arguments,
        enrich=_task_facts,
        auto_name=None,
    ),
    "aws:ecs/service:Service": row(
        "ecs",
        "create_service",
        "service.serviceArn",
        {"cluster": "{cluster}", "service": "{id}"},
        [
            Read(
                "describe_services",
                "services[0]",
                {"cluster": "{cluster}", "services": ["{id}"], "include": ["TAGS"]},
            )
        ],
        delete="delete_service",
        delete_arguments={"force": "{forceDelete}"},
        deleting=_drain,
        gone="status == 'INACTIVE'",
        updates=[Update("update_service", _SERVICE_CHANGES, on_create=False, zero=True)],
        replacing=_service_replacements,
        rename={"iamRole": "role", "orderedPlacementStrategies": "placementStrategy"},
        provider_only=["forceDelete", "forceNewDeployment", "sigintRollback", "triggers", "waitForSteadyState"],
        defaults={
            "deploymentMaximumPercent": 200,
            "deploymentMinimumHealthyPercent": 100,
            "schedulingStrategy": "REPLICA",
            "waitForSteadyState": False,
        },
        sticky=["availabilityZoneRebalancing", "cluster", "iamRole", "launchType", "platformVersion"],
        prepare=_service_arguments,
        enrich=_service_facts,
        created=_wait_until_stable,
        updated=_wait_until_stable,
    ),
}
