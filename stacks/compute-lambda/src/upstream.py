"""What functions need of other stacks, asked of them only where no configuration key says it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pulumi

from cloud_stack import Reference, reference
from src.configuration import ComputeLambdaConfig


class Upstream:
    """Every answer is read at most once per output, and nothing is read that nobody asks for."""

    def __init__(self, settings: ComputeLambdaConfig) -> None:
        self._settings = settings
        self._stacks: dict[str, Reference] = {}

    @cached_property
    def kms_key_arn(self) -> pulumi.Input[str]:
        return self._settings.kms_key_arn or self._of("security")["kmsKeyArn"]

    @cached_property
    def subnet_ids(self) -> pulumi.Input[list[str]]:
        return self._settings.subnet_ids or self._of("network")["privateSubnetIds"]

    @cached_property
    def security_group_id(self) -> pulumi.Input[str]:
        return self._settings.security_group_id or self._of("security")["appSecurityGroupId"]

    def secret_arn(self, purpose: str) -> pulumi.Input[str]:
        """Fails the run for a secret that isn't there."""
        return self._settings.secret_arns.get(purpose) or self._one("secrets", "secretArns", purpose)

    def bucket_name(self, purpose: str) -> pulumi.Input[str]:
        """Fails the run for a bucket that isn't there."""
        return self._settings.bucket_names.get(purpose) or self._one("storage", "bucketNames", purpose)

    @cached_property
    def database(self) -> Mapping[str, pulumi.Input[str]]:
        """Environment variables that say where the database is, the same as in containers-apps."""
        given, stack = self._settings.database, "database-rds"
        port = given.port or self._of(stack)["port"]
        return {
            "DATABASE_HOST": given.endpoint or self._of(stack)["clusterEndpoint"],
            "DATABASE_NAME": given.name or self._of(stack)["databaseName"],
            "DATABASE_PORT": pulumi.Output.from_input(port).apply(str),
            "DATABASE_READER_HOST": given.reader_endpoint or self._of(stack)["readerEndpoint"],
        }

    @cached_property
    def database_secret_arn(self) -> pulumi.Input[str]:
        return self._settings.database.secret_arn or self._of("database-rds")["secretArn"]

    def _of(self, stack: str) -> Reference:
        if stack not in self._stacks:
            self._stacks[stack] = reference(stack)
        return self._stacks[stack]

    def _one(self, stack: str, output: str, name: str) -> pulumi.Output[str]:
        """One entry of an output that is a map."""

        def pick(entries: Mapping[str, Any]) -> str:
            if name not in entries:
                known = ", ".join(sorted(entries)) or "none"
                raise pulumi.RunError(f"the output '{output}' of {stack} has no '{name}'; it has {known}")
            return str(entries[name])

        return self._of(stack)[output].apply(pick)
