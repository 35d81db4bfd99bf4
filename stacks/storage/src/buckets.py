"""An S3 bucket as every bucket should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import s3

from cloud_stack import deny, document
from src.configuration import BucketConfig


@dataclass(frozen=True, slots=True)
class SecureBucketArgs:
    """``bucket`` is the physical name, unique across AWS."""

    bucket: str
    kms_key_arn: pulumi.Input[str]
    settings: BucketConfig


class SecureBucket(pulumi.ComponentResource):
    """A bucket with versions, encrypted by a KMS key, reached by TLS only, public to no one, that cleans up after itself."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: SecureBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:storage:SecureBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = s3.Bucket(name, bucket=args.bucket, force_destroy=args.settings.force_destroy, opts=child)
        access = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        versioning = s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.kms_key_arn,
                    },
                    "bucket_key_enabled": True,  # one call to KMS for many objects
                }
            ],
            opts=child,
        )
        s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=document(
                deny(
                    "s3:*",
                    on=[bucket.arn, bucket.arn.apply("{}/*".format)],
                    principals={"*": "*"},
                    when={"Bool": {"aws:SecureTransport": "false"}},
                    sid="TlsOnly",
                )
            ),
            # S3 refuses two changes of one bucket's access at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[lifecycle_rule(args.settings)],
            # Rules about old versions mean something only where there are versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        self.name, self.arn = bucket.bucket, bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def lifecycle_rule(settings: BucketConfig) -> dict[str, Any]:
    """The one rule of a bucket: what happens to its objects as they age."""
    rule: dict[str, Any] = {
        "id": "ageing",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrent_version_expiration": {"noncurrent_days": settings.old_versions_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": settings.abort_uploads_days},
    }
    transitions = [
        {"days": days, "storage_class": storage_class}
        for days, storage_class in (
            (settings.infrequent_access_days, "STANDARD_IA"),
            (settings.archive_days, "GLACIER"),
        )
        if days is not None
    ]
    if transitions:
        rule["transitions"] = transitions
    if settings.expire_days is not None:
        rule["expiration"] = {"days": settings.expire_days}
    return rule
