"""Where the provider acts: what ARNs and conditions are made of."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws


@dataclass(frozen=True, slots=True)
class Place:
    partition: str
    region: str
    account: str

    @classmethod
    def of_provider(cls) -> Place:
        """Ask the stack's provider."""
        return cls(
            partition=aws.get_partition().partition,
            region=aws.get_region().region,
            account=aws.get_caller_identity().account_id,
        )

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a regional resource of this account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account that is of no region."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"
