"""Load balancers, their listeners and target groups: for every type a declaration and its changes."""

from __future__ import annotations

import re
from typing import Any

import boto3

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World


def certificate(w: World, domain: str) -> str:
    """A certificate of the emulated ACM; it isn't what is tried here, so that plain boto3 makes it."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("acm", region_name=REGION, endpoint_url=w.engine.endpoint, **keys)
    token = re.sub(r"\W", "", f"{w.suffix}{domain}")[-32:]  # the same certificate, however often it is asked for
    return str(client.request_certificate(DomainName=domain, IdempotencyToken=token)["CertificateArn"])


def subnets(w: World) -> list[str]:
    inputs = {"vpcId": w.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZone": f"{REGION}b"}
    return [w.subnet.id, w.one("second-subnet", "aws:ec2/subnet:Subnet", lambda: inputs).id]


def third_subnet(w: World) -> str:
    inputs = {"vpcId": w.vpc.id, "cidrBlock": "10.0.3.0/24", "availabilityZone": f"{REGION}c"}
    return w.one("third-subnet", "aws:ec2/subnet:Subnet", lambda: inputs).id


def balancer(w: World) -> Resource:
    inputs = lambda: {"internal": True, "subnets": subnets(w), "securityGroups": [w.group.id]}  # noqa: E731
    return w.one("lb", "aws:lb/loadBalancer:LoadBalancer", inputs)


def targets(w: World) -> Resource:
    inputs = lambda: {"port": 8080, "protocol": "HTTP", "vpcId": w.vpc.id, "targetType": "ip"}  # noqa: E731
    return w.one("tg", "aws:lb/targetGroup:TargetGroup", inputs)


def fixed(code: str) -> dict[str, Any]:
    response = {"contentType": "text/plain", "messageBody": "nothing here", "statusCode": code}
    return {"type": "fixed-response", "fixedResponse": response}


def forward(w: World) -> dict[str, Any]:
    return {"type": "forward", "targetGroupArn": targets(w).id}


def listener(w: World) -> Resource:
    inputs = lambda: {  # noqa: E731
        "loadBalancerArn": balancer(w).id,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [fixed("404")],
    }
    return w.one("listener", "aws:lb/listener:Listener", inputs)


def secure_listener(w: World) -> Resource:
    inputs = lambda: {  # noqa: E731
        "loadBalancerArn": balancer(w).id,
        "port": 443,
        "protocol": "HTTPS",
        "certificateArn": certificate(w, "default.example"),
        "defaultActions": [fixed("404")],
    }
    return w.one("secure-listener", "aws:lb/listener:Listener", inputs)


def listened_targets(w: World) -> Resource:
    """Targets that a listener's rule leads to, as a service needs them."""
    rule = lambda: {  # noqa: E731
        "listenerArn": listener(w).id,
        "priority": 1,
        "actions": [forward(w)],
        "conditions": [{"pathPattern": {"values": ["/*"]}}],
    }
    w.one("rule", "aws:lb/listenerRule:ListenerRule", rule)
    return targets(w)


def weighted(w: World) -> dict[str, Any]:
    groups = [{"arn": targets(w).id, "weight": 10}]
    return {"type": "forward", "forward": {"targetGroups": groups, "stickiness": {"enabled": True, "duration": 60}}}


REDIRECT = {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}

CASES: tuple[Case, ...] = (
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {
            "internal": True,
            "subnets": subnets(w),
            "securityGroups": [w.group.id],
            "dropInvalidHeaderFields": True,
            "enableDeletionProtection": False,
            "idleTimeout": 30,
            "accessLogs": {"enabled": True, "bucket": w.bucket.id, "prefix": "web"},
            **TAGGED,
        },
        lambda w: {
            "idleTimeout": 90,
            "securityGroups": [w.other_group.id],
            "subnets": [*subnets(w), third_subnet(w)],
            "dropInvalidHeaderFields": False,
            "accessLogs": {"enabled": False, "bucket": w.bucket.id},
            **RETAGGED,
        },
        lambda w: {"internal": False, "loadBalancerType": "network"},
    ),
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {"loadBalancerType": "network", "subnets": subnets(w), "enableCrossZoneLoadBalancing": True},
        lambda w: {"enableCrossZoneLoadBalancing": False},
        lambda w: {"name": "other"},
        label="network",
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda w: {
            "port": 8080,
            "protocol": "HTTP",
            "vpcId": w.vpc.id,
            "targetType": "ip",
            "deregistrationDelay": 30,
            "healthCheck": {"path": "/healthz", "interval": 15, "timeout": 5, "matcher": "200-299"},
            "stickiness": {"type": "lb_cookie", "cookieDuration": 3600},
            **TAGGED,
        },
        lambda w: {
            "deregistrationDelay": 60,
            "healthCheck": {"path": "/ready", "interval": 10, "timeout": 4, "matcher": "200", "healthyThreshold": 2},
            "stickiness": {"type": "lb_cookie", "cookieDuration": 60, "enabled": False},
            "loadBalancingAlgorithmType": "least_outstanding_requests",
            **RETAGGED,
        },
        lambda w: {"port": 9090, "protocol": "HTTPS", "targetType": "instance"},
    ),
    Case(
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        lambda w: {"targetGroupArn": targets(w).id, "targetId": "10.0.1.10", "port": 8080},
        None,
        lambda w: {"targetId": "10.0.1.11", "port": 9090},
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": balancer(w).id,
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [REDIRECT],
            **TAGGED,
        },
        lambda w: {"port": 8081, "defaultActions": [fixed("503")], **RETAGGED},
        lambda w: {"loadBalancerArn": "other"},
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": balancer(w).id,
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "certificateArn": certificate(w, "one.example"),
            "defaultActions": [weighted(w)],
            "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=31536000",
        },
        lambda w: {
            "certificateArn": certificate(w, "other.example"),
            "defaultActions": [forward(w)],
            "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=60",
        },
        lambda w: {"loadBalancerArn": "other"},
        label="secure",
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        lambda w: {
            "listenerArn": listener(w).id,
            "priority": 10,
            "actions": [forward(w)],
            "conditions": [{"pathPattern": {"values": ["/app", "/app/*"]}}, {"hostHeader": {"values": ["a.example"]}}],
            **TAGGED,
        },
        lambda w: {
            "priority": 20,
            "actions": [fixed("200")],
            "conditions": [
                {"queryStrings": [{"key": "version", "value": "2"}, {"value": "any"}]},
                {"httpHeader": {"httpHeaderName": "X-Try", "values": ["yes"]}},
                {"httpRequestMethod": {"values": ["GET"]}},
                {"sourceIp": {"values": ["10.0.0.0/8"]}},
            ],
            **RETAGGED,
        },
        lambda w: {"listenerArn": "other"},
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        lambda w: {
            "listenerArn": listener(w).id,
            "actions": [weighted(w)],
            "conditions": [{"pathPattern": {"values": ["/*"]}}],
        },
        lambda w: {"conditions": [{"pathPattern": {"values": ["/other"]}}]},
        label="next-free-priority",
    ),
    Case(
        "aws:lb/listenerCertificate:ListenerCertificate",
        lambda w: {"listenerArn": secure_listener(w).id, "certificateArn": certificate(w, "further.example")},
        None,
        lambda w: {"certificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/other"},
    ),
    Case(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        lambda w: {"resourceArn": balancer(w).id, "webAclArn": w.web_acl["arn"]},
        None,
        lambda w: {"resourceArn": "other"},
    ),
)
