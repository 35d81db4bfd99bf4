"""Pods without nodes: a Fargate profile says which namespaces' pods run so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import eks, iam

from cloud_stack import Context, Limit, allow, auto, document


@dataclass(frozen=True, slots=True)
class FargateArgs:
    """The subnets have to be private: Fargate takes no others."""

    context: Context
    cluster_name: pulumi.Output[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    namespaces: Sequence[str]


class Fargate(pulumi.ComponentResource):
    """The profile, and the role by which Fargate pulls images and writes logs for pods of this cluster."""

    def __init__(self, name: str, args: FargateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-eks:Fargate", name, None, opts)
        child, calls = pulumi.ResourceOptions(parent=self), pulumi.InvokeOptions(parent=self)
        partition = aws.get_partition(opts=calls).partition
        region = aws.get_region(opts=calls).region
        account = aws.get_caller_identity(opts=calls).account_id
        profiles = args.cluster_name.apply(
            lambda cluster: f"arn:{partition}:eks:{region}:{account}:fargateprofile/{cluster}/*"
        )
        role = iam.Role(
            args.context.name("fargate", limit=auto(Limit.IAM_ROLE)),
            description="Starts pods of the Kubernetes cluster on Fargate",
            assume_role_policy=document(
                allow(
                    "sts:AssumeRole",
                    on=[],
                    principals={"Service": "eks-fargate-pods.amazonaws.com"},
                    when={"ArnLike": {"aws:SourceArn": profiles}},
                )
            ),
            opts=child,
        )
        permission = iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=f"arn:{partition}:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy",
            opts=child,
        )
        eks.FargateProfile(
            name,
            cluster_name=args.cluster_name,
            pod_execution_role_arn=role.arn,
            subnet_ids=args.subnet_ids,
            selectors=[{"namespace": namespace} for namespace in args.namespaces],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({})
