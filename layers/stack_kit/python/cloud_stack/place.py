"""Where the stack's AWS provider acts: what ARNs and conditions are made of."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, slots=True)
class Place:
    """``partition`` as in ARNs (``aws``, ``aws-cn``, …), ``region``, and ``account`` in twelve digits."""

    partition: str
    region: str
    account: str

    @classmethod
    def of_provider(cls, parent: pulumi.Resource | None = None) -> Place:
        """Ask the provider that ``parent`` uses, else the stack's own. Needs ``pulumi_aws``, as only AWS stacks have it."""
        import pulumi_aws as aws

        calls = pulumi.InvokeOptions(parent=parent)
        return cls(
            partition=aws.get_partition(opts=calls).partition,
            region=aws.get_region(opts=calls).region,
            account=aws.get_caller_identity(opts=calls).account_id,
        )

    @property
    def root(self) -> str:
        """The ARN of the account itself, as policies name everybody in it."""
        return self.global_arn("iam", "root")

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a regional resource of this account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account that is of no region."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"

    def via(self, service: str) -> dict[str, str]:
        """A condition on KMS keys: only through this service."""
        return {"kms:ViaService": f"{service}.{self.region}.amazonaws.com"}
