"""The task definition: one container that can write nowhere but where it is told that it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, ecs

from cloud_stack import Context, Limit
from src.configuration import AppConfig, volume_of
from src.roles import Roles


@dataclass(frozen=True, slots=True)
class TaskArgs:
    """``secrets`` maps variables to what ECS takes as ``valueFrom``: a secret's ARN, with ``:key::`` for one key of it."""

    context: Context
    app: str
    region: str
    image: pulumi.Input[str]
    log_group: cloudwatch.LogGroup
    roles: Roles
    environment: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    settings: AppConfig


def create_task_definition(args: TaskArgs, parent: pulumi.Resource) -> ecs.TaskDefinition:
    """A new revision for every change; services move to it by themselves."""
    settings = args.settings
    return ecs.TaskDefinition(
        args.app,
        family=args.context.name(args.app, limit=Limit.TASK_FAMILY),
        cpu=str(settings.cpu),
        memory=str(settings.memory),
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        runtime_platform={"cpu_architecture": settings.architecture, "operating_system_family": "LINUX"},
        execution_role_arn=args.roles.execution_arn,
        task_role_arn=args.roles.task_arn,
        volumes=[{"name": volume} for volume in _volumes(settings)],
        container_definitions=pulumi.Output.json_dumps([_container(args)]),
        # ECS takes a role on trust: without its policy a task would fail at its start.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=args.roles.policies),
    )


def _container(args: TaskArgs) -> dict[str, Any]:
    settings = args.settings
    container: dict[str, Any] = {
        "name": args.app,
        "image": args.image,
        "essential": True,
        "privileged": False,
        # The agent of ECS Exec has to write into the container: with it, and only then, the root filesystem is open.
        "readonlyRootFilesystem": not settings.execute_command,
        "linuxParameters": {"initProcessEnabled": True},
        "portMappings": [{"containerPort": settings.port, "hostPort": settings.port, "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in sorted(args.environment.items())],
        "secrets": [{"name": name, "valueFrom": source} for name, source in sorted(args.secrets.items())],
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": folder, "readOnly": False}
            for volume, folder in _volumes(settings).items()
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": args.log_group.name,
                "awslogs-region": args.region,
                "awslogs-stream-prefix": args.app,
            },
        },
    }
    if settings.command:
        container["command"] = settings.command
    if settings.health_check.command:
        container["healthCheck"] = {
            "command": settings.health_check.command,
            "interval": settings.health_check.interval,
            "timeout": min(settings.health_check.timeout, 60),  # the most that ECS takes here
            "retries": settings.health_check.unhealthy,
        }
    return container


def _volumes(settings: AppConfig) -> dict[str, str]:
    """Volume -> folder. They live and end with the task."""
    return {volume_of(folder): folder for folder in settings.writable_folders}
