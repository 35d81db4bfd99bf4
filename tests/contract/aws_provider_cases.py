"""For every row of the table: a declaration, a change it takes in place, a change that replaces, the emulator's gaps."""

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

    def _one(self, key: str, token: str, inputs: Callable[[], Mapping[str, Any]]) -> Resource:
        if key not in self.made:
            self.made[key] = self.engine.create(token, f"{key}-{self.suffix}", inputs())
        return self.made[key]

    @property
    def vpc(self) -> Resource:
        return self._one("vpc", "aws:ec2/vpc:Vpc", lambda: {"cidrBlock": "10.0.0.0/16"})

    @property
    def subnet(self) -> Resource:
        inputs = lambda: {"vpcId": self.vpc.id, "cidrBlock": "10.0.1.0/24", "availabilityZone": f"{REGION}a"}  # noqa: E731
        return self._one("subnet", "aws:ec2/subnet:Subnet", inputs)

    @property
    def gateway(self) -> Resource:
        return self._one("gateway", "aws:ec2/internetGateway:InternetGateway", lambda: {"vpcId": self.vpc.id})

    @property
    def table(self) -> Resource:
        return self._one("table", "aws:ec2/routeTable:RouteTable", lambda: {"vpcId": self.vpc.id})

    @property
    def address(self) -> Resource:
        return self._one("address", "aws:ec2/eip:Eip", lambda: {"domain": "vpc"})

    @property
    def group(self) -> Resource:
        return self._one("group", "aws:ec2/securityGroup:SecurityGroup", lambda: {"vpcId": self.vpc.id})

    @property
    def other_group(self) -> Resource:
        return self._one("other-group", "aws:ec2/securityGroup:SecurityGroup", lambda: {"vpcId": self.vpc.id})

    @property
    def acl(self) -> Resource:
        return self._one("acl", "aws:ec2/networkAcl:NetworkAcl", lambda: {"vpcId": self.vpc.id})

    @property
    def bucket(self) -> Resource:
        return self._one("bucket", "aws:s3/bucket:Bucket", lambda: {"forceDestroy": True})

    @property
    def logs_bucket(self) -> Resource:
        bucket = self._one("logs-bucket", "aws:s3/bucket:Bucket", lambda: {"forceDestroy": True})
        statement = {"Principal": {"Service": "logging.s3.amazonaws.com"}}
        document = policy("s3:PutObject", f"{bucket['arn']}/*", **statement)
        self._one("logs-policy", "aws:s3/bucketPolicy:BucketPolicy", lambda: {"bucket": bucket.id, "policy": document})
        return bucket

    @property
    def key(self) -> Resource:
        return self._one("key", "aws:kms/key:Key", lambda: {"deletionWindowInDays": 7})

    @property
    def other_key(self) -> Resource:
        return self._one("other-key", "aws:kms/key:Key", lambda: {"deletionWindowInDays": 7})

    @property
    def role(self) -> Resource:
        return self._one("role", "aws:iam/role:Role", lambda: {"assumeRolePolicy": trust("ec2.amazonaws.com")})

    @property
    def policy(self) -> Resource:
        return self._one("policy", "aws:iam/policy:Policy", lambda: {"policy": policy("s3:ListBucket")})

    @property
    def log_group(self) -> Resource:
        return self._one("log-group", "aws:cloudwatch/logGroup:LogGroup", lambda: {"retentionInDays": 7})

    @property
    def file_system(self) -> Resource:
        return self._one("files", "aws:efs/fileSystem:FileSystem", lambda: {"encrypted": True})

    @property
    def vault(self) -> Resource:
        return self._one("vault", "aws:backup/vault:Vault", dict)

    @property
    def plan(self) -> Resource:
        rule = lambda: {"ruleName": "daily", "targetVaultName": self.vault.id}  # noqa: E731
        return self._one("plan", "aws:backup/plan:Plan", lambda: {"rules": [rule()]})

    @property
    def secret(self) -> Resource:
        return self._one("secret", "aws:secretsmanager/secret:Secret", lambda: {"recoveryWindowInDays": 0})

    @property
    def topic(self) -> Resource:
        return self._one("topic", "aws:sns/topic:Topic", dict)

    @property
    def queue(self) -> Resource:
        return self._one("queue", "aws:sqs/queue:Queue", dict)

    @property
    def web_acl(self) -> Resource:
        return self._one("web-acl", "aws:wafv2/webAcl:WebAcl", web_acl)


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


CASES: tuple[Case, ...] = (
    Case(
        "aws:ec2/vpc:Vpc",
        lambda w: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True, **TAGGED},
        lambda w: {"enableDnsHostnames": False, "enableDnsSupport": False, **RETAGGED},
        lambda w: {"cidrBlock": "10.2.0.0/16"},
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "10.0.9.0/24", "mapPublicIpOnLaunch": True, **TAGGED},
        lambda w: {"mapPublicIpOnLaunch": False, **RETAGGED},
        lambda w: {"cidrBlock": "10.0.8.0/24"},
    ),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda w: {"vpcId": w.vpc.id, **TAGGED},
        lambda w: RETAGGED,
    ),
    Case("aws:ec2/eip:Eip", lambda w: {"domain": "vpc", **TAGGED}, lambda w: RETAGGED),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"subnetId": w.subnet.id, "allocationId": w.address.id, **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"connectivityType": "private"},
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {"vpcId": w.vpc.id, "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": w.gateway.id}], **TAGGED},
        lambda w: {"routes": [{"cidrBlock": "172.16.0.0/12", "gatewayId": w.gateway.id}], **RETAGGED},
        lambda w: {"vpcId": "vpc-0123456789abcdef0"},
    ),
    Case(
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        lambda w: {"defaultRouteTableId": w.vpc["defaultRouteTableId"], **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"defaultRouteTableId": "rtb-0123456789abcdef0"},
        stays=True,
    ),
    Case(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.table.id,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": w.gateway.id,
        },
        None,
        lambda w: {"destinationCidrBlock": "10.9.0.0/16"},
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.table.id, "subnetId": w.subnet.id},
        None,
        lambda w: {"subnetId": "subnet-0123456789abcdef0"},
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": f"com.amazonaws.{REGION}.s3",
            "routeTableIds": [w.table.id],
            **TAGGED,
        },
        lambda w: {"routeTableIds": [w.table.id, w.vpc["defaultRouteTableId"]], **RETAGGED},
        lambda w: {"serviceName": f"com.amazonaws.{REGION}.dynamodb"},
        label="gateway",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": f"com.amazonaws.{REGION}.secretsmanager",
            "vpcEndpointType": "Interface",
            "subnetIds": [w.subnet.id],
            "securityGroupIds": [w.group.id],
            "privateDnsEnabled": True,
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"serviceName": f"com.amazonaws.{REGION}.ssm"},
        label="interface",
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "ALL",
            "logDestination": w.log_group["arn"],
            "iamRoleArn": w.role["arn"],
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"trafficType": "REJECT"},
    ),
    Case(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda w: {
            "vpcId": w.vpc.id,
            "ingress": [acl_rule(100, 443)],
            "egress": [acl_rule(100, 443)],
            "subnetIds": [w.subnet.id],
            **TAGGED,
        },
        lambda w: {"ingress": [acl_rule(100, 443), acl_rule(110, 80)], **RETAGGED},
        lambda w: {"vpcId": "vpc-0123456789abcdef0"},
    ),
    Case(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        lambda w: {"defaultNetworkAclId": w.vpc["defaultNetworkAclId"], "ingress": [acl_rule(100, 443)], **TAGGED},
        lambda w: {"ingress": [], **RETAGGED},
        lambda w: {"defaultNetworkAclId": "acl-0123456789abcdef0"},
        stays=True,
    ),
    Case(
        "aws:ec2/networkAclRule:NetworkAclRule",
        lambda w: {
            "networkAclId": w.acl.id,
            "ruleNumber": 200,
            "ruleAction": "allow",
            "cidrBlock": "10.0.0.0/8",
            **rule(22),
        },
        None,
        lambda w: {"ruleNumber": 210},
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "vpcId": w.vpc.id,
            "description": "web",
            "ingress": [
                rule(443, cidrBlocks=["0.0.0.0/0"], ipv6CidrBlocks=["::/0"], description="https"),
                rule(80, cidrBlocks=["0.0.0.0/0"]),
                rule(8080, self=True),
                rule(5432, securityGroups=[w.other_group.id]),
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            **TAGGED,
        },
        lambda w: {"ingress": [rule(443, cidrBlocks=["10.0.0.0/8"])], **RETAGGED},
        lambda w: {"description": "other"},
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc.id, **TAGGED},
        lambda w: {"ingress": [rule(443, self=True)], **RETAGGED},
        lambda w: {"vpcId": "vpc-0123456789abcdef0"},
        stays=True,
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "0.0.0.0/0",
            "description": "https",
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"securityGroupId": "sg-0123456789abcdef0"},
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "referencedSecurityGroupId": w.other_group.id,
        },
        None,
        lambda w: {"securityGroupId": "sg-0123456789abcdef0"},
        label="by-reference",
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {"securityGroupId": w.group.id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"securityGroupId": "sg-0123456789abcdef0"},
    ),
    Case(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        lambda w: {
            "type": "ingress",
            "securityGroupId": w.group.id,
            "sourceSecurityGroupId": w.other_group.id,
            **rule(6379),
        },
        None,
        lambda w: {"toPort": 6380},
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"retentionInDays": 14, "kmsKeyId": w.key["arn"], **TAGGED},
        lambda w: {"retentionInDays": 30, **RETAGGED},
        lambda w: {"name": "/other"},
    ),
    Case(
        "aws:iam/role:Role",
        lambda w: {
            "assumeRolePolicy": trust("ec2.amazonaws.com"),
            "description": "reads",
            "managedPolicyArns": [w.policy["arn"]],
            "inlinePolicies": [{"name": "read", "policy": policy("s3:GetObject")}],
            **TAGGED,
        },
        lambda w: {
            "description": "writes",
            "assumeRolePolicy": trust("lambda.amazonaws.com"),
            "maxSessionDuration": 7200,
            "managedPolicyArns": [],
            "inlinePolicies": [{"name": "write", "policy": policy("s3:PutObject")}],
            **RETAGGED,
        },
        lambda w: {"path": "/service/"},
    ),
    Case(
        "aws:iam/policy:Policy",
        lambda w: {"policy": policy("s3:GetObject"), "description": "read", **TAGGED},
        lambda w: {"policy": policy("s3:PutObject"), **RETAGGED},
        lambda w: {"description": "other"},
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role.id, "policy": policy("s3:GetObject")},
        lambda w: {"policy": policy("s3:PutObject")},
        lambda w: {"role": "other"},
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role.id, "policyArn": w.policy["arn"]},
        None,
        lambda w: {"policyArn": "arn:aws:iam::aws:policy/Other"},
    ),
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda w: {"role": w.role.id, **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"path": "/other/"},
    ),
    Case(
        "aws:kms/key:Key",
        lambda w: {"description": "data", "enableKeyRotation": True, "deletionWindowInDays": 7, **TAGGED},
        lambda w: {"description": "logs", "enableKeyRotation": False, **RETAGGED},
        lambda w: {"keyUsage": "SIGN_VERIFY"},
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"targetKeyId": w.key.id},
        lambda w: {"targetKeyId": w.other_key.id},
        lambda w: {"name": "alias/other"},
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        lambda w: {**web_acl(), "description": "web", **TAGGED},
        lambda w: {"defaultAction": {"block": {}}, "rules": web_acl()["rules"][:1], **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        lambda w: {
            "resourceArn": w.web_acl["arn"],
            "logDestinationConfigs": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-web"],
        },
        lambda w: {"logDestinationConfigs": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-other"]},
        lambda w: {"resourceArn": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/other/1"},
    ),
    Case(
        "aws:cloudtrail/trail:Trail",
        lambda w: {
            "s3BucketName": w.logs_bucket.id,
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
            **TAGGED,
        },
        lambda w: {"isMultiRegionTrail": False, "enableLogging": False, **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:accessanalyzer/analyzer:Analyzer",
        lambda w: {"analyzerName": "account", "type": "ACCOUNT", **TAGGED},
        recorded=True,
    ),
    Case(
        "aws:s3/bucket:Bucket",
        lambda w: {"forceDestroy": True, **TAGGED},
        lambda w: {"forceDestroy": False, **RETAGGED},
        lambda w: {"bucket": "another-bucket"},
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        lambda w: {"versioningConfiguration": {"status": "Suspended"}},
        lambda w: {"bucket": "other"},
        stays=True,
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": w.key["arn"]},
                    "bucketKeyEnabled": True,
                }
            ],
        },
        lambda w: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {
            "bucket": w.bucket.id,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        lambda w: {"blockPublicAcls": False},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "noncurrentVersionExpiration": {"noncurrentDays": 90},
                    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
                },
                {"id": "logs", "status": "Enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 365}},
            ],
        },
        lambda w: {"rules": [{"id": "all", "status": "Enabled", "expiration": {"days": 10}}]},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {
            "bucket": w.bucket.id,
            "policy": policy("s3:GetObject", f"{w.bucket['arn']}/*", Principal={"AWS": "*"}),
        },
        lambda w: {"policy": policy("s3:ListBucket", w.bucket["arn"], Principal={"AWS": "*"})},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket.id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        lambda w: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": w.bucket.id, "targetBucket": w.logs_bucket.id, "targetPrefix": "access/"},
        lambda w: {"targetPrefix": "other/"},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["https://example.com"], "maxAgeSeconds": 60}],
        },
        lambda w: {"corsRules": [{"allowedMethods": ["PUT"], "allowedOrigins": ["https://example.com"]}]},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketObject:BucketObject",
        lambda w: {"bucket": w.bucket.id, "content": "hello", "contentType": "text/plain", **TAGGED},
        lambda w: {"content": "goodbye", **RETAGGED},
        lambda w: {"key": "other"},
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket.id, "key": "a/b.txt", "contentBase64": "aGVsbG8="},
        lambda w: {"contentBase64": "Z29vZGJ5ZQ=="},
        lambda w: {"key": "other"},
    ),
    Case(
        "aws:efs/fileSystem:FileSystem",
        lambda w: {
            "encrypted": True,
            "kmsKeyId": w.key["arn"],
            "lifecyclePolicies": [{"transitionToIa": "AFTER_30_DAYS"}],
            **TAGGED,
        },
        lambda w: {"lifecyclePolicies": [{"transitionToIa": "AFTER_60_DAYS"}], **RETAGGED},
        lambda w: {"encrypted": False},
    ),
    Case(
        "aws:efs/mountTarget:MountTarget",
        lambda w: {"fileSystemId": w.file_system.id, "subnetId": w.subnet.id, "securityGroups": [w.group.id]},
        lambda w: {"securityGroups": [w.other_group.id]},
        lambda w: {"subnetId": "subnet-0123456789abcdef0"},
    ),
    Case(
        "aws:efs/accessPoint:AccessPoint",
        lambda w: {
            "fileSystemId": w.file_system.id,
            "posixUser": {"uid": 1000, "gid": 1000},
            "rootDirectory": {
                "path": "/data",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0755"},
            },
            **TAGGED,
        },
        lambda w: RETAGGED,
        lambda w: {"posixUser": {"uid": 0, "gid": 0}},
    ),
    Case(
        "aws:efs/backupPolicy:BackupPolicy",
        lambda w: {"fileSystemId": w.file_system.id, "backupPolicy": {"status": "ENABLED"}},
        recorded=True,
    ),
    Case(
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        lambda w: {"fileSystemId": w.file_system.id, "policy": policy("elasticfilesystem:ClientMount")},
        lambda w: {"policy": policy("elasticfilesystem:ClientWrite")},
        lambda w: {"fileSystemId": "fs-0123456789abcdef0"},
        stays=True,
    ),
    Case(
        "aws:backup/vault:Vault",
        lambda w: {"kmsKeyArn": w.key["arn"], **TAGGED},
        lambda w: RETAGGED,
        lambda w: {"kmsKeyArn": w.other_key["arn"]},
    ),
    Case(
        "aws:backup/plan:Plan",
        lambda w: {
            "rules": [
                {
                    "ruleName": "daily",
                    "targetVaultName": w.vault.id,
                    "schedule": "cron(0 5 * * ? *)",
                    "startWindow": 60,
                    "completionWindow": 180,
                    "lifecycle": {"deleteAfter": 35},
                }
            ],
            **TAGGED,
        },
        lambda w: RETAGGED,
    ),
    Case(
        "aws:backup/selection:Selection",
        lambda w: {"planId": w.plan.id, "iamRoleArn": w.role["arn"], "resources": [w.file_system["arn"]]},
        recorded=True,
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda w: {"type": "String", "value": "one", "description": "a number", **TAGGED},
        lambda w: {"value": "two", "description": "another", **RETAGGED},
        lambda w: {"name": "/other"},
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda w: {"type": "SecureString", "value": "one", "name": "/shop/secure"},
        lambda w: {"value": "two"},
        lambda w: {"name": "/other"},
        label="secure",
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda w: {"description": "database", "recoveryWindowInDays": 0, "kmsKeyId": w.key["arn"], **TAGGED},
        lambda w: {"description": "other", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda w: {"secretId": w.secret.id, "secretString": "hunter2"},
        None,
        lambda w: {"secretString": "other"},
        stays=True,
    ),
    Case(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        lambda w: {
            "secretArn": w.secret.id,
            "policy": policy("secretsmanager:GetSecretValue", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        },
        lambda w: {
            "policy": policy("secretsmanager:DescribeSecret", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        },
        lambda w: {"secretArn": "other"},
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda w: {"visibilityTimeoutSeconds": 60, "sqsManagedSseEnabled": True, **TAGGED},
        lambda w: {"visibilityTimeoutSeconds": 90, "delaySeconds": 5, **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda w: {
            "queueUrl": w.queue.id,
            "policy": policy("sqs:SendMessage", w.queue["arn"], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        },
        lambda w: {
            "policy": policy("sqs:ReceiveMessage", w.queue["arn"], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        },
        lambda w: {"queueUrl": "other"},
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {"displayName": "alarms", "kmsMasterKeyId": "alias/aws/sns", **TAGGED},
        lambda w: {"displayName": "other", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {
            "arn": w.topic.id,
            "policy": policy("sns:Publish", w.topic.id, Principal={"Service": "cloudwatch.amazonaws.com"}),
        },
        lambda w: {"policy": policy("sns:Publish", w.topic.id, Principal={"Service": "events.amazonaws.com"})},
        lambda w: {"arn": "other"},
        stays=True,
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {
            "topic": w.topic.id,
            "protocol": "sqs",
            "endpoint": w.queue["arn"],
            "rawMessageDelivery": True,
        },
        lambda w: {"rawMessageDelivery": False},
        lambda w: {"endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"},
    ),
    Case(
        "aws:dynamodb/table:Table",
        lambda w: {
            "hashKey": "PK",
            "rangeKey": "SK",
            "billingMode": "PAY_PER_REQUEST",
            "attributes": [
                {"name": "PK", "type": "S"},
                {"name": "SK", "type": "S"},
                {"name": "GSI1PK", "type": "S"},
            ],
            "globalSecondaryIndexes": [{"name": "GSI1", "hashKey": "GSI1PK", "projectionType": "ALL"}],
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "pointInTimeRecovery": {"enabled": True},
            "streamEnabled": True,
            "streamViewType": "NEW_IMAGE",
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key["arn"]},
            **TAGGED,
        },
        lambda w: {"pointInTimeRecovery": {"enabled": False}, "deletionProtectionEnabled": False, **RETAGGED},
        lambda w: {"hashKey": "Other"},
    ),
)
