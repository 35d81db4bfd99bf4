"""The namespace in which services of the VPC find each other."""

from __future__ import annotations

import pulumi
from pulumi_aws import servicediscovery


def create_namespace(name: str, vpc_id: pulumi.Input[str]) -> servicediscovery.PrivateDnsNamespace:
    """A private DNS namespace of Cloud Map, with the hosted zone that it brings: ``app.{name}`` inside the VPC."""
    return servicediscovery.PrivateDnsNamespace(
        "namespace", name=name, vpc=vpc_id, description="Services of this deployment, inside the VPC"
    )
