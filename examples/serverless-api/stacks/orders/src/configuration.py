"""What can be configured. By default a table that costs nothing while it is empty."""

from __future__ import annotations

from cloud_stack import Input, StackConfig


class OrdersConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them. ``kmsKeyArn`` stands in for the security stack's output."""

    kms_key_arn: Input[str] | None = None
    deletion_protection: bool = False
