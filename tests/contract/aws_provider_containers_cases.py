"""ECS: for every type a declaration and its changes."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_load_balancing_cases import listened_targets
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World, trust


def cluster(w: World) -> Resource:
    return w.one("cluster", "aws:ecs/cluster:Cluster", dict)


def containers(image: str) -> str:
    definition = {
        "name": "app",
        "image": image,
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": 8080}],
        "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/app"}},
    }
    return json.dumps([definition])


def tasks_role(w: World) -> Resource:
    return w.one("tasks", "aws:iam/role:Role", lambda: {"assumeRolePolicy": trust("ecs-tasks.amazonaws.com")})


def fargate_task(w: World) -> dict[str, Any]:
    return {
        "family": f"app-{w.suffix}",
        "containerDefinitions": containers("app:1"),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": tasks_role(w)["arn"],
        "taskRoleArn": tasks_role(w)["arn"],
    }


def task(w: World) -> Resource:
    return w.one("task", "aws:ecs/taskDefinition:TaskDefinition", lambda: fargate_task(w))


def fargate_service(w: World) -> dict[str, Any]:
    return {
        "cluster": cluster(w)["arn"],
        "taskDefinition": task(w)["arn"],
        "launchType": "FARGATE",
        "desiredCount": 1,
        "networkConfiguration": {"subnets": [w.subnet.id], "securityGroups": [w.group.id]},
    }


def service(w: World) -> Resource:
    return w.one("service", "aws:ecs/service:Service", lambda: fargate_service(w))


def share(**weights: int) -> list[dict[str, Any]]:
    return [{"capacityProvider": name, "weight": weight} for name, weight in weights.items()]


CASES: tuple[Case, ...] = (
    Case(
        "aws:ecs/cluster:Cluster",
        lambda w: {
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "configuration": {
                "executeCommandConfiguration": {
                    "kmsKeyId": w.key["arn"],
                    "logging": "OVERRIDE",
                    "logConfiguration": {
                        "cloudWatchLogGroupName": w.log_group.id,
                        "cloudWatchEncryptionEnabled": False,
                    },
                }
            },
            **TAGGED,
        },
        lambda w: {
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "configuration": {"executeCommandConfiguration": {"logging": "NONE"}},
            **RETAGGED,
        },
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        lambda w: {
            "clusterName": cluster(w)["name"],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
        },
        lambda w: {
            "capacityProviders": ["FARGATE_SPOT"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 2}],
        },
        lambda w: {"clusterName": "other"},
        stays=True,  # a setting of the cluster, which stays; that it has no providers left is asked after the deletion
    ),
    Case(
        "aws:ecs/taskDefinition:TaskDefinition",
        lambda w: {
            **fargate_task(w),
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "volumes": [{"name": "tmp"}],
            "ephemeralStorage": {"sizeInGib": 30},
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"containerDefinitions": containers("app:2"), "memory": "1024"},
    ),
    Case(
        "aws:ecs/service:Service",
        lambda w: {
            **fargate_service(w),
            "loadBalancers": [
                {"targetGroupArn": listened_targets(w).id, "containerName": "app", "containerPort": 8080}
            ],
            "healthCheckGracePeriodSeconds": 60,
            "enableExecuteCommand": True,
            "enableEcsManagedTags": True,
            "propagateTags": "SERVICE",
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            **TAGGED,
        },
        lambda w: {
            "desiredCount": 0,
            "healthCheckGracePeriodSeconds": 30,
            "enableExecuteCommand": False,
            "deploymentMinimumHealthyPercent": 50,
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            **RETAGGED,
        },
        lambda w: {"cluster": "other", "launchType": "EC2", "schedulingStrategy": "DAEMON"},
    ),
    Case(
        "aws:ecs/service:Service",
        lambda w: {
            **{name: value for name, value in fargate_service(w).items() if name != "launchType"},
            "capacityProviderStrategies": share(FARGATE=1, FARGATE_SPOT=3),
            "networkConfiguration": {
                "subnets": [w.subnet.id],
                "securityGroups": [w.group.id],
                "assignPublicIp": True,
            },
            "forceNewDeployment": True,
        },
        lambda w: {"capacityProviderStrategies": share(FARGATE_SPOT=1)},
        lambda w: {"name": "other"},
        label="spot",
    ),
    Case(
        "aws:ecs/service:Service",
        lambda w: {
            **{name: value for name, value in fargate_service(w).items() if name != "launchType"},
            "cluster": cluster(w)["name"],
            "capacityProviderStrategies": share(FARGATE=1),
        },
        lambda w: {"desiredCount": 2},
        lambda w: {"capacityProviderStrategies": share(FARGATE_SPOT=1)},
        label="not-to-be-deployed-anew",
    ),
)
