"""A managed node group: EC2 instances that EKS makes, drains and replaces, from a launch template of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import ec2, eks, iam

from cloud_stack import Context, Limit, allow, auto, document, standard_tags
from src.configuration import NodesConfig, architecture

# AWS's own policies for nodes: it documents no narrower ones.
MANAGED_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
SESSION_MANAGER = "AmazonSSMManagedInstanceCore"
IMAGES = {"arm64": "AL2023_ARM_64_STANDARD", "x86_64": "AL2023_x86_64_STANDARD"}
ROOT_DEVICE = "/dev/xvda"
"""Of Amazon Linux 2023."""
UNAVAILABLE_PERCENT = 33
"""So much of the group may be replaced at the same time."""


@dataclass(frozen=True, slots=True)
class NodesArgs:
    """Instances carry ``security_group_ids`` and no others, so the cluster's own has to be among them."""

    context: Context
    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    kms_key_arn: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_group_ids: Sequence[pulumi.Input[str]]
    settings: NodesConfig


class Nodes(pulumi.ComponentResource):
    """Role, launch template (IMDSv2, encrypted volumes) and node group."""

    def __init__(self, name: str, args: NodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:services-eks:Nodes", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        role, permissions = self._create_role(args)
        template = self._create_template(args)
        eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            version=args.kubernetes_version,
            node_role_arn=role.arn,
            subnet_ids=args.subnet_ids,
            ami_type=IMAGES[architecture(settings.instance_types[0])],
            instance_types=list(settings.instance_types),
            capacity_type=settings.capacity.replace("-", "_").upper(),
            scaling_config={
                "min_size": settings.min_size,
                "desired_size": settings.desired_size,
                "max_size": settings.max_size,
            },
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            update_config={"max_unavailable_percentage": UNAVAILABLE_PERCENT},
            labels=dict(settings.labels) or None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
        )
        self.register_outputs({})

    def _create_role(self, args: NodesArgs) -> tuple[iam.Role, list[pulumi.Resource]]:
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        role = iam.Role(
            args.context.name("nodes", limit=auto(Limit.IAM_ROLE)),
            description="Nodes of the Kubernetes cluster",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "ec2.amazonaws.com"})),
            opts=self._child,
        )
        policies = (*MANAGED_POLICIES, SESSION_MANAGER) if args.settings.session_manager else MANAGED_POLICIES
        permissions: list[pulumi.Resource] = [
            iam.RolePolicyAttachment(
                policy, role=role.name, policy_arn=f"arn:{partition}:iam::aws:policy/{policy}", opts=self._child
            )
            for policy in policies
        ]
        return role, permissions

    def _create_template(self, args: NodesArgs) -> ec2.LaunchTemplate:
        launched = {**standard_tags(), "Name": args.context.name("nodes")}  # default tags do not reach what is launched
        return ec2.LaunchTemplate(
            args.context.name("nodes", limit=auto(Limit.LAUNCH_TEMPLATE)),
            description="Nodes of the Kubernetes cluster",
            update_default_version=True,
            vpc_security_group_ids=list(args.security_group_ids),
            block_device_mappings=[
                {
                    "device_name": ROOT_DEVICE,
                    "ebs": {
                        "encrypted": "true",
                        "kms_key_id": args.kms_key_arn,
                        "volume_size": args.settings.volume_gib,
                        "volume_type": "gp3",
                        "delete_on_termination": "true",
                    },
                }
            ],
            # One hop: what runs in a pod doesn't reach the node's credentials.
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            monitoring={"enabled": args.settings.detailed_monitoring},
            tag_specifications=[{"resource_type": kind, "tags": launched} for kind in ("instance", "volume")],
            opts=self._child,
        )
