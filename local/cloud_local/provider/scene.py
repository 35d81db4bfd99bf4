"""One resource in hand: its row, its properties, and the calls made for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cloud_local.provider.connection import Connection, is_absent
from cloud_local.provider.errors import AwsFailure
from cloud_local.provider.model import ResourceType, fill
from cloud_local.provider.schema import Schema

SERVICE_NAMES = {"ec2": "EC2", "s3": "S3", "iam": "IAM", "kms": "KMS", "wafv2": "WAFv2", "efs": "EFS", "sqs": "SQS"}
SERVICE_NAMES |= {"sns": "SNS", "ssm": "SSM", "dynamodb": "DynamoDB", "logs": "CloudWatch Logs", "backup": "Backup"}
SERVICE_NAMES |= {"acm": "ACM", "apigatewayv2": "API Gateway V2", "application-autoscaling": "Application Auto Scaling"}
SERVICE_NAMES |= {
    "autoscaling": "Auto Scaling",
    "budgets": "Budgets",
    "cloudwatch": "CloudWatch",
    "codebuild": "CodeBuild",
}
SERVICE_NAMES |= {"cognito-identity": "Cognito Identity", "cognito-idp": "Cognito IDP", "elbv2": "ELBv2"}
SERVICE_NAMES |= {"events": "EventBridge"}
SERVICE_NAMES |= {"lambda": "Lambda", "route53": "Route 53", "scheduler": "EventBridge Scheduler", "signer": "Signer"}
SERVICE_NAMES |= {"servicediscovery": "Cloud Map", "synthetics": "CloudWatch Synthetics"}
SERVICE_NAMES |= {"cloudtrail": "CloudTrail", "secretsmanager": "Secrets Manager", "accessanalyzer": "Access Analyzer"}


@dataclass
class Scene:
    """The state of one operation on one resource; not shared between threads."""

    connection: Connection
    row: ResourceType
    schema: Schema
    name: str
    """The resource's name in the program."""
    properties: dict[str, Any]
    """Inputs; for deletions and reads the recorded outputs beneath them."""
    warn: Callable[[str], None]
    id: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What the creation answered."""
    old: Mapping[str, Any] = field(default_factory=dict)
    """The old inputs, in an update."""
    changed: frozenset[str] = frozenset()
    """The top-level properties that change, in an update."""
    live: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The region of this resource: its own argument, or the provider's."""
        return str(self.properties.get("region") or self.connection.settings.region)

    @property
    def known(self) -> dict[str, Any]:
        """What templates may name."""
        return {
            **self.properties,
            "id": self.id or None,
            "account": self.connection.account,
            "region": self.region,
            "partition": self.connection.partition(self.region),
        }

    @property
    def title(self) -> str:
        """`S3 Bucket`: the type as people say it."""
        service = SERVICE_NAMES.get(self.row.service, self.row.service.upper())
        kind = self.schema.token.rpartition(":")[2]
        return f"{service} {kind}"

    def fill(self, template: Any) -> Any:
        """A template of the row, filled with what is known here."""
        return fill(template, self.known)

    def identity_of(self, shape: Any) -> dict[str, Any]:
        """The members of an operation's input by which it is told which resource."""
        arguments = {}
        for member, template in self.row.identity.items():
            value = self.fill(template)
            if value is None:
                continue
            if member in shape.members:
                arguments[member] = [value] if shape.members[member].type_name == "list" else value
            elif member + "s" in shape.members and shape.members[member + "s"].type_name == "list":
                arguments[member + "s"] = [value]
        return arguments

    @property
    def emulated(self) -> bool:
        """Whether the row's service is reached at an endpoint of its own, and so not at AWS."""
        return bool(self.connection.settings.endpoint_of(self.row.service))

    def call(self, operation: str, arguments: Mapping[str, Any], service: str = "") -> dict[str, Any]:
        """One operation of the row's service, in this resource's region. Errors as `Connection.call`."""
        return self.connection.call(service or self.row.service, operation, arguments, self.region)

    def ask(self, operation: str, arguments: Mapping[str, Any], service: str = "") -> dict[str, Any] | None:
        """As `call`, with None where AWS says that there is no such thing."""
        try:
            return self.call(operation, arguments, service)
        except ClientError as error:
            if is_absent(error):
                return None
            raise

    def failure(self, verb: str, error: ClientError | BotoCoreError) -> AwsFailure:
        """An AWS error as the sentence a person reads: `creating S3 Bucket (logs): operation error …`."""
        service_id = str(self.connection.client(self.row.service).meta.service_model.service_id)
        return AwsFailure(
            f"{verb} {self.title} ({self.id or self.name})",
            error,
            service_id,
            error.operation_name if isinstance(error, ClientError) else "",
        )
