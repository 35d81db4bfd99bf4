"""One application: roles, task definition, service, its way in, its name for others, its scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, ecs, servicediscovery

from cloud_stack import Context, Limit, Place, auto, shorten
from src.configuration import AppConfig
from src.roles import Roles, RolesArgs
from src.route import Route, RouteArgs
from src.scaling import Scaling, ScalingArgs
from src.task import TaskArgs, create_task_definition
from src.upstream import Upstream

DNS_TTL = 10
"""Seconds that others may remember an address of a task; tasks come and go."""


@dataclass(frozen=True, slots=True)
class AppArgs:
    context: Context
    place: Place
    upstream: Upstream
    settings: AppConfig


class App(pulumi.ComponentResource):
    """Everything of one application. A deployment whose tasks don't come up is rolled back by ECS."""

    service_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:containers-apps:App", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        settings, upstream = args.settings, args.upstream
        task = self._create_task()
        route = None
        if settings.is_routed:
            route = Route(
                name,
                RouteArgs(args.context, name, upstream.vpc_id, upstream.listener_arn, settings),
                self._child,
            )
        service = self._create_service(task, route)
        if settings.autoscaling.enabled:
            Scaling(
                name,
                ScalingArgs(
                    service=service,
                    cluster_arn=upstream.cluster_arn,
                    listener_arn=upstream.listener_arn if route else None,
                    route=route,
                    settings=settings.autoscaling,
                ),
                self._child,
            )
        self.service_name, self.task_definition_arn = service.name, task.arn
        self.register_outputs({"serviceName": self.service_name, "taskDefinitionArn": self.task_definition_arn})

    def _create_task(self) -> ecs.TaskDefinition:
        name, context, settings, upstream = self._name, self._args.context, self._args.settings, self._args.upstream
        image = settings.image or upstream.image(name)
        log_group = cloudwatch.LogGroup(
            name,
            name=shorten(f"/ecs/{context.name()}/{name}", Limit.LOG_GROUP),
            retention_in_days=settings.log_retention_days,
            opts=self._child,
        )
        # Each secret is allowed once, however many of its keys are taken.
        arns = {
            secret.partition(":")[0]: upstream.secret_arn(secret.partition(":")[0])
            for secret in settings.secrets.values()
        }
        sources = {variable: value_from(arns, secret) for variable, secret in settings.secrets.items()}
        environment: dict[str, pulumi.Input[str]] = {}
        if settings.database:
            environment |= upstream.database
            arns["database-rds"] = upstream.database_secret_arn
            for key in ("username", "password"):
                sources[f"DATABASE_{key.upper()}"] = pulumi.Output.concat(upstream.database_secret_arn, f":{key}::")
        needs_key = bool(arns or settings.buckets or settings.execute_command)
        roles = Roles(
            name,
            RolesArgs(
                context=context,
                app=name,
                place=self._args.place,
                image=image,
                log_group_arn=log_group.arn,
                secret_arns=list(arns.values()),
                buckets={
                    purpose: (upstream.bucket_arn(purpose), access) for purpose, access in settings.buckets.items()
                },
                kms_key_arn=upstream.kms_key_arn if needs_key else None,
                sessions_log_group=sessions_log_group(context) if settings.execute_command else None,
            ),
            self._child,
        )
        task = TaskArgs(
            context=context,
            app=name,
            region=self._args.place.region,
            image=image,
            log_group=log_group,
            roles=roles,
            environment={**environment, **settings.environment},
            secrets=sources,
            settings=settings,
        )
        return create_task_definition(task, self)

    def _create_service(self, task: ecs.TaskDefinition, route: Route | None) -> ecs.Service:
        name, settings, upstream = self._name, self._args.settings, self._args.upstream
        optional: dict[str, Any] = {}
        if route is not None:
            optional["load_balancers"] = [
                {
                    "target_group_arn": route.target_group.arn,
                    "container_name": name,
                    "container_port": settings.port,
                }
            ]
            optional["health_check_grace_period_seconds"] = settings.health_check.grace
        if settings.discoverable:
            optional["service_registries"] = {"registry_arn": self._create_registry().arn}
        return ecs.Service(
            # Pulumi completes the name: its successor has to exist beside it.
            self._args.context.name(name, limit=auto(Limit.ECS_SERVICE)),
            cluster=upstream.cluster_arn,
            task_definition=task.arn,
            desired_count=settings.desired_count,
            capacity_provider_strategies=strategies(settings.spot_percent),
            network_configuration={
                "subnets": upstream.subnet_ids,
                "security_groups": [upstream.security_group_id],
                "assign_public_ip": False,
            },
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            enable_execute_command=settings.execute_command,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            force_new_deployment=True,  # without, another share of Spot would replace the service
            wait_for_steady_state=settings.wait_until_stable,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[route.rule] if route else [],
                # Otherwise every deployment would put back what the scaling decided.
                ignore_changes=["desiredCount"] if settings.autoscaling.enabled else [],
            ),
            **optional,
        )

    def _create_registry(self) -> servicediscovery.Service:
        namespace_id = self._args.upstream.namespace_id
        return servicediscovery.Service(
            self._name,
            name=self._name,
            description=f"Tasks of {self._name}",
            dns_config={
                "namespace_id": namespace_id,
                "routing_policy": "MULTIVALUE",
                "dns_records": [{"type": "A", "ttl": DNS_TTL}],
            },
            force_destroy=True,  # what is left of its tasks is no reason to stay
            opts=self._child,
        )


def strategies(spot_percent: int) -> list[ecs.ServiceCapacityProviderStrategyArgsDict]:
    """The share of each kind of capacity; a kind without a share isn't named."""
    shares = {"FARGATE": 100 - spot_percent, "FARGATE_SPOT": spot_percent}
    return [{"capacity_provider": kind, "weight": share} for kind, share in shares.items() if share]


def value_from(arns: dict[str, pulumi.Input[str]], secret: str) -> pulumi.Input[str]:
    """What ECS takes for a secret: its ARN, and for one key of its JSON ``arn:key::``."""
    name, _, key = secret.partition(":")
    return pulumi.Output.concat(arns[name], f":{key}::") if key else arns[name]


def sessions_log_group(context: Context) -> str:
    """The log group of ECS Exec, by the name that services-ecs gives it."""
    return shorten(f"/ecs/{context.name()}/execute-command", Limit.LOG_GROUP)
