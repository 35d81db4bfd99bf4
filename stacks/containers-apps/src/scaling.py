"""How many tasks there are: by load, and by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import appautoscaling, ecs

from src.configuration import AutoscalingConfig
from src.route import Route


@dataclass(frozen=True, slots=True)
class ScalingArgs:
    """``route`` is None for an application without requests."""

    service: ecs.Service
    cluster_arn: pulumi.Input[str]
    listener_arn: pulumi.Input[str] | None
    route: Route | None
    settings: AutoscalingConfig


class Scaling(pulumi.ComponentResource):
    """Scalable target, one policy per measure, and scheduled actions."""

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:containers-apps:Scaling", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        cluster = pulumi.Output.from_input(args.cluster_arn).apply(lambda arn: arn.rpartition("/")[2])
        target = appautoscaling.Target(
            name,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", cluster, "/", args.service.name),
            min_capacity=settings.minimum,
            max_capacity=settings.maximum,
            opts=child,
        )
        for measure, (metric, value) in self._measures(args).items():
            appautoscaling.Policy(
                f"{name}-{measure}",
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration={
                    "predefined_metric_specification": metric,
                    "target_value": value,
                    "scale_in_cooldown": settings.scale_in_cooldown,
                    "scale_out_cooldown": settings.scale_out_cooldown,
                },
                opts=child,
            )
        for moment, schedule in settings.schedules.items():
            appautoscaling.ScheduledAction(
                f"{name}-{moment}",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                schedule=schedule.schedule,
                timezone=schedule.timezone,
                scalable_target_action={"min_capacity": schedule.minimum, "max_capacity": schedule.maximum},
                opts=child,
            )
        self.register_outputs({})

    @staticmethod
    def _measures(args: ScalingArgs) -> dict[str, tuple[Any, float]]:
        """Measure -> (predefined metric, target value)."""
        settings, found = args.settings, {}
        for measure, metric, value in (
            ("cpu", "ECSServiceAverageCPUUtilization", settings.cpu_percent),
            ("memory", "ECSServiceAverageMemoryUtilization", settings.memory_percent),
        ):
            if value is not None:
                found[measure] = ({"predefined_metric_type": metric}, float(value))
        if settings.requests_per_target is not None and args.route is not None and args.listener_arn is not None:
            # CloudWatch knows load balancers by the middle of their ARN: app/name/id.
            balancer = pulumi.Output.from_input(args.listener_arn).apply(
                lambda arn: arn.partition(":listener/")[2].rpartition("/")[0]
            )
            label = pulumi.Output.concat(balancer, "/", args.route.target_group.arn_suffix)
            metric = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
            found["requests"] = (metric, float(settings.requests_per_target))
        return found
