"""What the declarations of the cases stand on: prerequisites made when first asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.aws_provider_harness import REGION, Engine, Resource

ACCOUNT = "123456789012"


def policy(action: str, resource: str = "*", **statement: Any) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **statement}],
        }
    )


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """What a declaration stands on, made when first asked for."""

    engine: Engine
    suffix: str
    made: dict[str, Resource] = field(default_factory=dict)

    def one(self, key: str, token: str, inputs: Callable[[], Mapping[str, Any]]) -> Resource:
        """The prerequisite ``key``, made at the first call; cases with prerequisites of their own make them by this."""
        if key not in self.made:
            self.made[key] = self.engine.create(token, f"{key}-{self.suffix}", inputs())
        return self.made[key]

    @property
    def vpc(self) -> Resource:
        return self.one("vpc", "aws:ec2/vpc:Vpc", lambda: {"cidrBlock": "10.0.0.0/16"})

    @property
    def subnet(self) -> Resource:
        inputs = lambda: {"vpcId": self.vpc.id, "cidrBlock": "10.0.1.0/24", "availabilityZone": f"{REGION}a"}  # noqa: E731
        return self.one("subnet", "aws:ec2/subnet:Subnet", inputs)

    @property
    def gateway(self) -> Resource:
        return self.one("gateway", "aws:ec2/internetGateway:InternetGateway", lambda: {"vpcId": self.vpc.id})

    @property
    def table(self) -> Resource:
        return self.one("table", "aws:ec2/routeTable:RouteTable", lambda: {"vpcId": self.vpc.id})

    @property
    def address(self) -> Resource:
        return self.one("address", "aws:ec2/eip:Eip", lambda: {"domain": "vpc"})

    @property
    def group(self) -> Resource:
        return self.one("group", "aws:ec2/securityGroup:SecurityGroup", lambda: {"vpcId": self.vpc.id})

    @property
    def other_group(self) -> Resource:
        return self.one("other-group", "aws:ec2/securityGroup:SecurityGroup", lambda: {"vpcId": self.vpc.id})

    @property
    def acl(self) -> Resource:
        return self.one("acl", "aws:ec2/networkAcl:NetworkAcl", lambda: {"vpcId": self.vpc.id})

    @property
    def bucket(self) -> Resource:
        return self.one("bucket", "aws:s3/bucket:Bucket", lambda: {"forceDestroy": True})

    @property
    def logs_bucket(self) -> Resource:
        bucket = self.one("logs-bucket", "aws:s3/bucket:Bucket", lambda: {"forceDestroy": True})
        statement = {"Principal": {"Service": "logging.s3.amazonaws.com"}}
        document = policy("s3:PutObject", f"{bucket['arn']}/*", **statement)
        self.one("logs-policy", "aws:s3/bucketPolicy:BucketPolicy", lambda: {"bucket": bucket.id, "policy": document})
        return bucket

    @property
    def key(self) -> Resource:
        return self.one("key", "aws:kms/key:Key", lambda: {"deletionWindowInDays": 7})

    @property
    def other_key(self) -> Resource:
        return self.one("other-key", "aws:kms/key:Key", lambda: {"deletionWindowInDays": 7})

    @property
    def role(self) -> Resource:
        return self.one("role", "aws:iam/role:Role", lambda: {"assumeRolePolicy": trust("ec2.amazonaws.com")})

    @property
    def policy(self) -> Resource:
        return self.one("policy", "aws:iam/policy:Policy", lambda: {"policy": policy("s3:ListBucket")})

    @property
    def log_group(self) -> Resource:
        return self.one("log-group", "aws:cloudwatch/logGroup:LogGroup", lambda: {"retentionInDays": 7})

    @property
    def file_system(self) -> Resource:
        return self.one("files", "aws:efs/fileSystem:FileSystem", lambda: {"encrypted": True})

    @property
    def vault(self) -> Resource:
        return self.one("vault", "aws:backup/vault:Vault", dict)

    @property
    def plan(self) -> Resource:
        rule = lambda: {"ruleName": "daily", "targetVaultName": self.vault.id}  # noqa: E731
        return self.one("plan", "aws:backup/plan:Plan", lambda: {"rules": [rule()]})

    @property
    def secret(self) -> Resource:
        return self.one("secret", "aws:secretsmanager/secret:Secret", lambda: {"recoveryWindowInDays": 0})

    @property
    def topic(self) -> Resource:
        return self.one("topic", "aws:sns/topic:Topic", dict)

    @property
    def queue(self) -> Resource:
        return self.one("queue", "aws:sqs/queue:Queue", dict)

    @property
    def web_acl(self) -> Resource:
        return self.one("web-acl", "aws:wafv2/webAcl:WebAcl", web_acl)


def web_acl() -> dict[str, Any]:
    visibility = {"cloudwatchMetricsEnabled": True, "metricName": "web", "sampledRequestsEnabled": True}
    managed = {"name": "AWSManagedRulesCommonRuleSet", "vendorName": "AWS"}
    rules: list[dict[str, Any]] = [
        {
            "name": "common",
            "priority": 1,
            "overrideAction": {"none": {}},
            "statement": {"managedRuleGroupStatement": managed},
            "visibilityConfig": visibility,
        },
        {
            "name": "rate",
            "priority": 2,
            "action": {"block": {}},
            "statement": {"rateBasedStatement": {"limit": 2000, "aggregateKeyType": "IP"}},
            "visibilityConfig": visibility,
        },
    ]
    return {"scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": visibility, "rules": rules}


@dataclass(frozen=True)
class Case:
    """One declaration of one type and what becomes of it."""

    token: str
    inputs: Callable[[World], Mapping[str, Any]]
    change: Callable[[World], Mapping[str, Any]] | None = None
    """What an update takes; None where the type has no update."""
    replacement: Callable[[World], Mapping[str, Any]] | None = None
    """What only a replacement can change; None where every property can be updated."""
    gaps: frozenset[str] = frozenset()
    """Properties the emulated AWS records but doesn't apply."""
    label: str = ""
    stays: bool = False
    """Can't be deleted in AWS by itself."""
    recorded: bool = False
    """The emulated AWS doesn't have the type at all."""

    def __str__(self) -> str:
        return self.token.split(":")[1].replace("/", "-") + (f"-{self.label}" if self.label else "")


TAGGED = {"tags": {"Name": "first", "team": "a"}}
RETAGGED = {"tags": {"Name": "second"}}


def rule(port: int, **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": port, "toPort": port, **more}


def acl_rule(number: int, port: int) -> dict[str, Any]:
    return {"ruleNo": number, "action": "allow", "cidrBlock": "10.0.0.0/8", **rule(port)}
