"""The Application Load Balancer: TLS where there is a certificate, and inside the VPC only where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb, wafv2

from cloud_stack import Context, Limit, auto
from src.configuration import FallbackConfig, LoadBalancerConfig

HTTP, HTTPS = 80, 443

# By the oldest version that they accept; both know 1.3 (Elastic Load Balancing's list of security policies).
TLS_POLICIES = {"TLSv1.2": "ELBSecurityPolicy-TLS13-1-2-2021-06", "TLSv1.3": "ELBSecurityPolicy-TLS13-1-3-2021-06"}


@dataclass(frozen=True, slots=True)
class LoadBalancerArgs:
    """``subnet_ids`` are in at least two zones. ``web_acl_arn`` is None for no firewall."""

    context: Context
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    web_acl_arn: pulumi.Input[str] | None
    settings: LoadBalancerConfig
    fallback: FallbackConfig


class LoadBalancer(pulumi.ComponentResource):
    """Load balancer, listeners, and what answers requests that no application takes.

    ``listener_arn`` is where applications attach their rules: the TLS listener where there is one.
    """

    arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    listener_arn: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-ecs:LoadBalancer", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        balancer = self._create_balancer()
        action = self._fallback_action()
        if args.settings.certificate_arn is None:
            listener = self._create_listener("http", balancer, action)
        else:
            self._create_listener("http", balancer, redirect_to_https())
            listener = self._create_listener("https", balancer, action)
            for index, certificate_arn in enumerate(args.settings.further_certificate_arns, 1):
                lb.ListenerCertificate(
                    f"further-{index}", listener_arn=listener.arn, certificate_arn=certificate_arn, opts=self._child
                )
        if args.web_acl_arn is not None:
            wafv2.WebAclAssociation(name, resource_arn=balancer.arn, web_acl_arn=args.web_acl_arn, opts=self._child)
        self.arn, self.dns_name, self.listener_arn = balancer.arn, balancer.dns_name, listener.arn
        self.register_outputs({"arn": self.arn, "dnsName": self.dns_name, "listenerArn": self.listener_arn})

    def _create_balancer(self) -> lb.LoadBalancer:
        args, settings = self._args, self._args.settings
        logs: lb.LoadBalancerAccessLogsArgsDict | None = None
        if settings.access_logs_bucket is not None:
            logs = {"enabled": True, "bucket": settings.access_logs_bucket, "prefix": settings.access_logs_prefix}
        # Pulumi completes the name: its successor, internal or not, has to exist beside it.
        return lb.LoadBalancer(
            args.context.name("web", limit=auto(Limit.LOAD_BALANCER)),
            load_balancer_type="application",
            internal=not settings.internet_facing,
            subnets=args.subnet_ids,
            security_groups=[args.security_group_id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=settings.deletion_protection,
            idle_timeout=settings.idle_timeout,
            access_logs=logs,
            tags={"Name": args.context.name("web")},
            opts=self._child,
        )

    def _create_listener(
        self, name: str, balancer: lb.LoadBalancer, action: lb.ListenerDefaultActionArgsDict
    ) -> lb.Listener:
        settings = self._args.settings
        secure = name == "https"
        return lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=HTTPS if secure else HTTP,
            protocol="HTTPS" if secure else "HTTP",
            ssl_policy=TLS_POLICIES[settings.minimum_tls] if secure else None,
            certificate_arn=settings.certificate_arn if secure else None,
            default_actions=[action],
            opts=self._child,
        )

    def _fallback_action(self) -> lb.ListenerDefaultActionArgsDict:
        args, fallback = self._args, self._args.fallback
        if not fallback.enabled:
            return {
                "type": "fixed-response",
                "fixed_response": {"content_type": "text/plain", "message_body": "", "status_code": fallback.status},
            }
        group = lb.TargetGroup(
            args.context.name("fallback", limit=auto(Limit.TARGET_GROUP)),
            vpc_id=args.vpc_id,
            target_type="ip",
            port=fallback.port,
            protocol=fallback.protocol,
            health_check={"path": fallback.health_path, "matcher": "200-399", "protocol": fallback.protocol},
            tags={"Name": args.context.name("fallback")},
            opts=self._child,
        )
        for address in fallback.addresses:
            lb.TargetGroupAttachment(
                f"fallback-{address}",
                target_group_arn=group.arn,
                target_id=str(address),
                port=fallback.port,
                opts=self._child,
            )
        return {"type": "forward", "target_group_arn": group.arn}


def present(web_acl_arn: str) -> str:
    """The ARN. Raises ``RunError`` for the empty text that security exports without a web ACL."""
    if not web_acl_arn:
        raise pulumi.RunError(
            "waf is true, but the output 'webAclArn' of security is empty: deploy security with waf.enabled first, "
            "or set webAclArn"
        )
    return web_acl_arn


def redirect_to_https() -> lb.ListenerDefaultActionArgsDict:
    """The action of the plain listener: the same address, by TLS, for good."""
    return {
        "type": "redirect",
        "redirect": {"port": str(HTTPS), "protocol": "HTTPS", "status_code": "HTTP_301"},
    }
