"""ECS."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

READERS: Mapping[str, Reader] = {
    "aws:ecs/cluster:Cluster": told_by(
        "ecs", "describe_clusters", lambda resource: {"clusters": [resource["id"]]}, "clusters[?status == 'ACTIVE']"
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": told_by(
        "ecs",
        "describe_clusters",
        lambda resource: {"clusters": [resource["outputs"]["clusterName"]]},
        "clusters[?status == 'ACTIVE'] | [0].capacityProviders",
    ),
    "aws:ecs/taskDefinition:TaskDefinition": told_by(
        "ecs",
        "describe_task_definition",
        lambda resource: {"taskDefinition": resource["outputs"]["arn"]},
        "taskDefinition.status == 'ACTIVE'",  # ECS keeps what it has let go of
        ("ClientException",),
    ),
    "aws:ecs/service:Service": told_by(
        "ecs",
        "describe_services",
        lambda resource: {"cluster": resource["outputs"]["cluster"], "services": [resource["id"]]},
        "services[?status == 'ACTIVE']",
        ("ClusterNotFoundException",),
    ),
}
