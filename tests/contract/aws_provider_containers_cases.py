"""ECS, load balancing, discovery and scaling: for every type a declaration and its changes."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.aws_provider_harness import REGION, Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World


def cluster(w: World) -> Resource:
    return w.one("cluster", "aws:ecs/cluster:Cluster", dict)


def containers(image: str) -> str:
    definition = {
        "name": "app",
        "image": image,
        "essential": True,
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "STAGE", "value": "dev"}],
    }
    return json.dumps([definition])


def declared_task(w: World) -> dict[str, Any]:
    return {
        "family": "app",
        "containerDefinitions": containers("app:1"),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": w.role["arn"],
    }


def task(w: World) -> Resource:
    return w.one("task", "aws:ecs/taskDefinition:TaskDefinition", lambda: declared_task(w))


def second_subnet(w: World) -> Resource:
    inputs = lambda: {"vpcId": w.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZone": f"{REGION}b"}  # noqa: E731
    return w.one("second-subnet", "aws:ec2/subnet:Subnet", inputs)


def balancer(w: World) -> Resource:
    inputs = lambda: {"internal": True, "subnets": [w.subnet.id, second_subnet(w).id], "securityGroups": [w.group.id]}  # noqa: E731
    return w.one("lb", "aws:lb/loadBalancer:LoadBalancer", inputs)


def targets(w: World) -> Resource:
    inputs = lambda: {"port": 8080, "protocol": "HTTP", "vpcId": w.vpc.id, "targetType": "ip"}  # noqa: E731
    return w.one("tg", "aws:lb/targetGroup:TargetGroup", inputs)


def fixed(code: str) -> dict[str, Any]:
    response = {"contentType": "text/plain", "messageBody": "nothing here", "statusCode": code}
    return {"type": "fixed-response", "fixedResponse": response}


def listener(w: World) -> Resource:
    inputs = lambda: {  # noqa: E731
        "loadBalancerArn": balancer(w).id,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [fixed("404")],
    }
    return w.one("listener", "aws:lb/listener:Listener", inputs)


def namespace(w: World) -> Resource:
    inputs = lambda: {"name": f"{w.suffix[:8]}.internal", "vpc": w.vpc.id}  # noqa: E731
    return w.one("namespace", "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", inputs)


def service(w: World) -> Resource:
    inputs = lambda: {**declared_service(w), "desiredCount": 1}  # noqa: E731
    return w.one("service", "aws:ecs/service:Service", inputs)


def declared_service(w: World) -> dict[str, Any]:
    return {
        "cluster": cluster(w)["arn"],
        "taskDefinition": task(w)["arn"],
        "launchType": "FARGATE",
        "networkConfiguration": {"subnets": [w.subnet.id], "securityGroups": [w.group.id], "assignPublicIp": False},
    }


def scalable(w: World) -> dict[str, Any]:
    return {
        "resourceId": f"service/{cluster(w)['name']}/{service(w)['name']}",
        "scalableDimension": "ecs:service:DesiredCount",
        "serviceNamespace": "ecs",
    }


def scaling_target(w: World) -> Resource:
    inputs = lambda: {**scalable(w), "minCapacity": 1, "maxCapacity": 3}  # noqa: E731
    return w.one("scaling-target", "aws:appautoscaling/target:Target", inputs)


def tracking(value: float) -> dict[str, Any]:
    metric = {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
    return {"targetValue": value, "predefinedMetricSpecification": metric, "scaleInCooldown": 60}


REDIRECT = {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}

CASES: tuple[Case, ...] = (
    Case(
        "aws:ecs/cluster:Cluster",
        lambda w: {"settings": [{"name": "containerInsights", "value": "enabled"}], **TAGGED},
        lambda w: {"settings": [{"name": "containerInsights", "value": "disabled"}], **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        lambda w: {
            "clusterName": cluster(w)["name"],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
        },
        lambda w: {"capacityProviders": ["FARGATE"]},
        lambda w: {"clusterName": "other"},
    ),
    Case(
        "aws:ecs/taskDefinition:TaskDefinition",
        lambda w: {**declared_task(w), "runtimePlatform": {"cpuArchitecture": "ARM64"}, **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"containerDefinitions": containers("app:2")},
    ),
    Case(
        "aws:ecs/service:Service",
        lambda w: {
            **declared_service(w),
            "desiredCount": 2,
            "loadBalancers": [{"targetGroupArn": targets(w).id, "containerName": "app", "containerPort": 8080}],
            **TAGGED,
        },
        lambda w: {"desiredCount": 3, **RETAGGED},
        lambda w: {"cluster": "other"},
    ),
    Case(
        "aws:ecs/service:Service",
        lambda w: {
            "cluster": cluster(w)["arn"],
            "taskDefinition": task(w)["arn"],
            "desiredCount": 1,
            "capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "deploymentMinimumHealthyPercent": 100,
            "healthCheckGracePeriodSeconds": 30,
            "networkConfiguration": {"subnets": [w.subnet.id], "securityGroups": [w.group.id]},
        },
        lambda w: {"desiredCount": 0},
        lambda w: {"name": "other"},
        gaps=frozenset(
            {
                "capacityProviderStrategies",
                "deploymentCircuitBreaker",
                "deploymentMinimumHealthyPercent",
                "healthCheckGracePeriodSeconds",
            }
        ),
        label="spot",
    ),
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {
            "internal": True,
            "subnets": [w.subnet.id, second_subnet(w).id],
            "securityGroups": [w.group.id],
            "dropInvalidHeaderFields": True,
            "enableDeletionProtection": False,
            "idleTimeout": 30,
            **TAGGED,
        },
        lambda w: {"idleTimeout": 90, "securityGroups": [w.other_group.id], **RETAGGED},
        lambda w: {"internal": False},
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
            **TAGGED,
        },
        lambda w: {"deregistrationDelay": 60, "healthCheck": {"path": "/ready", "matcher": "200"}, **RETAGGED},
        lambda w: {"port": 9090},
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
        lambda w: {"defaultActions": [fixed("503")], **RETAGGED},
        lambda w: {"loadBalancerArn": "other"},
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        lambda w: {
            "listenerArn": listener(w).id,
            "priority": 10,
            "actions": [{"type": "forward", "targetGroupArn": targets(w).id}],
            "conditions": [{"pathPattern": {"values": ["/app", "/app/*"]}}],
            **TAGGED,
        },
        lambda w: {"conditions": [{"pathPattern": {"values": ["/other"]}}], **RETAGGED},
        lambda w: {"listenerArn": "other"},
    ),
    Case(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        lambda w: {"resourceArn": balancer(w).id, "webAclArn": w.web_acl["arn"]},
        None,
        lambda w: {"resourceArn": "other"},
    ),
    Case(
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
        lambda w: {"name": "apps.internal", "vpc": w.vpc.id, "description": "apps", **TAGGED},
        lambda w: {"description": "other", **RETAGGED},
        lambda w: {"name": "other.internal"},
    ),
    Case(
        "aws:servicediscovery/service:Service",
        lambda w: {
            "name": "app",
            "dnsConfig": {
                "namespaceId": namespace(w).id,
                "routingPolicy": "MULTIVALUE",
                "dnsRecords": [{"type": "A", "ttl": 10}],
            },
            **TAGGED,
        },
        lambda w: {"description": "the app", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:appautoscaling/target:Target",
        lambda w: {**scalable(w), "minCapacity": 1, "maxCapacity": 3},
        lambda w: {"maxCapacity": 5},
        lambda w: {"resourceId": "service/other/other"},
    ),
    Case(
        "aws:appautoscaling/policy:Policy",
        lambda w: {
            **{name: scaling_target(w)[name] for name in ("resourceId", "scalableDimension", "serviceNamespace")},
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": tracking(60),
        },
        lambda w: {"targetTrackingScalingPolicyConfiguration": tracking(70)},
        lambda w: {"name": "other"},
    ),
)
