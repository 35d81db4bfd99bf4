"""The compute-ec2 stack: reads the configuration, builds the components, exports the outputs."""

from src.buckets import arn_of
from src.configuration import ComputeEc2Config
from src.group import Group, GroupArgs
from src.identity import Identity, IdentityArgs
from src.template import create_template

from cloud_stack import context, export_outputs, load, reference

settings = load(ComputeEc2Config)
here = context()
network, security, storage = reference("network"), reference("security"), reference("storage")
kms_key_arn = settings.kms_key_arn or security["kmsKeyArn"]

identity = Identity(
    "identity",
    IdentityArgs(
        context=here,
        kms_key_arn=kms_key_arn,
        buckets=[
            (settings.bucket_arns.get(purpose) or arn_of(storage, purpose), access)
            for purpose, access in settings.bucket_access.items()
        ],
    ),
)

template = create_template(
    here,
    settings,
    kms_key_arn=kms_key_arn,
    security_group_id=settings.app_security_group_id or security["appSecurityGroupId"],
    instance_profile_arn=identity.profile_arn,
)

group = Group(
    "group",
    GroupArgs(
        context=here,
        template=template,
        subnet_ids=settings.subnet_ids or network["privateSubnetIds"],
        settings=settings,
    ),
)

export_outputs(
    {
        "asgName": group.name,
        "launchTemplateId": template.id,
        "instanceProfileArn": identity.profile_arn,
    }
)
