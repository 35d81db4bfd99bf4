"""What Aurora and a single instance have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_aws import cloudwatch, iam, rds, secretsmanager

from cloud_stack import Context, Limit, allow, auto, document
from src.configuration import PORTS, DatabaseRdsConfig

VERSIONS = {
    ("aurora", "postgresql"): "16.6",
    ("aurora", "mysql"): "8.0.mysql_aurora.3.08.0",
    ("instance", "postgresql"): "16.6",
    ("instance", "mysql"): "8.0.40",
}
"""What is deployed unless ``engineVersion`` says otherwise. Aurora PostgreSQL pauses at zero from 16.3 on."""

_TLS = {"postgresql": ("rds.force_ssl", "1"), "mysql": ("require_secure_transport", "ON")}
_LOGS = {"postgresql": ["postgresql"], "mysql": ["error", "slowquery"]}


@dataclass(frozen=True, slots=True)
class DatabaseArgs:
    """``subnet_ids`` are in at least two zones; ``secret_arn`` is None where RDS makes and keeps the password."""

    context: Context
    subnet_ids: pulumi.Input[list[str]]
    security_group_ids: Sequence[pulumi.Input[str]]
    kms_key_arn: pulumi.Input[str]
    secret_arn: pulumi.Input[str] | None
    settings: DatabaseRdsConfig

    @property
    def name(self) -> str:
        """The identifier of the cluster or instance."""
        return self.context.name("database", limit=Limit.DATABASE)

    @property
    def version(self) -> str:
        return self.settings.engine_version or VERSIONS[self.settings.kind, self.settings.engine]

    @property
    def family(self) -> str:
        """The parameter group's family, which is the engine with the major version: ``aurora-postgresql16``, ``mysql8.0``."""
        prefix = "aurora-" if self.settings.kind == "aurora" else ""
        parts = self.version.split(".")
        major = ".".join(parts[:2]) if self.settings.engine == "mysql" else parts[0]
        engine = "postgres" if self.settings.engine == "postgresql" and not prefix else self.settings.engine
        return f"{prefix}{engine}{major}"

    @property
    def port(self) -> int:
        return PORTS[self.settings.engine]

    @property
    def log_types(self) -> list[str]:
        """The engine's logs that are exported."""
        return _LOGS[self.settings.engine] if self.settings.logs.enabled else []


def tls_parameters(args: DatabaseArgs) -> list[dict[str, Any]]:
    """Connections in the clear are refused; both engines take the parameter without a restart."""
    name, value = _TLS[args.settings.engine]
    return [{"name": name, "value": value, "apply_method": "immediate"}]


def create_subnet_group(name: str, args: DatabaseArgs, child: pulumi.ResourceOptions) -> rds.SubnetGroup:
    return rds.SubnetGroup(
        name,
        # Of its kind: where Aurora gives way to an instance, both groups are there for a while.
        name=args.context.name("database", args.settings.kind, limit=Limit.DATABASE),
        description=f"Isolated subnets for {args.name}",
        subnet_ids=args.subnet_ids,
        opts=child,
    )


def named(parent: pulumi.Resource, logs: list[pulumi.Resource]) -> pulumi.ResourceOptions:
    """For what has a name of its own: its successor can't be made beside it."""
    return pulumi.ResourceOptions(parent=parent, depends_on=logs, delete_before_replace=True)


def create_log_groups(kind: str, args: DatabaseArgs, child: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """Made before the database, which would make them without an end."""
    return [
        cloudwatch.LogGroup(
            f"logs-{log}",
            name=f"/aws/rds/{kind}/{args.name}/{log}",
            retention_in_days=args.settings.logs.retention_days,
            opts=child,
        )
        for log in args.log_types
    ]


def master_user(args: DatabaseArgs, parent: pulumi.Resource) -> dict[str, Any]:
    """Name and password of the master user, as an instance takes them. The password is RDS's own, under the deployment's key,
    or that of the secrets stack, which is read and stays a secret; its name is then the one beside it, if there is one."""
    username = args.settings.master_username
    if args.secret_arn is None:
        return {
            "username": username,
            "manage_master_user_password": True,
            "master_user_secret_kms_key_id": args.kms_key_arn,
        }
    version = secretsmanager.get_secret_version_output(
        secret_id=args.secret_arn, opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    login = version.secret_string.apply(credentials)
    return {
        "username": pulumi.Output.unsecret(login.apply(lambda found: found.get("username") or username)),
        "password": pulumi.Output.secret(login.apply(lambda found: found["password"])),
    }


def credentials(text: str) -> dict[str, str]:
    """What a secret says. Raises ``RunError`` where it isn't an object with a password; the text itself is not told."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found.get("password"):
        raise pulumi.RunError("the secret of the master user is no JSON object with a password")
    return found


def secret_arn_of(args: DatabaseArgs, managed: pulumi.Output[Any]) -> pulumi.Output[str]:
    """The ARN of the secret with the password. ``managed`` are the secrets that RDS told of."""
    if args.secret_arn is not None:
        return pulumi.Output.from_input(args.secret_arn)
    return managed.apply(lambda secrets: secrets[0].secret_arn if secrets else "")


def monitoring_arguments(args: DatabaseArgs, role_arn: pulumi.Input[str] | None) -> dict[str, Any]:
    """Performance Insights and Enhanced Monitoring, as both kinds of instances take them."""
    settings = args.settings.monitoring
    arguments: dict[str, Any] = {}
    if settings.performance_insights:
        arguments |= {
            "performance_insights_enabled": True,
            "performance_insights_kms_key_id": args.kms_key_arn,
            "performance_insights_retention_period": settings.performance_insights_days,
        }
    if role_arn is not None:
        arguments |= {"monitoring_interval": settings.interval, "monitoring_role_arn": role_arn}
    return arguments


def create_monitoring_role(args: DatabaseArgs, parent: pulumi.Resource) -> pulumi.Output[str] | None:
    """ARN of the role by which RDS writes the operating system's metrics, known when it may; none without an interval."""
    if args.settings.monitoring.interval == 0:
        return None
    child = pulumi.ResourceOptions(parent=parent)
    role = iam.Role(
        args.context.name("rds-monitoring", limit=auto(Limit.IAM_ROLE)),
        description="Enhanced Monitoring of the database",
        assume_role_policy=document(
            allow("sts:AssumeRole", on=[], principals={"Service": "monitoring.rds.amazonaws.com"})
        ),
        opts=child,
    )
    partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=parent)).partition
    attachment = iam.RolePolicyAttachment(
        "monitoring",
        role=role.name,
        # AWS's own policy for this purpose; it names log groups of RDS and nothing else.
        policy_arn=f"arn:{partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        opts=child,
    )
    return pulumi.Output.all(role.arn, attachment.id).apply(lambda known: str(known[0]))  # RDS asks what it may at once
