"""Tags: the provider's defaults merged into every resource, ignored ones left alone, changes applied service by service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloud_local.provider.config import Settings
from cloud_local.provider.connection import NotEmulated
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import tag_list, tags_from

_PARAMETERS: Final = frozenset(
    {"Tags", "tags", "TagList", "TagsList", "TagSpecifications", "TagSet", "BackupVaultTags"}
)
TAG_MEMBERS: Final = _PARAMETERS | {"BackupPlanTags", "FileSystemTags", "UserPoolTags", "IdentityPoolTags", "AddTags"}


@dataclass(frozen=True)
class TagCalls:
    """How a service tags: operations to set, remove and list, and how each is told the resource."""

    tag: str
    untag: str
    read: str
    identity: Mapping[str, str]


_BY_ARN: Final = {"ResourceArn": "{arn}", "resourceArn": "{arn}", "ResourceARN": "{arn}", "Resource": "{arn}"}

SERVICES: Final[Mapping[str, TagCalls]] = {
    "ec2": TagCalls("create_tags", "delete_tags", "", {"Resources": "{id}"}),
    "kms": TagCalls("tag_resource", "untag_resource", "list_resource_tags", {"KeyId": "{keyId}"}),
    "wafv2": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "cloudtrail": TagCalls("add_tags", "remove_tags", "list_tags", {"ResourceId": "{arn}", "ResourceIdList": "{arn}"}),
    "efs": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", {"ResourceId": "{id}"}),
    "backup": TagCalls("tag_resource", "untag_resource", "list_tags", _BY_ARN),
    "logs": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "sns": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "sqs": TagCalls("tag_queue", "untag_queue", "list_queue_tags", {"QueueUrl": "{id}"}),
    "ssm": TagCalls(
        "add_tags_to_resource",
        "remove_tags_from_resource",
        "list_tags_for_resource",
        {"ResourceType": "Parameter", "ResourceId": "{name}"},
    ),
    "secretsmanager": TagCalls("tag_resource", "untag_resource", "", {"SecretId": "{id}"}),
    "dynamodb": TagCalls("tag_resource", "untag_resource", "list_tags_of_resource", _BY_ARN),
    "accessanalyzer": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "acm": TagCalls(
        "add_tags_to_certificate",
        "remove_tags_from_certificate",
        "list_tags_for_certificate",
        {"CertificateArn": "{id}"},
    ),
    "apigatewayv2": TagCalls("tag_resource", "untag_resource", "get_tags", _BY_ARN),
    "application-autoscaling": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "budgets": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "cloudwatch": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "cognito-identity": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "cognito-idp": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "ecr": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "ecs": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "eks": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "elbv2": TagCalls("add_tags", "remove_tags", "describe_tags", {"ResourceArns": "{id}"}),
    "events": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "lambda": TagCalls("tag_resource", "untag_resource", "list_tags", _BY_ARN),
    "rds": TagCalls(
        "add_tags_to_resource", "remove_tags_from_resource", "list_tags_for_resource", {"ResourceName": "{arn}"}
    ),
    "route53": TagCalls(
        "change_tags_for_resource",
        "change_tags_for_resource",
        "list_tags_for_resource",
        {"ResourceType": "hostedzone", "ResourceId": "{id}"},
    ),
    "scheduler": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "servicediscovery": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "signer": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
    "synthetics": TagCalls("tag_resource", "untag_resource", "list_tags_for_resource", _BY_ARN),
}
"""IAM and S3 name their calls by resource: see `_calls_of`."""


def merged(settings: Settings, declared: Mapping[str, Any] | None) -> dict[str, Any]:
    """All tags of a resource: the provider's defaults, overridden by its own."""
    return {**settings.default_tags, **(declared or {})}


def without_ignored(settings: Settings, tags: Mapping[str, str]) -> dict[str, str]:
    """Tags read back, without what the configuration ignores and what AWS itself puts there."""
    return {
        key: value
        for key, value in tags.items()
        if key not in settings.ignored_tags and not key.startswith(("aws:", *settings.ignored_tag_prefixes))
    }


def own(settings: Settings, declared: Mapping[str, Any], live: Mapping[str, str]) -> dict[str, str]:
    """The tags that a resource itself declares, seen from all its live tags: without the provider's defaults."""
    defaults = settings.default_tags
    return {
        key: value for key, value in live.items() if key in declared or key not in defaults or defaults[key] != value
    }


def parameter(scene: Scene, shape: Any, tags: Mapping[str, Any]) -> tuple[str, Any] | None:
    """(member, value) by which an operation takes tags; None where it doesn't."""
    member = next((name for name in shape.members if name in TAG_MEMBERS), None)
    if member is None:
        return None
    if member == "TagSpecifications":
        kinds = shape.members[member].member.members["ResourceType"].enum
        wanted = scene.row.tag_kind or _ec2_kind(scene.row.create, kinds)
        entries = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
        return member, [{"ResourceType": wanted, "Tags": entries}]
    return member, tag_list(shape.members[member], tags)


def _ec2_kind(create: str, kinds: list[str]) -> str:
    noun = create.partition("_")[2].replace("_", "-")
    return noun if noun in kinds else noun.removesuffix("s")


def apply(scene: Scene, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Bring a resource's tags from the old to the new ones.

    Raises:
        ClientError: AWS refuses.
    """
    if scene.row.service == "s3":
        _apply_s3(scene, new)
        return
    calls = _calls_of(scene)
    if calls is None:
        return
    gone = [key for key in old if key not in new]
    added = {key: value for key, value in new.items() if old.get(key) != value}
    try:
        if gone:
            _call(scene, calls, calls.untag, dict.fromkeys(gone, ""), keys_only=True)
        if added:
            _call(scene, calls, calls.tag, added)
    except NotEmulated as gap:
        scene.warn(f"{scene.schema.token}: tags are recorded but not applied: {gap}")


def _apply_s3(scene: Scene, new: Mapping[str, Any]) -> None:
    target = scene.fill(dict(scene.row.identity))
    kind = "object" if "Key" in target else "bucket"
    if new:
        entries = [{"Key": key, "Value": str(value)} for key, value in new.items()]
        scene.call(f"put_{kind}_tagging", {**target, "Tagging": {"TagSet": entries}})
    else:
        scene.call(f"delete_{kind}_tagging", target)


def _calls_of(scene: Scene) -> TagCalls | None:
    row = scene.row
    if row.service == "iam":
        noun = row.create.partition("_")[2]
        return TagCalls(f"tag_{noun}", f"untag_{noun}", f"list_{noun}_tags", row.identity)
    return SERVICES.get(row.service)


def _call(
    scene: Scene, calls: TagCalls, operation: str, tags: Mapping[str, Any], keys_only: bool = False
) -> dict[str, Any]:
    shape = scene.connection.model(scene.row.service, operation).input_shape
    known = {**scene.known, **{name: value for name, value in scene.live.items() if name not in scene.properties}}
    arguments: dict[str, Any] = {}
    for member, template in calls.identity.items():
        if member in shape.members:
            value = scene.fill(template) if "{" not in template else known.get(template.strip("{}")) or scene.id
            arguments[member] = [value] if shape.members[member].type_name == "list" else value
    parameters = {
        member: member_shape
        for member, member_shape in shape.members.items()
        if member not in arguments and "tag" in member.lower() and member_shape.type_name in ("list", "map")
    }
    keys = {name for name, item in parameters.items() if item.type_name == "list" and item.member.type_name == "string"}
    for member, member_shape in parameters.items():
        # One operation may take both (Route 53): keys are for removing, tags for setting.
        if len(parameters) == 1 or (member in keys) is keys_only:
            if member_shape.type_name == "list" and member_shape.member.type_name == "string":
                arguments[member] = list(tags)
            elif keys_only and member_shape.type_name == "list":  # EC2 and CloudTrail take keys as tags
                key_only = [{"Key": key} for key in tags]
                arguments[member] = key_only
            else:
                arguments[member] = tag_list(member_shape, tags)
    return scene.call(operation, arguments)


def read(scene: Scene, found: Mapping[str, Any]) -> dict[str, str]:
    """The live tags of a resource: from what was found, or by the service's own call."""
    settings = scene.connection.settings
    member = next((name for name in found if name in TAG_MEMBERS), None)
    if member is not None:
        return without_ignored(settings, tags_from(found[member]))
    if scene.row.service == "s3":
        target = scene.fill(dict(scene.row.identity))
        answer = scene.ask("get_object_tagging" if "Key" in target else "get_bucket_tagging", target)
        return without_ignored(settings, tags_from((answer or {}).get("TagSet")))
    calls = _calls_of(scene)
    if calls is None or not calls.read:
        return {}
    try:
        answer = _call(scene, calls, calls.read, {})
    except NotEmulated:  # nobody can tell; what is declared stands
        return {key: str(value) for key, value in (scene.properties.get("tagsAll") or {}).items()}
    return without_ignored(settings, tags_from(_first_tags(answer)))


def _first_tags(answer: Any) -> Any:
    for name, value in answer.items():
        if name == "ResponseMetadata":
            continue
        if "tag" in name.lower() and not (isinstance(value, dict) and "TagList" in value):
            if isinstance(value, list) and value and "TagsList" in value[0]:
                return value[0]["TagsList"]
            described = value[0] if isinstance(value, list) and value else value
            if isinstance(described, dict) and isinstance(described.get("Tags"), list):  # of Route 53 and ELB
                return described["Tags"]
            return value
        if isinstance(value, dict):
            return _first_tags(value)
        if isinstance(value, list) and value and isinstance(value[0], dict) and "TagsList" in value[0]:
            return value[0]["TagsList"]
    return None
