"""One table, by customer and order."""

from __future__ import annotations

import pulumi
from pulumi_aws import dynamodb

from src.configuration import OrdersConfig


def create_table(name: str, kms_key_arn: pulumi.Input[str], settings: OrdersConfig) -> dynamodb.Table:
    """Paid by request, encrypted by the deployment's key, to be restored to any second of the last 35 days."""
    return dynamodb.Table(
        "orders",
        name=name,
        billing_mode="PAY_PER_REQUEST",
        hash_key="customer",
        range_key="order",
        attributes=[{"name": "customer", "type": "S"}, {"name": "order", "type": "S"}],
        server_side_encryption={"enabled": True, "kms_key_arn": kms_key_arn},
        point_in_time_recovery={"enabled": True},
        deletion_protection_enabled=settings.deletion_protection,
    )
