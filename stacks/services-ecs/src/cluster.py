"""The cluster: Fargate and Fargate Spot, and where wanted shells in containers whose every line is kept."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ecs

from cloud_stack import Context, Limit, shorten
from src.configuration import ClusterConfig, ExecuteCommandConfig

CAPACITY = {"on-demand": "FARGATE", "spot": "FARGATE_SPOT"}


@dataclass(frozen=True, slots=True)
class ClusterArgs:
    """``kms_key_arn`` encrypts sessions; None where there are none. ``logs_kms_key_arn`` must let CloudWatch Logs use it; None
    leaves the log group to CloudWatch's own key.
    """

    context: Context
    settings: ClusterConfig
    execute_command: ExecuteCommandConfig
    kms_key_arn: pulumi.Input[str] | None
    logs_kms_key_arn: pulumi.Input[str] | None


class Cluster(pulumi.ComponentResource):
    """Cluster, capacity providers, and the log group of execute-command."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-ecs:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = ecs.Cluster(
            name,
            name=args.context.name(limit=Limit.ECS_CLUSTER),
            settings=[{"name": "containerInsights", "value": args.settings.container_insights}],
            configuration=self._execute_command(args, child) if args.execute_command.enabled else None,
            opts=child,
        )
        default = CAPACITY[args.settings.default_capacity]
        ecs.ClusterCapacityProviders(
            name,
            cluster_name=cluster.name,
            capacity_providers=list(CAPACITY.values()),
            default_capacity_provider_strategies=[{"capacity_provider": default, "weight": 1}],
            opts=child,
        )
        self.arn = cluster.arn
        self.register_outputs({"arn": self.arn})

    @staticmethod
    def _execute_command(args: ClusterArgs, child: pulumi.ResourceOptions) -> ecs.ClusterConfigurationArgsDict:
        group = cloudwatch.LogGroup(
            "execute-command",
            # containers-apps lets its tasks write here, and knows the group by this name.
            name=shorten(f"/ecs/{args.context.name()}/execute-command", Limit.LOG_GROUP),
            retention_in_days=args.execute_command.retention_days,
            kms_key_id=args.logs_kms_key_arn,
            opts=child,
        )
        return {
            "execute_command_configuration": {
                "kms_key_id": args.kms_key_arn,
                "logging": "OVERRIDE",
                "log_configuration": {
                    "cloud_watch_log_group_name": group.name,
                    "cloud_watch_encryption_enabled": args.logs_kms_key_arn is not None,
                },
            }
        }
