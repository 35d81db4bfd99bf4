"""The way in: a target group, and the listener's rule that sends it requests."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb

from cloud_stack import Context, Limit, auto
from src.configuration import AppConfig


@dataclass(frozen=True, slots=True)
class RouteArgs:
    """``settings`` have paths, hosts or both; a request has to fit both."""

    context: Context
    app: str
    vpc_id: pulumi.Input[str]
    listener_arn: pulumi.Input[str]
    settings: AppConfig


class Route(pulumi.ComponentResource):
    """Target group and rule. A service can join the group only after the rule: ECS refuses a group without a listener."""

    target_group: lb.TargetGroup
    rule: lb.ListenerRule

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:containers-apps:Route", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, check = args.settings, args.settings.health_check
        self.target_group = lb.TargetGroup(
            # Pulumi completes the name: a group that a rule still uses can't go before its successor is there.
            args.context.name(args.app, limit=auto(Limit.TARGET_GROUP)),
            vpc_id=args.vpc_id,
            target_type="ip",
            port=settings.port,
            protocol="HTTP",
            deregistration_delay=settings.drain_seconds,
            health_check={
                "path": check.path,
                "matcher": check.status,
                "interval": check.interval,
                "timeout": check.timeout,
                "healthy_threshold": check.healthy,
                "unhealthy_threshold": check.unhealthy,
            },
            tags={"Name": args.context.name(args.app)},
            opts=child,
        )
        conditions: list[lb.ListenerRuleConditionArgsDict] = []
        if settings.hosts:
            conditions.append({"host_header": {"values": settings.hosts}})
        if settings.paths:
            conditions.append({"path_pattern": {"values": settings.paths}})
        self.rule = lb.ListenerRule(
            name,
            listener_arn=args.listener_arn,
            priority=settings.priority,
            conditions=conditions,
            actions=[{"type": "forward", "target_group_arn": self.target_group.arn}],
            opts=child,
        )
        self.register_outputs({"targetGroupArn": self.target_group.arn})


def url(settings: AppConfig, host: pulumi.Input[str], listener_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Where it is reached: its first host without a wildcard, else ``host``, and its first path up to a wildcard."""
    path = next(iter(settings.paths), "/").partition("*")[0].partition("?")[0]
    named = next((name for name in settings.hosts if not set(name) & set("*?")), None)
    protocol = lb.get_listener_output(arn=listener_arn).protocol
    return pulumi.Output.concat(protocol.apply(str.lower), "://", named or host, path)
