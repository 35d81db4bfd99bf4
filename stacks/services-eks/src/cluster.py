"""The control plane: cluster, role, log group, and the identity provider by which pods take IAM roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import cloudwatch, eks, iam, vpc

from cloud_stack import Context, Limit, allow, auto, document
from src.configuration import ServicesEksConfig

HTTPS = 443
AUDIENCE = "sts.amazonaws.com"
"""What tokens of pods are made out to."""


@dataclass(frozen=True, slots=True)
class ClusterArgs:
    """``client_security_group_id`` is who reaches the private endpoint beside the cluster's own nodes and pods."""

    context: Context
    kms_key_arn: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    client_security_group_id: pulumi.Input[str]
    settings: ServicesEksConfig


class Cluster(pulumi.ComponentResource):
    """A cluster whose secrets are encrypted and whose users are named by access entries alone."""

    name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    oidc_provider_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-eks:Cluster", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        settings, logs = args.settings, args.settings.logs
        # EKS writes to a group of this name, and makes one that keeps everything for ever where there is none.
        physical = args.context.name("kubernetes", limit=Limit.EKS_CLUSTER)
        group = cloudwatch.LogGroup(
            name,
            name=f"/aws/eks/{physical}/cluster",
            retention_in_days=logs.retention_days,
            kms_key_id=logs.kms_key_arn,
            opts=self._child,
        )
        role, permission = self._create_role(args.context)
        network = {"service_ipv4_cidr": str(settings.service_cidr)} if settings.service_cidr else None
        cluster = eks.Cluster(
            name,
            name=physical,
            role_arn=role.arn,
            version=settings.kubernetes_version,
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": settings.endpoint.public,
                **(
                    {"public_access_cidrs": [str(cidr) for cidr in settings.endpoint.public_cidrs]}
                    if settings.endpoint.public
                    else {}
                ),
            },
            # Whoever deploys is no administrator for ever by having deployed: who may use the cluster is configured.
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            encryption_config={"provider": {"key_arn": args.kms_key_arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(logs.types),
            kubernetes_network_config=network,
            upgrade_policy={"support_type": "EXTENDED" if settings.extended_support else "STANDARD"},
            deletion_protection=settings.deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group, permission]),
        )
        self.name, self.endpoint = cluster.name, cluster.endpoint
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        vpc.SecurityGroupIngressRule(
            f"{name}-api-from-app",
            security_group_id=self.security_group_id,
            referenced_security_group_id=args.client_security_group_id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="The Kubernetes API from the applications",
            opts=self._child,
        )
        provider = iam.OpenIdConnectProvider(
            name,
            url=cluster.identities[0].oidcs[0].issuer,
            client_id_lists=[AUDIENCE],
            opts=self._child,
        )
        self.oidc_provider_arn = provider.arn
        self.register_outputs({"name": self.name, "endpoint": self.endpoint})

    def _create_role(self, context: Context) -> tuple[iam.Role, iam.RolePolicyAttachment]:
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        role = iam.Role(
            context.name("kubernetes", limit=auto(Limit.IAM_ROLE)),
            description="The control plane of the Kubernetes cluster",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "eks.amazonaws.com"})),
            opts=self._child,
        )
        permission = iam.RolePolicyAttachment(
            "kubernetes",
            role=role.name,
            policy_arn=f"arn:{partition}:iam::aws:policy/AmazonEKSClusterPolicy",
            opts=self._child,
        )
        return role, permission
