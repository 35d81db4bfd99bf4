"""S3."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from cloud_local.provider.assets import contents
from cloud_local.provider.model import ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import from_aws, text, to_aws
from cloud_local.provider.types.notation import row


def _location(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    arguments.pop("BucketNamespace", None)
    if operation == "create_bucket" and scene.region != "us-east-1":
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": scene.region}


def _empty_bucket(scene: Scene) -> None:
    """With `forceDestroy` everything inside goes first, every version of it."""
    if not scene.properties.get("forceDestroy"):
        return
    for page in scene.connection.pages("s3", "list_object_versions", {"Bucket": scene.id}, scene.region):
        versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in versions]
        if objects:
            scene.call("delete_objects", {"Bucket": scene.id, "Delete": {"Objects": objects, "Quiet": True}})


_INLINE: Final = ("versioning", "serverSideEncryptionConfiguration", "policy")
"""Settings a Bucket takes itself, beside the resources of their own that pulumi-aws 7 recommends."""


def _inline_settings(scene: Scene) -> None:
    properties, bucket = scene.properties, {"Bucket": scene.id}
    if "versioning" in properties and (not scene.old or "versioning" in scene.changed):
        status = "Enabled" if properties["versioning"].get("enabled") else "Suspended"
        if status == "Enabled" or scene.old:
            scene.call("put_bucket_versioning", {**bucket, "VersioningConfiguration": {"Status": status}})
    encryption = properties.get("serverSideEncryptionConfiguration")
    if encryption and (not scene.old or "serverSideEncryptionConfiguration" in scene.changed):
        shape = scene.connection.model("s3", "put_bucket_encryption").input_shape
        configuration = to_aws(shape.members["ServerSideEncryptionConfiguration"], encryption)
        scene.call("put_bucket_encryption", {**bucket, "ServerSideEncryptionConfiguration": configuration})
    if properties.get("policy") and (not scene.old or "policy" in scene.changed):
        scene.call("put_bucket_policy", {**bucket, "Policy": text(properties["policy"])})


def _live_settings(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    bucket: dict[str, Any] = {"Bucket": scene.id}
    live: dict[str, Any] = {}
    versioning = scene.call("get_bucket_versioning", bucket)
    live["versioning"] = {"enabled": versioning.get("Status") == "Enabled"}
    policy = scene.ask("get_bucket_policy", bucket)
    live["policy"] = (policy or {}).get("Policy")
    encryption = scene.ask("get_bucket_encryption", bucket)
    if encryption:
        rules = encryption["ServerSideEncryptionConfiguration"]["Rules"]
        declared = scene.schema.outputs["serverSideEncryptionConfiguration"]
        live["serverSideEncryptionConfiguration"] = from_aws(declared, {"Rule": rules})
    return live


def _everywhere(_scene: Scene, _operation: str, arguments: dict[str, Any]) -> None:
    """A lifecycle rule without a filter means all objects."""
    for rule in arguments.get("LifecycleConfiguration", {}).get("Rules", ()):
        if "Filter" not in rule and "Prefix" not in rule:
            rule["Filter"] = {"Prefix": ""}


def _logging_status(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """Logging is switched off by an empty status; there is no deletion."""
    if operation == "put_bucket_logging":
        names = ("targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat")
        target = {name: scene.properties[name] for name in names if name in scene.properties}
        shape = scene.connection.model("s3", operation).input_shape.members["BucketLoggingStatus"]
        status = to_aws(shape.members["LoggingEnabled"], {"targetPrefix": "", **target})
        arguments["BucketLoggingStatus"] = {"LoggingEnabled": status}


def _restart_logging(scene: Scene) -> None:
    arguments = {"Bucket": scene.properties["bucket"]}
    _logging_status(scene, "put_bucket_logging", arguments)
    scene.call("put_bucket_logging", arguments)


def _stop_logging(scene: Scene) -> None:
    if scene.ask("get_bucket_logging", {"Bucket": scene.id}) is not None:
        scene.call("put_bucket_logging", {"Bucket": scene.id, "BucketLoggingStatus": {}})


def _suspend_versioning(scene: Scene) -> None:
    """Versioning can't be removed; Terraform suspends it."""
    if scene.ask("get_bucket_versioning", {"Bucket": scene.id}) is not None:
        suspended = {"Bucket": scene.id, "VersioningConfiguration": {"Status": "Suspended"}}
        scene.call("put_bucket_versioning", suspended)


def _object_body(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation != "put_object":
        return
    properties = scene.properties
    if properties.get("source") is not None:
        arguments["Body"] = contents(properties["source"])
    elif properties.get("contentBase64") is not None:
        arguments["Body"] = base64.b64decode(properties["contentBase64"])
    else:
        arguments["Body"] = str(properties.get("content", "")).encode()
    all_tags = properties.get("tagsAll")
    if all_tags:
        arguments["Tagging"] = urlencode(all_tags)


def _object_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    bucket, key = scene.properties["bucket"], scene.properties["key"]
    return {
        "bucket": bucket,
        "key": key,
        "etag": str(found.get("ETag", "")).strip('"'),
        "storageClass": found.get("StorageClass", "STANDARD"),
        "arn": f"arn:{scene.connection.partition(scene.region)}:s3:::{bucket}/{key}",
    }


def _setting(create: str, read: str, delete: str = "", **rest: Any) -> ResourceType:
    """A row for one setting of a bucket, which lives under the bucket's name."""
    rest.setdefault("updates", [Update(create, on_create=False, whole=True)])
    return row("s3", create, "{bucket}", {"Bucket": "{bucket}"}, [read], delete=delete, taggable=False, **rest)


_CONTENT: Final = ("source", "content", "contentBase64", "sourceHash")

_HEADERS: Final = (
    *("acl", "bucketKeyEnabled", "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage"),
    *("contentType", "kmsKeyId", "metadata", "serverSideEncryption", "storageClass", "websiteRedirect"),
)

_VERSIONING: Final = _setting(
    "put_bucket_versioning",
    "get_bucket_versioning",
    outputs={"bucket": "{bucket}"},
    enrich=lambda scene, found: {
        "versioningConfiguration": from_aws(scene.schema.outputs["versioningConfiguration"], found)
    },
    unread=["mfa"],
    deleted="Status != 'Enabled'",
    deleting=_suspend_versioning,
)
_ENCRYPTION: Final = _setting(
    "put_bucket_encryption",
    "get_bucket_encryption ServerSideEncryptionConfiguration",
    "delete_bucket_encryption",
    rename={"rules": "ServerSideEncryptionConfiguration"},
    outputs={"bucket": "{bucket}"},
    enrich=lambda scene, found: {"rules": from_aws(scene.schema.outputs["rules"], found.get("Rules"))},
    # Without a rule of its own a bucket has AWS's own encryption.
    deleted="Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm == 'AES256'",
)
_LIFECYCLE: Final = _setting(
    "put_bucket_lifecycle_configuration",
    "get_bucket_lifecycle_configuration",
    "delete_bucket_lifecycle",
    rename={"rules": "LifecycleConfiguration"},
    outputs={"bucket": "{bucket}"},
    provider_only=["timeouts"],
    prepare=_everywhere,
    enrich=lambda scene, found: {"rules": from_aws(scene.schema.outputs["rules"], found.get("Rules"))},
)
_LOGGING: Final = _setting(
    "put_bucket_logging",
    "get_bucket_logging LoggingEnabled",
    by_hook=["targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat"],
    outputs={"bucket": "{bucket}"},
    updates=[],
    prepare=_logging_status,
    updated=_restart_logging,
    deleting=_stop_logging,
)
_OBJECT: Final = row(
    "s3",
    "put_object",
    "{bucket}/{key}",
    {"Bucket": "{bucket}", "Key": "{key}"},
    ["head_object"],
    delete="delete_object",
    rename={"kmsKeyId": "SSEKMSKeyId", "websiteRedirect": "WebsiteRedirectLocation", "acl": "ACL"},
    provider_only=["forceDestroy", "overrideProvider"],
    by_hook=_CONTENT,
    unread=[*_CONTENT, "acl", "etag"],
    sticky=["etag", "contentType", "storageClass", "serverSideEncryption", "bucketKeyEnabled", "kmsKeyId"],
    auto_name=AutoName("key", longest=1024, unique=False),
    prepare=_object_body,
    enrich=_object_facts,
    updates=[Update("put_object", (*_CONTENT, *_HEADERS), on_create=False, whole=True)],
)

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:s3/bucket:Bucket": row(
        "s3",
        "create_bucket",
        "{bucket}",
        {"Bucket": "{id}"},
        ["head_bucket"],
        delete="delete_bucket",
        provider_only=["forceDestroy", "bucketPrefix"],
        outputs={
            "bucket": "{id}",
            "arn": "arn:{partition}:s3:::{id}",
            "bucketDomainName": "{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{id}.s3.{region}.amazonaws.com",
        },
        auto_name=AutoName("bucket", longest=63, transform=str.lower),
        by_hook=_INLINE,
        sticky=_INLINE,
        prepare=_location,
        enrich=_live_settings,
        created=_inline_settings,
        updated=_inline_settings,
        deleting=_empty_bucket,
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _VERSIONING,
    "aws:s3/bucketVersioningV2:BucketVersioningV2": _VERSIONING,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _ENCRYPTION,
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": _ENCRYPTION,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _LIFECYCLE,
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": _LIFECYCLE,
    "aws:s3/bucketLogging:BucketLogging": _LOGGING,
    "aws:s3/bucketLoggingV2:BucketLoggingV2": _LOGGING,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _setting(
        "put_public_access_block",
        "get_public_access_block PublicAccessBlockConfiguration",
        "delete_public_access_block",
        body="PublicAccessBlockConfiguration",
        provider_only=["skipDestroy"],
        outputs={"bucket": "{bucket}"},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _setting(
        "put_bucket_ownership_controls",
        "get_bucket_ownership_controls OwnershipControls",
        "delete_bucket_ownership_controls",
        rename={"rule": "OwnershipControls"},
        outputs={"bucket": "{bucket}"},
        enrich=lambda scene, found: {"rule": from_aws(scene.schema.outputs["rule"], found.get("Rules"))},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _setting(
        "put_bucket_policy", "get_bucket_policy", "delete_bucket_policy", outputs={"bucket": "{bucket}"}
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _setting(
        "put_bucket_cors",
        "get_bucket_cors",
        "delete_bucket_cors",
        rename={"corsRules": "CORSConfiguration"},
        outputs={"bucket": "{bucket}"},
        enrich=lambda scene, found: {"corsRules": from_aws(scene.schema.outputs["corsRules"], found.get("CORSRules"))},
    ),
    "aws:s3/bucketObject:BucketObject": _OBJECT,
    "aws:s3/bucketObjectv2:BucketObjectv2": _OBJECT,
}
