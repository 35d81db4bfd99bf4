"""Keys, firewalls and trails, buckets: for every type a declaration, a change in place, a change that replaces."""

from __future__ import annotations

from tests.contract.aws_provider_harness import REGION
from tests.contract.aws_provider_world import ACCOUNT, RETAGGED, TAGGED, Case, policy, web_acl

CASES: tuple[Case, ...] = (
    Case(
        "aws:kms/key:Key",
        lambda w: {"description": "data", "enableKeyRotation": True, "deletionWindowInDays": 7, **TAGGED},
        lambda w: {"description": "logs", "enableKeyRotation": False, **RETAGGED},
        lambda w: {"keyUsage": "SIGN_VERIFY"},
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"targetKeyId": w.key.id},
        lambda w: {"targetKeyId": w.other_key.id},
        lambda w: {"name": "alias/other"},
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        lambda w: {**web_acl(), "description": "web", **TAGGED},
        lambda w: {"defaultAction": {"block": {}}, "rules": web_acl()["rules"][:1], **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        lambda w: {
            "resourceArn": w.web_acl["arn"],
            "logDestinationConfigs": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-web"],
        },
        lambda w: {"logDestinationConfigs": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-other"]},
        lambda w: {"resourceArn": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/other/1"},
    ),
    Case(
        "aws:cloudtrail/trail:Trail",
        lambda w: {
            "s3BucketName": w.logs_bucket.id,
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
            **TAGGED,
        },
        lambda w: {"isMultiRegionTrail": False, "enableLogging": False, **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:accessanalyzer/analyzer:Analyzer",
        lambda w: {"analyzerName": "account", "type": "ACCOUNT", **TAGGED},
        recorded=True,
    ),
    Case(
        "aws:s3/bucket:Bucket",
        lambda w: {"forceDestroy": True, **TAGGED},
        lambda w: {"forceDestroy": False, **RETAGGED},
        lambda w: {"bucket": "another-bucket"},
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        lambda w: {"versioningConfiguration": {"status": "Suspended"}},
        lambda w: {"bucket": "other"},
        stays=True,
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": w.key["arn"]},
                    "bucketKeyEnabled": True,
                }
            ],
        },
        lambda w: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {
            "bucket": w.bucket.id,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        lambda w: {"blockPublicAcls": False},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "noncurrentVersionExpiration": {"noncurrentDays": 90},
                    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
                },
                {"id": "logs", "status": "Enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 365}},
            ],
        },
        lambda w: {"rules": [{"id": "all", "status": "Enabled", "expiration": {"days": 10}}]},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {
            "bucket": w.bucket.id,
            "policy": policy("s3:GetObject", f"{w.bucket['arn']}/*", Principal={"AWS": "*"}),
        },
        lambda w: {"policy": policy("s3:ListBucket", w.bucket["arn"], Principal={"AWS": "*"})},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket.id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        lambda w: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": w.bucket.id, "targetBucket": w.logs_bucket.id, "targetPrefix": "access/"},
        lambda w: {"targetPrefix": "other/"},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        lambda w: {
            "bucket": w.bucket.id,
            "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["https://example.com"], "maxAgeSeconds": 60}],
        },
        lambda w: {"corsRules": [{"allowedMethods": ["PUT"], "allowedOrigins": ["https://example.com"]}]},
        lambda w: {"bucket": "other"},
    ),
    Case(
        "aws:s3/bucketObject:BucketObject",
        lambda w: {"bucket": w.bucket.id, "content": "hello", "contentType": "text/plain", **TAGGED},
        lambda w: {"content": "goodbye", **RETAGGED},
        lambda w: {"key": "other"},
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket.id, "key": "a/b.txt", "contentBase64": "aGVsbG8="},
        lambda w: {"contentBase64": "Z29vZGJ5ZQ=="},
        lambda w: {"key": "other"},
    ),
)
