"""The storage stack: reads the configuration, builds the components, exports the outputs."""

from src.backups import Backups, BackupsArgs
from src.buckets import SecureBucket, SecureBucketArgs
from src.configuration import StorageConfig
from src.file_system import FileSystem, FileSystemArgs

from cloud_stack import context, export_outputs, load, reference

settings = load(StorageConfig)
here = context()
network, security = reference("network"), reference("security")
kms_key_arn = settings.kms_key_arn or security["kmsKeyArn"]

buckets = {
    purpose: SecureBucket(
        purpose,
        SecureBucketArgs(bucket=here.global_name(purpose), kms_key_arn=kms_key_arn, settings=bucket_settings),
    )
    for purpose, bucket_settings in settings.buckets.items()
}

file_system = None
if settings.file_system.enabled:
    file_system = FileSystem(
        "files",
        FileSystemArgs(
            prefix=here.name("files", limit=55),
            kms_key_arn=kms_key_arn,
            vpc_id=settings.file_system.vpc_id or network["vpcId"],
            subnet_ids=settings.file_system.subnet_ids
            or [network["privateSubnetIds"][index] for index in range(settings.file_system.mount_targets)],
            client_security_group_id=settings.file_system.client_security_group_id or security["appSecurityGroupId"],
            settings=settings.file_system,
        ),
    )

if settings.backup.enabled:
    Backups(
        "backups",
        BackupsArgs(
            context=here,
            kms_key_arn=kms_key_arn,
            resource_arns=[bucket.arn for bucket in buckets.values()] + ([file_system.arn] if file_system else []),
            settings=settings.backup,
        ),
    )

export_outputs(
    {
        "bucketNames": {purpose: bucket.name for purpose, bucket in buckets.items()},
        "bucketArns": {purpose: bucket.arn for purpose, bucket in buckets.items()},
        "fileSystemId": file_system.id if file_system else "",
    }
)
