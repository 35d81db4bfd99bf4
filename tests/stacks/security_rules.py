"""Security rules as code, over the resources of a stack as Pulumi's state has them.

A rule looks at one resource at a time, with the others beside it, and says what is wrong. Inputs are the program's, so that a
rule sees what was asked for and not what AWS makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Inputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """``label`` is how exceptions name it: ``aws:s3/bucket:Bucket::data``."""

    type: str
    name: str
    inputs: Inputs

    @property
    def label(self) -> str:
        return f"{self.type}::{self.name}"


Check = Callable[[Resource, Sequence[Resource]], str | None]


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    resource: Resource
    complaint: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.resource.label}: {self.complaint}"


WORLD = {"0.0.0.0/0", "::/0"}
WEB_PORTS = {80, 443}

WITHOUT_RESOURCES = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "cloudwatch:PutMetricData",
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ec2:UnassignPrivateIpAddresses",
        "ecr:GetAuthorizationToken",
        "s3:ListAllMyBuckets",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
"""Actions for which IAM knows no resource, or none that exists yet when they are needed (AWS's service authorization
reference; a Lambda function's network interfaces are named by nobody)."""


def violations(resources: Sequence[Resource], exceptions: Mapping[tuple[str, str], str]) -> list[Violation]:
    """What breaks a rule and isn't excepted. An exception names a rule and a label with ``*`` for parts of it."""
    return [found for found in _all(resources) if not any(_excepts(exception, found) for exception in exceptions)]


def unused(resources: Sequence[Resource], exceptions: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """The exceptions that except nothing."""
    found = list(_all(resources))
    return [exception for exception in exceptions if not any(_excepts(exception, violation) for violation in found)]


def _excepts(exception: tuple[str, str], violation: Violation) -> bool:
    rule, pattern = exception
    return rule == violation.rule and fnmatchcase(violation.resource.label, pattern)


def _all(resources: Sequence[Resource]) -> Iterator[Violation]:
    for resource in resources:
        for rule, check in RULES.items():
            complaint = check(resource, resources)
            if complaint:
                yield Violation(rule, resource, complaint)


# -- rules


def encrypted_at_rest(resource: Resource, others: Sequence[Resource]) -> str | None:
    """What keeps data does so under a KMS key."""
    inputs = resource.inputs
    if resource.type == "aws:s3/bucket:Bucket":
        kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        algorithms = [
            rule.get("applyServerSideEncryptionByDefault", {}).get("sseAlgorithm")
            for other in _of_bucket(resource, others, kind)
            for rule in other.inputs.get("rules", ())
        ]
        return None if algorithms == ["aws:kms"] else "no default encryption by KMS"
    if resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
        volumes = [mapping.get("ebs") or {} for mapping in inputs.get("blockDeviceMappings", ())]
        fine = volumes and all(_is_true(volume.get("encrypted")) and volume.get("kmsKeyId") for volume in volumes)
        return None if fine else "a volume without a KMS key"
    if resource.type == "aws:sqs/queue:Queue":
        fine = inputs.get("kmsMasterKeyId") or inputs.get("sqsManagedSseEnabled")
        return None if fine else "neither kmsMasterKeyId nor sqsManagedSseEnabled"
    if resource.type == "aws:ssm/parameter:Parameter":
        fine = inputs.get("type") != "SecureString" or inputs.get("keyId")
        return None if fine else "a SecureString without a keyId"
    if resource.type == "aws:ecr/repository:Repository":
        kinds = [item.get("encryptionType") for item in inputs.get("encryptionConfigurations", ())]
        return None if kinds == ["KMS"] else "no encryption by KMS"
    if resource.type == "aws:eks/cluster:Cluster":
        covered = (inputs.get("encryptionConfig") or {}).get("resources", ())
        return None if "secrets" in covered else "secrets without envelope encryption"
    if resource.type == "aws:lambda/function:Function":
        fine = not inputs.get("environment") or inputs.get("kmsKeyArn")
        return None if fine else "an environment without a kmsKeyArn"
    for property_, flag in ENCRYPTED.get(resource.type, {}).items():
        if flag and not _is_true(inputs.get(flag)):
            return f"{flag} is not true"
        if not inputs.get(property_):
            return f"no {property_}"
    return None


ENCRYPTED: Mapping[str, Mapping[str, str]] = {
    "aws:efs/fileSystem:FileSystem": {"kmsKeyId": "encrypted"},
    "aws:rds/cluster:Cluster": {"kmsKeyId": "storageEncrypted"},
    "aws:rds/instance:Instance": {"kmsKeyId": "storageEncrypted"},
    "aws:secretsmanager/secret:Secret": {"kmsKeyId": ""},
    "aws:sns/topic:Topic": {"kmsMasterKeyId": ""},
    "aws:backup/vault:Vault": {"kmsKeyArn": ""},
    "aws:cloudtrail/trail:Trail": {"kmsKeyId": ""},
    "aws:codebuild/project:Project": {"encryptionKey": ""},
    "aws:dynamodb/table:Table": {"serverSideEncryption": ""},
}
"""Type -> the property that names the key -> the property that switches encryption on, if there is one."""


def not_public(resource: Resource, others: Sequence[Resource]) -> str | None:
    """Nothing is open to the internet but what is meant to be."""
    inputs = resource.inputs
    if resource.type == "aws:s3/bucket:Bucket":
        blocks = _of_bucket(resource, others, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        fine = any(all(_is_true(block.inputs.get(switch)) for switch in switches) for block in blocks)
        return None if fine else "public access isn't blocked whole"
    if resource.type == "aws:eks/cluster:Cluster":
        network = inputs.get("vpcConfig") or {}
        return None if network.get("endpointPublicAccess") is False else "a public endpoint"
    if resource.type == "aws:lb/loadBalancer:LoadBalancer":
        return None if _is_true(inputs.get("internal")) else "faces the internet"
    if resource.type == "aws:lambda/functionUrl:FunctionUrl":
        return "answers everybody" if inputs.get("authorizationType") == "NONE" else None
    if resource.type == "aws:ecs/service:Service":
        public = (inputs.get("networkConfiguration") or {}).get("assignPublicIp")
        return "tasks with public addresses" if _is_true(public) else None
    if resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
        public = [
            item for item in inputs.get("networkInterfaces", ()) if _is_true(item.get("associatePublicIpAddress"))
        ]
        return "instances with public addresses" if public else None
    return "publicly accessible" if _is_true(inputs.get("publiclyAccessible")) else None


def no_open_ingress(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """The world reaches ports 80 and 443 and no other."""
    inputs = resource.inputs
    if resource.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
        rules: Sequence[Inputs] = [inputs]
    elif resource.type == "aws:ec2/securityGroup:SecurityGroup":
        rules = inputs.get("ingress") or ()
    elif resource.type == "aws:ec2/securityGroupRule:SecurityGroupRule" and inputs.get("type") == "ingress":
        rules = [inputs]
    else:
        return None
    for rule in rules:
        sources = {
            rule.get("cidrIpv4"),
            rule.get("cidrIpv6"),
            *rule.get("cidrBlocks", ()),
            *rule.get("ipv6CidrBlocks", ()),
        }
        ports = {rule.get("fromPort"), rule.get("toPort")}
        if sources & WORLD and not (ports <= WEB_PORTS and len(ports) == 1):
            return f"open to the world: {rule.get('fromPort')} to {rule.get('toPort')}"
    return None


def least_privilege(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """Every Allow names its actions; its resources too, where IAM knows any."""
    for document in _policies(resource):
        for statement in _listed(document.get("Statement")):
            if statement.get("Effect") != "Allow":
                continue
            actions = [str(action) for action in _listed(statement.get("Action"))]
            wide = [action for action in actions if action == "*" or action.partition(":")[2] in ("", "*")]
            if wide or "NotAction" in statement:
                return f"allows {', '.join(wide) or 'all but some'}"
            everywhere = "*" in _listed(statement.get("Resource"))
            if everywhere and resource.type != "aws:kms/key:Key":  # in a key's policy "*" is that key
                unbound = [action for action in actions if action not in WITHOUT_RESOURCES]
                if unbound:
                    return f"allows {', '.join(unbound)} on every resource"
            if _listed(statement.get("Principal")) == ["*"] and not statement.get("Condition"):
                return "allows everybody"
    return None


def imdsv2(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """Instances hand out credentials only against a session token."""
    if resource.type not in ("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"):
        return None
    tokens = (resource.inputs.get("metadataOptions") or {}).get("httpTokens")
    return None if tokens == "required" else "httpTokens isn't required"


def nodes_by_launch_template(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """A node group has a launch template: without one its nodes take IMDSv1 and AWS's own key."""
    if resource.type != "aws:eks/nodeGroup:NodeGroup":
        return None
    return None if resource.inputs.get("launchTemplate") else "no launch template"


def tls_only(resource: Resource, others: Sequence[Resource]) -> str | None:
    """Nothing is reached in the clear."""
    inputs = resource.inputs
    if resource.type == "aws:s3/bucket:Bucket":
        policies = _of_bucket(resource, others, "aws:s3/bucketPolicy:BucketPolicy")
        return None if any(map(_denies_clear_text, policies)) else "no policy that refuses what isn't TLS"
    if resource.type == "aws:sqs/queue:Queue":
        policies = [other for other in others if other.type == "aws:sqs/queuePolicy:QueuePolicy"]
        return None if any(map(_denies_clear_text, [resource, *policies])) else "no policy that refuses what isn't TLS"
    if resource.type == "aws:sns/topic:Topic":
        policies = [other for other in others if other.type == "aws:sns/topicPolicy:TopicPolicy"]
        return None if any(map(_denies_clear_text, [resource, *policies])) else "no policy that refuses what isn't TLS"
    if resource.type == "aws:lb/listener:Listener":
        if inputs.get("protocol") in ("HTTPS", "TLS"):
            modern = str(inputs.get("sslPolicy", "")).startswith("ELBSecurityPolicy-TLS13-1-")
            return None if modern else f"the TLS policy {inputs.get('sslPolicy')}"
        kinds = {action.get("type") for action in inputs.get("defaultActions", ())}
        return None if kinds == {"redirect"} else "HTTP that isn't redirected"
    if resource.type == "aws:apigatewayv2/domainName:DomainName":
        policy = (inputs.get("domainNameConfiguration") or {}).get("securityPolicy")
        return None if policy == "TLS_1_2" else f"the TLS policy {policy}"
    if resource.type in (
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    ):
        if resource.type.endswith(":ParameterGroup") and "aws:rds/cluster:Cluster" in {other.type for other in others}:
            return None  # a cluster's own group says it
        wanted = {"rds.force_ssl": "1", "require_secure_transport": "ON"}
        fine = any(wanted.get(item.get("name")) == item.get("value") for item in inputs.get("parameters", ()))
        return None if fine else "TLS isn't required"
    return None


def logs_have_an_end(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """A log group without retention keeps everything, and its price, for ever."""
    if resource.type != "aws:cloudwatch/logGroup:LogGroup":
        return None
    return None if resource.inputs.get("retentionInDays") else "no retentionInDays"


def images_are_fixed_and_scanned(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """A tag means one image for ever, and every image is looked at when it is pushed."""
    if resource.type != "aws:ecr/repository:Repository":
        return None
    if resource.inputs.get("imageTagMutability") != "IMMUTABLE":
        return "tags can be moved"
    scanned = (resource.inputs.get("imageScanningConfiguration") or {}).get("scanOnPush")
    return None if _is_true(scanned) else "images aren't scanned when they are pushed"


def functions_fail_loudly(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """What a function couldn't do is kept, and its way can be traced."""
    if resource.type != "aws:lambda/function:Function":
        return None
    if not (resource.inputs.get("deadLetterConfig") or {}).get("targetArn"):
        return "no dead-letter queue"
    mode = (resource.inputs.get("tracingConfig") or {}).get("mode")
    return None if mode == "Active" else "not traced"


def keys_are_rotated(resource: Resource, _others: Sequence[Resource]) -> str | None:
    """KMS makes new key material every year."""
    if resource.type != "aws:kms/key:Key":
        return None
    return None if _is_true(resource.inputs.get("enableKeyRotation")) else "not rotated"


RULES: Mapping[str, Check] = {
    "encrypted-at-rest": encrypted_at_rest,
    "not-public": not_public,
    "no-open-ingress": no_open_ingress,
    "least-privilege": least_privilege,
    "imdsv2": imdsv2,
    "nodes-by-launch-template": nodes_by_launch_template,
    "tls-only": tls_only,
    "logs-have-an-end": logs_have_an_end,
    "images-are-fixed-and-scanned": images_are_fixed_and_scanned,
    "functions-fail-loudly": functions_fail_loudly,
    "keys-are-rotated": keys_are_rotated,
}


# -- reading


def _of_bucket(bucket: Resource, others: Sequence[Resource], kind: str) -> list[Resource]:
    """The resources of a kind that belong to the bucket: the same physical name, else the same name in the program."""
    physical = bucket.inputs.get("bucket")
    return [
        other
        for other in others
        if other.type == kind and (other.inputs.get("bucket") == physical if physical else other.name == bucket.name)
    ]


def _policies(resource: Resource) -> Iterator[Mapping[str, Any]]:
    """Every policy document among the inputs: texts that hold JSON with statements."""
    for value in resource.inputs.values():
        if isinstance(value, str) and '"Statement"' in value:
            document = json.loads(value)
            if isinstance(document, dict):
                yield document


def _denies_clear_text(resource: Resource) -> bool:
    return any(
        statement.get("Effect") == "Deny"
        and (statement.get("Condition") or {}).get("Bool", {}).get("aws:SecureTransport") in ("false", ["false"])
        for document in _policies(resource)
        for statement in _listed(document.get("Statement"))
    )


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict) and set(value) == {"AWS"}:  # a principal
        return _listed(value["AWS"])
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_true(value: Any) -> bool:
    return value is True or value == "true"
