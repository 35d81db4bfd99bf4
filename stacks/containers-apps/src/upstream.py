"""What applications need of other stacks, asked of them only where no configuration key says it.

network and security are no dependencies of this stack by name, but of services-ecs, on which it depends: they are there before.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pulumi

from cloud_stack import Reference, reference
from src.configuration import ContainersAppsConfig


class Upstream:
    """Every answer is read at most once per output, and nothing is read that nobody asks for."""

    def __init__(self, settings: ContainersAppsConfig) -> None:
        self._settings = settings
        self._stacks: dict[str, Reference] = {}

    @cached_property
    def cluster_arn(self) -> pulumi.Input[str]:
        return self._settings.cluster_arn or self._of("services-ecs")["clusterArn"]

    @cached_property
    def listener_arn(self) -> pulumi.Input[str]:
        return self._settings.listener_arn or self._of("services-ecs")["listenerArn"]

    @cached_property
    def alb_dns_name(self) -> pulumi.Input[str]:
        return self._settings.alb_dns_name or self._of("services-ecs")["albDnsName"]

    @cached_property
    def namespace_id(self) -> pulumi.Input[str]:
        return self._settings.namespace_id or self._of("services-ecs")["namespaceId"]

    @cached_property
    def vpc_id(self) -> pulumi.Input[str]:
        return self._settings.vpc_id or self._of("network")["vpcId"]

    @cached_property
    def subnet_ids(self) -> pulumi.Input[list[str]]:
        return self._settings.subnet_ids or self._of("network")["privateSubnetIds"]

    @cached_property
    def security_group_id(self) -> pulumi.Input[str]:
        return self._settings.security_group_id or self._of("security")["appSecurityGroupId"]

    @cached_property
    def kms_key_arn(self) -> pulumi.Input[str]:
        return self._settings.kms_key_arn or self._of("security")["kmsKeyArn"]

    def image(self, app: str) -> pulumi.Input[str]:
        """Fails the run where no image is built for the application."""
        return self._settings.image_uris.get(app) or self._one("containers-images", "imageUris", app)

    def secret_arn(self, name: str) -> pulumi.Input[str]:
        """Fails the run for a secret that isn't there."""
        return self._settings.secret_arns.get(name) or self._one("secrets", "secretArns", name)

    def bucket_arn(self, purpose: str) -> pulumi.Input[str]:
        """Fails the run for a bucket that isn't there."""
        return self._settings.bucket_arns.get(purpose) or self._one("storage", "bucketArns", purpose)

    @cached_property
    def database(self) -> dict[str, pulumi.Output[str]]:
        """Environment variables that say where the database is."""
        given = self._settings.database
        told = {
            "DATABASE_HOST": (given.endpoint, "clusterEndpoint"),
            "DATABASE_NAME": (given.name, "databaseName"),
            "DATABASE_PORT": (given.port, "port"),
            "DATABASE_READER_HOST": (given.reader_endpoint, "readerEndpoint"),
        }
        values = {
            name: pulumi.Output.from_input(self._of("database-rds")[output] if value is None else value).apply(str)
            for name, (value, output) in told.items()
        }
        reader, host = values["DATABASE_READER_HOST"], values["DATABASE_HOST"]
        # A database without readers has no address for them; then its own will do.
        values["DATABASE_READER_HOST"] = pulumi.Output.all(reader, host).apply(lambda both: both[0] or both[1])
        return values

    @cached_property
    def database_secret_arn(self) -> pulumi.Input[str]:
        return self._settings.database.secret_arn or self._of("database-rds")["secretArn"]

    def _of(self, stack: str) -> Reference:
        if stack not in self._stacks:
            self._stacks[stack] = reference(stack)
        return self._stacks[stack]

    def _one(self, stack: str, output: str, name: str) -> pulumi.Output[str]:
        """One entry of an output that is a map."""

        def pick(entries: dict[str, Any]) -> str:
            if name not in entries:
                known = ", ".join(sorted(entries)) or "none"
                raise pulumi.RunError(f"the output '{output}' of {stack} has no '{name}'; it has {known}")
            return str(entries[name])

        return self._of(stack)[output].apply(pick)
