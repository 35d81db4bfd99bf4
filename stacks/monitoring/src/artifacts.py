"""The bucket of what a canary brings back."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from cloud_stack import deny, document


@dataclass(frozen=True, slots=True)
class ArtifactsArgs:
    """``bucket`` is the physical name, unique across AWS."""

    bucket: str
    kms_key_arn: pulumi.Input[str]
    retention_days: int
    force_destroy: bool


class Artifacts(pulumi.ComponentResource):
    """Encrypted, reached by TLS only, public to no one, emptied by age. Without versions: nothing here is written twice."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ArtifactsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:monitoring:Artifacts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = s3.Bucket(name, bucket=args.bucket, force_destroy=args.force_destroy, opts=child)
        access = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
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
                    "bucket_key_enabled": True,
                }
            ],
            opts=child,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "ageing",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.retention_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
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
        self.name, self.arn = bucket.bucket, bucket.arn
        self.register_outputs({"name": self.name})
