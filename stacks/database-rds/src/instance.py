"""One instance of PostgreSQL or MySQL, with a standby where wanted."""

from __future__ import annotations

import pulumi
from pulumi_aws import rds

from src.settings import (
    DatabaseArgs,
    create_log_groups,
    create_monitoring_role,
    create_subnet_group,
    master_user,
    monitoring_arguments,
    named,
    secret_arn_of,
    tls_parameters,
)


class Instance(pulumi.ComponentResource):
    """The instance with its subnet and parameter groups. It has no reader endpoint: that is the empty text."""

    endpoint: pulumi.Output[str]
    reader_endpoint: str
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:database-rds:Instance", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        group = create_subnet_group(name, args, child)
        parameters = rds.ParameterGroup(
            name, name=args.name, family=args.family, parameters=tls_parameters(args), opts=child
        )
        logs = create_log_groups("instance", args, child)
        instance = rds.Instance(
            name,
            identifier=args.name,
            engine="postgres" if settings.engine == "postgresql" else "mysql",
            engine_version=args.version,
            instance_class=settings.instance.instance_class,
            allocated_storage=settings.instance.storage,
            max_allocated_storage=settings.instance.max_storage,
            storage_type="gp3",
            multi_az=settings.instance.multi_az,
            db_name=settings.database_name,
            **master_user(args, self),
            port=args.port,
            db_subnet_group_name=group.name,
            vpc_security_group_ids=list(args.security_group_ids),
            parameter_group_name=parameters.name,
            publicly_accessible=False,
            storage_encrypted=True,
            kms_key_id=args.kms_key_arn,
            iam_database_authentication_enabled=True,
            backup_retention_period=settings.backup.retention_days,
            backup_window=settings.backup.window,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.backup.final_snapshot,
            final_snapshot_identifier=f"{args.name}-final" if settings.backup.final_snapshot else None,
            enabled_cloudwatch_logs_exports=args.log_types or None,
            auto_minor_version_upgrade=False,  # the version is configuration's: an upgrade behind its back would differ
            apply_immediately=settings.apply_immediately,
            **monitoring_arguments(args, create_monitoring_role(args, self)),
            opts=named(self, logs),
        )
        self.endpoint, self.reader_endpoint = instance.address, ""
        self.port = instance.port
        self.secret_arn = secret_arn_of(args, instance.master_user_secrets)
        self.register_outputs({"endpoint": self.endpoint})
