"""The launch template: what every instance of the group is."""

from __future__ import annotations

import base64

import pulumi
from pulumi_aws import ec2

from cloud_stack import Context, Limit, auto, standard_tags
from src.configuration import ComputeEc2Config


def create_template(
    context: Context,
    settings: ComputeEc2Config,
    *,
    kms_key_arn: pulumi.Input[str],
    security_group_id: pulumi.Input[str],
    instance_profile_arn: pulumi.Input[str],
) -> ec2.LaunchTemplate:
    """IMDSv2 without a second hop, an encrypted volume, no public address."""
    launched = {**standard_tags(), "Name": context.name("instance")}  # default tags do not reach what is launched
    return ec2.LaunchTemplate(
        context.name("instances", limit=auto(Limit.LAUNCH_TEMPLATE)),
        description="Instances of the auto scaling group",
        update_default_version=True,
        image_id=settings.image,
        instance_type=settings.instance_type,
        iam_instance_profile={"arn": instance_profile_arn},
        network_interfaces=[
            {
                "device_index": 0,
                "associate_public_ip_address": "false",
                "delete_on_termination": "true",
                "security_groups": [security_group_id],
            }
        ],
        block_device_mappings=[
            {
                "device_name": settings.volume.device_name,
                "ebs": {
                    "encrypted": "true",
                    "kms_key_id": kms_key_arn,
                    "volume_size": settings.volume.size_gib,
                    "volume_type": "gp3",
                    "delete_on_termination": "true",
                },
            }
        ],
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        monitoring={"enabled": settings.detailed_monitoring},
        user_data=base64.b64encode(settings.user_data.encode()).decode() or None,
        # The group tags its instances itself, and nothing else of theirs.
        tag_specifications=[{"resource_type": "volume", "tags": launched}],
    )
