"""The security rules hold over everything that the stacks make, by default and in their production shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.stacks.case import case_of, stacks_with_cases
from tests.stacks.conftest import Base
from tests.stacks.lives import Life
from tests.stacks.security_rules import RULES, Resource, unused, violations

stacks = pytest.mark.xdist_group("stacks")
each_stack = pytest.mark.parametrize("stack", stacks_with_cases())


def of_state(resources: list[dict[str, Any]]) -> list[Resource]:
    return [
        Resource(item["type"], item["urn"].rpartition("::")[2], item.get("inputs") or {})
        for item in resources
        if item.get("custom")
    ]


@stacks
@each_stack
def test_they_hold_by_default(stack: str, base: Base) -> None:
    assert [str(item) for item in violations(of_state(base.resources(stack)), case_of(stack).exceptions)] == []


@stacks
@pytest.mark.timeout(600)
@each_stack
def test_they_hold_in_the_production_shape(life: Life) -> None:
    found = violations(of_state(life.production), case_of(life.stack).exceptions)
    assert [str(item) for item in found] == []


@stacks
@pytest.mark.timeout(600)
@each_stack
def test_every_exception_has_a_reason_and_is_needed(life: Life, base: Base) -> None:
    exceptions = case_of(life.stack).exceptions
    assert all(len(reason.split()) > 3 for reason in exceptions.values())
    by_default = unused(of_state(base.resources(life.stack)), exceptions)
    assert [exception for exception in unused(of_state(life.production), exceptions) if exception in by_default] == []


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


WORLD = {"cidrIpv4": "0.0.0.0/0"}
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

BAD: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("encrypted-at-rest", "aws:s3/bucket:Bucket", {}),
    ("encrypted-at-rest", "aws:efs/fileSystem:FileSystem", {"encrypted": False}),
    ("encrypted-at-rest", "aws:rds/cluster:Cluster", {"storageEncrypted": True}),
    ("encrypted-at-rest", "aws:secretsmanager/secret:Secret", {}),
    ("encrypted-at-rest", TEMPLATE, {"blockDeviceMappings": [{"ebs": {"encrypted": "false"}}]}),
    ("encrypted-at-rest", TEMPLATE, {}),
    ("encrypted-at-rest", "aws:ssm/parameter:Parameter", {"type": "SecureString"}),
    (
        "encrypted-at-rest",
        "aws:ecr/repository:Repository",
        {"encryptionConfigurations": [{"encryptionType": "AES256"}]},
    ),
    ("encrypted-at-rest", "aws:eks/cluster:Cluster", {}),
    ("encrypted-at-rest", "aws:lambda/function:Function", {"environment": {"variables": {"a": "b"}}}),
    ("encrypted-at-rest", "aws:sqs/queue:Queue", {}),
    ("not-public", "aws:s3/bucket:Bucket", {}),
    ("not-public", "aws:rds/instance:Instance", {"publiclyAccessible": True}),
    ("not-public", "aws:eks/cluster:Cluster", {"vpcConfig": {"endpointPrivateAccess": True}}),
    ("not-public", "aws:lb/loadBalancer:LoadBalancer", {}),
    ("not-public", "aws:lambda/functionUrl:FunctionUrl", {"authorizationType": "NONE"}),
    ("not-public", "aws:ecs/service:Service", {"networkConfiguration": {"assignPublicIp": True}}),
    ("not-public", TEMPLATE, {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}),
    ("no-open-ingress", RULE, {**WORLD, "fromPort": 22, "toPort": 22}),
    ("no-open-ingress", RULE, {**WORLD, "fromPort": 80, "toPort": 443}),
    ("no-open-ingress", RULE, {"cidrIpv6": "::/0", "fromPort": 5432, "toPort": 5432}),
    (
        "no-open-ingress",
        "aws:ec2/securityGroup:SecurityGroup",
        {"ingress": [{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"], "fromPort": 0, "toPort": 0}]},
    ),
    ("least-privilege", ROLE_POLICY, {"policy": policy(Action="*", Resource="arn:aws:s3:::a")}),
    ("least-privilege", ROLE_POLICY, {"policy": policy(Action=["s3:GetObject", "s3:*"], Resource="arn:aws:s3:::a")}),
    ("least-privilege", ROLE_POLICY, {"policy": policy(NotAction="s3:*", Resource="arn:aws:s3:::a")}),
    ("least-privilege", ROLE_POLICY, {"policy": policy(Action="s3:GetObject", Resource=["*"])}),
    ("least-privilege", "aws:sqs/queuePolicy:QueuePolicy", {"policy": policy(Action="sqs:SendMessage", Principal="*")}),
    (
        "least-privilege",
        "aws:sqs/queuePolicy:QueuePolicy",
        {"policy": policy(Action="sqs:SendMessage", Principal={"AWS": "*"})},
    ),
    ("imdsv2", TEMPLATE, {"metadataOptions": {"httpTokens": "optional"}}),
    ("imdsv2", "aws:ec2/instance:Instance", {}),
    ("nodes-by-launch-template", "aws:eks/nodeGroup:NodeGroup", {}),
    ("tls-only", "aws:s3/bucket:Bucket", {}),
    ("tls-only", "aws:sqs/queue:Queue", {}),
    ("tls-only", "aws:sns/topic:Topic", {}),
    ("tls-only", "aws:lb/listener:Listener", {"protocol": "HTTP", "defaultActions": [{"type": "forward"}]}),
    ("tls-only", "aws:lb/listener:Listener", {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"}),
    ("tls-only", "aws:apigatewayv2/domainName:DomainName", {"domainNameConfiguration": {"securityPolicy": "TLS_1_0"}}),
    ("tls-only", "aws:rds/clusterParameterGroup:ClusterParameterGroup", {"parameters": []}),
    ("logs-have-an-end", "aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 0}),
    ("images-are-fixed-and-scanned", "aws:ecr/repository:Repository", {"imageTagMutability": "MUTABLE"}),
    ("images-are-fixed-and-scanned", "aws:ecr/repository:Repository", {"imageTagMutability": "IMMUTABLE"}),
    ("functions-fail-loudly", "aws:lambda/function:Function", {"tracingConfig": {"mode": "Active"}}),
    ("functions-fail-loudly", "aws:lambda/function:Function", {"deadLetterConfig": {"targetArn": "arn"}}),
    ("keys-are-rotated", "aws:kms/key:Key", {}),
)


@pytest.mark.parametrize(("rule", "kind", "inputs"), BAD)
def test_a_rule_finds_what_breaks_it(rule: str, kind: str, inputs: Mapping[str, Any]) -> None:
    assert rule in {found.rule for found in violations([Resource(kind, "it", inputs)], {})}


def test_every_rule_has_been_seen_to_find_something() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)


def test_an_exception_covers_its_rule_and_resource_and_no_other() -> None:
    bad = Resource("aws:lb/loadBalancer:LoadBalancer", "web", {})
    exceptions = {("not-public", "aws:lb/*::web"): "it is the way in"}
    assert violations([bad], exceptions) == []
    assert unused([bad], exceptions) == []
    other = Resource("aws:lb/loadBalancer:LoadBalancer", "other", {})
    assert [found.resource for found in violations([bad, other], exceptions)] == [other]
    assert unused([other], exceptions) == [("not-public", "aws:lb/*::web")]


def test_the_world_may_reach_the_web() -> None:
    good = [Resource(RULE, f"web-{port}", {**WORLD, "fromPort": port, "toPort": port}) for port in (80, 443)]
    assert violations(good, {}) == []
