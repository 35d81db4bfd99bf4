"""EKS's add-ons: what runs in the cluster and is kept up to date by EKS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from src.configuration import AddonConfig

DNS = "coredns"
DNS_ON_FARGATE = json.dumps({"computeType": "Fargate"})
"""Left alone, CoreDNS asks for nodes; where there are none the cluster is without DNS."""


@dataclass(frozen=True, slots=True)
class AddonsArgs:
    """``capacity`` is where the add-ons' pods run; an add-on without any never becomes active."""

    cluster_name: pulumi.Input[str]
    addons: Mapping[str, AddonConfig]
    on_fargate_alone: bool
    capacity: Sequence[pulumi.Resource]


class Addons(pulumi.ComponentResource):
    """The add-ons, each after the capacity that it needs."""

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-eks:Addons", name, None, opts)
        for addon, settings in args.addons.items():
            values = settings.values
            if values is None and addon == DNS and args.on_fargate_alone:
                values = DNS_ON_FARGATE
            eks.Addon(
                addon,
                cluster_name=args.cluster_name,
                addon_name=addon,
                addon_version=settings.version,
                configuration_values=values,
                service_account_role_arn=settings.role_arn,
                # EKS has put its own copy of some of them into the cluster already.
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.capacity)),
            )
        self.register_outputs({})
