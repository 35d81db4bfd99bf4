"""Who may use the cluster: access entries, instead of a configuration inside of the cluster that only its maker can edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import eks

from src.configuration import AccessConfig


@dataclass(frozen=True, slots=True)
class AccessArgs:
    """``entries`` by names that stand in Pulumi's state and nowhere else."""

    cluster_name: pulumi.Input[str]
    entries: Mapping[str, AccessConfig]


class Access(pulumi.ComponentResource):
    """An entry per principal, and what each may do."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-eks:Access", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        for who, settings in args.entries.items():
            entry = eks.AccessEntry(
                who,
                cluster_name=args.cluster_name,
                principal_arn=settings.principal_arn,
                kubernetes_groups=list(settings.kubernetes_groups) or None,
                opts=child,
            )
            for policy, namespaces in settings.policies.items():
                scope = {"type": "namespace", "namespaces": list(namespaces)} if namespaces else {"type": "cluster"}
                eks.AccessPolicyAssociation(
                    f"{who}-{policy}",
                    cluster_name=args.cluster_name,
                    principal_arn=entry.principal_arn,
                    policy_arn=f"arn:{partition}:eks::aws:cluster-access-policy/{policy}",
                    access_scope=scope,
                    opts=child,
                )
        self.register_outputs({})
