"""Aurora Serverless v2: a cluster whose instances grow, shrink and, where wanted, pause."""

from __future__ import annotations

from typing import Any

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


class Cluster(pulumi.ComponentResource):
    """Cluster, writer and readers, with their subnet and parameter groups. Without readers ``reader_endpoint`` leads to the
    writer."""

    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:database-rds:Cluster", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        engine = f"aurora-{settings.engine}"
        group = create_subnet_group(name, args, child)
        parameters = rds.ClusterParameterGroup(
            name, name=args.name, family=args.family, parameters=tls_parameters(args), opts=child
        )
        logs = create_log_groups("cluster", args, child)
        master = {
            f"master_{key}" if key in ("username", "password") else key: value
            for key, value in master_user(args, self).items()
        }
        cluster = rds.Cluster(
            name,
            cluster_identifier=args.name,
            engine=engine,
            engine_version=args.version,
            database_name=settings.database_name,
            **master,
            port=args.port,
            db_subnet_group_name=group.name,
            vpc_security_group_ids=list(args.security_group_ids),
            db_cluster_parameter_group_name=parameters.name,
            storage_encrypted=True,
            kms_key_id=args.kms_key_arn,
            iam_database_authentication_enabled=True,
            backup_retention_period=settings.backup.retention_days,
            preferred_backup_window=settings.backup.window,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.backup.final_snapshot,
            final_snapshot_identifier=f"{args.name}-final" if settings.backup.final_snapshot else None,
            enabled_cloudwatch_logs_exports=args.log_types or None,
            serverlessv2_scaling_configuration=self._scaling(args),
            apply_immediately=settings.apply_immediately,
            opts=named(self, logs),
        )
        role = create_monitoring_role(args, self)
        for index in range(1 + settings.readers):
            rds.ClusterInstance(
                f"{name}-{index + 1}",
                identifier=f"{args.name[:58].rstrip('-')}-{index + 1}",
                cluster_identifier=cluster.id,
                engine=engine,
                engine_version=args.version,
                instance_class="db.serverless",
                promotion_tier=min(index, 1),  # up to tier 1 a reader is as large as the writer, and can take its place
                publicly_accessible=False,
                copy_tags_to_snapshot=True,
                auto_minor_version_upgrade=False,  # the version is configuration's: an upgrade behind its back would differ
                apply_immediately=settings.apply_immediately,
                **monitoring_arguments(args, role),
                opts=named(self, []),
            )
        self.endpoint, self.reader_endpoint = cluster.endpoint, cluster.reader_endpoint
        self.port = cluster.port
        self.secret_arn = secret_arn_of(args, cluster.master_user_secrets)
        self.register_outputs({"endpoint": self.endpoint})

    @staticmethod
    def _scaling(args: DatabaseArgs) -> dict[str, Any]:
        capacity = args.settings.capacity
        scaling: dict[str, Any] = {"min_capacity": capacity.min, "max_capacity": capacity.max}
        if capacity.min == 0:
            scaling["seconds_until_auto_pause"] = capacity.pause_after_minutes * 60
        return scaling
