"""A CloudTrail trail, its bucket and its key."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudtrail, kms, s3

from cloud_stack import Context, Limit, Place, Statement, allow, deny, document
from src.configuration import CloudTrailConfig
from src.keys import THIS_KEY, account_access

SERVICE = {"Service": "cloudtrail.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class TrailArgs:
    """``context`` names the resources."""

    context: Context
    settings: CloudTrailConfig


class Trail(pulumi.ComponentResource):
    """Management events, with log file validation, encrypted by a key that only CloudTrail writes with."""

    def __init__(self, name: str, args: TrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:security:Trail", name, None, opts)
        self._settings = args.settings
        self._child = pulumi.ResourceOptions(parent=self)
        self._place = Place.of_provider(self)
        self._name = args.context.name("trail", limit=Limit.TRAIL)
        # Known before the trail exists, so that key and bucket can name the one trail they serve.
        self._source = {"aws:SourceArn": self._place.arn("cloudtrail", f"trail/{self._name}")}

        key = self._create_key()
        bucket, policy = self._create_bucket(args.context.global_name("trail"), key)
        cloudtrail.Trail(
            "trail",
            name=self._name,
            s3_bucket_name=bucket.bucket,
            kms_key_id=key.arn,
            is_multi_region_trail=args.settings.multi_region,
            include_global_service_events=args.settings.multi_region,
            enable_log_file_validation=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})

    def _create_key(self) -> kms.Key:
        key = kms.Key(
            "trail",
            description=f"CloudTrail logs of {self._name}",
            enable_key_rotation=True,
            policy=document(account_access(self._place), self._key_use()),
            opts=self._child,
        )
        kms.Alias("trail", name=f"alias/{self._name}", target_key_id=key.key_id, opts=self._child)
        return key

    def _key_use(self) -> Statement:
        return allow(
            "kms:GenerateDataKey",
            "kms:DescribeKey",
            on=THIS_KEY,
            principals=SERVICE,
            when={"StringEquals": self._source},
            sid="Trail",
        )

    def _create_bucket(self, bucket_name: str, key: kms.Key) -> tuple[s3.Bucket, s3.BucketPolicy]:
        bucket = s3.Bucket("trail", bucket=bucket_name, force_destroy=self._settings.force_destroy, opts=self._child)
        access = s3.BucketPublicAccessBlock(
            "trail",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        s3.BucketVersioning(
            "trail", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=self._child
        )
        s3.BucketServerSideEncryptionConfiguration(
            "trail",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._child,
        )
        s3.BucketLifecycleConfiguration(
            "trail",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "retention",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": self._settings.retention_days},
                    "noncurrent_version_expiration": {"noncurrent_days": 1},
                }
            ],
            opts=self._child,
        )
        policy = s3.BucketPolicy(
            "trail",
            bucket=bucket.bucket,
            policy=document(
                deny(
                    "s3:*",
                    on=[bucket.arn, bucket.arn.apply("{}/*".format)],
                    principals={"*": "*"},
                    when={"Bool": {"aws:SecureTransport": "false"}},
                    sid="TlsOnly",
                ),
                allow(
                    "s3:GetBucketAcl",
                    on=[bucket.arn],
                    principals=SERVICE,
                    when={"StringEquals": self._source},
                    sid="TrailChecks",
                ),
                allow(
                    "s3:PutObject",
                    on=[bucket.arn.apply(lambda arn: f"{arn}/AWSLogs/{self._place.account}/*")],
                    principals=SERVICE,
                    when={"StringEquals": {**self._source, "s3:x-amz-acl": "bucket-owner-full-control"}},
                    sid="TrailWrites",
                ),
            ),
            # S3 refuses two changes of one bucket's access at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )
        return bucket, policy
