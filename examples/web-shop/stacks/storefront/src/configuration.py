"""What other stacks export, by placeholders of the manifest."""

from __future__ import annotations

from cloud_stack import Input, StackConfig


class StorefrontConfig(StackConfig):
    """The keys of the stack, as ``load`` reads them."""

    kms_key_arn: Input[str]
    api_endpoint: Input[str]
    issuer: Input[str]
    user_pool_id: Input[str]
    balancer: Input[str]
