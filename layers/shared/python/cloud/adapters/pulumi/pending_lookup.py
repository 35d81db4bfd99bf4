"""Looks interrupted creations up in AWS, as the provider that was about to make them would: its region, role and endpoints.

It is careful: whatever can't be told for certain is unknown, and a person decides. AWS's lists lag behind (IAM and EC2 by
seconds, the tagging service by more), so absence is only believed when it is seen twice, with a pause between; where the
settings name an endpoint, which is how an emulated AWS is reached, nothing lags. Presence needs no second look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cloud.adapters.aws_errors import error_code, translated
from cloud.adapters.pulumi.checkpoint import PendingOperation
from cloud.adapters.pulumi.pending import Decision, Verdict
from cloud.adapters.pulumi.pending_kinds import DESCRIBED, GONE, NAMED, SETTINGS, TAGGED, TAGGED_EC2, ByName, ByTags
from cloud.adapters.pulumi.provider_door import ProviderDoor
from cloud.domain.errors import CloudError

LAG_SECONDS = 20.0
OWNERS = ("deployment", "stack")
"""The platform's tags that say whose a resource is; without them a look-up by tags proves nothing."""

_FILTER_VALUES = 200
"""EC2 takes no more in one filter."""


class AwsLookup:
    """``environment`` is that of the run's processes (credentials, endpoint, region); ``pause`` waits for that many seconds.

    ``lag_seconds`` is how long to wait before the second look at what seems to be absent; None: LAG_SECONDS in AWS itself.
    """

    def __init__(
        self, environment: Mapping[str, str], pause: Callable[[float], None], *, lag_seconds: float | None = None
    ) -> None:
        self._environment = environment
        self._pause = pause
        self._lag = lag_seconds
        self._doors: dict[str, ProviderDoor] = {}

    def __call__(self, pending: Sequence[PendingOperation]) -> list[Decision]:
        """See ``pending.Find``."""
        decisions = [self._look(each) for each in pending]
        doubtful = {index: self._lag_of(each) for index, each in enumerate(decisions)}
        if longest := max(doubtful.values(), default=0.0):
            self._pause(longest)
            for index in (index for index, lag in doubtful.items() if lag):
                decisions[index] = self._look(pending[index])
        return decisions

    def _lag_of(self, decision: Decision) -> float:
        if decision.verdict is not Verdict.ABSENT or decision.pending.type in SETTINGS:
            return 0.0
        if self._lag is not None:
            return self._lag
        return 0.0 if self._door(decision.pending).is_emulated else LAG_SECONDS

    def _door(self, pending: PendingOperation) -> ProviderDoor:
        key = repr((pending.provider, pending.inputs.get("region")))
        if key not in self._doors:
            region = str(pending.inputs.get("region") or "")
            self._doors[key] = ProviderDoor(self._environment, pending.provider, region=region)
        return self._doors[key]

    def _look(self, pending: PendingOperation) -> Decision:
        kind = pending.type
        if kind in SETTINGS:
            return Decision(pending, Verdict.ABSENT, "to create it again sets the same; there can't be two")
        if not (kind in NAMED or kind in TAGGED_EC2 or kind in TAGGED):
            return _unknown(pending, f"there is no look-up for {kind}")
        try:
            with translated(f"look for {kind}"):
                door = self._door(pending)
                if kind in NAMED:
                    return _by_name(pending, NAMED[kind], door)
                return _by_tags(pending, door)
        except CloudError as error:
            return _unknown(pending, error.message)


def _by_name(pending: PendingOperation, how: ByName, door: ProviderDoor) -> Decision:
    from botocore.exceptions import ClientError

    missing = sorted(each for each in {how.name, *_placeholders(how.arguments)} if not pending.inputs.get(each))
    if missing:
        return _unknown(pending, f"its inputs hold no {' and no '.join(missing)}")
    name = str(pending.inputs[how.name])
    try:
        ids = list(_ids(pending, how, door, name))
    except ClientError as error:
        if error_code(error) not in how.missing:
            raise
        ids = []
    if not ids:
        return Decision(pending, Verdict.ABSENT, f"AWS knows none with the {how.name} {name}")
    if len(ids) > 1:
        return _unknown(pending, f"{len(ids)} have the {how.name} {name}")
    if _is_foreign(pending, ids[0], door):
        return _unknown(pending, f"what has the {how.name} {name} carries the tags of something else")
    return Decision(pending, Verdict.FOUND, f"it has the {how.name} {name}", ids[0])


def _ids(pending: PendingOperation, how: ByName, door: ProviderDoor, name: str) -> Iterator[str]:
    import jmespath  # type: ignore[import-untyped]  # no stubs

    client = door.client(how.service)
    arguments = _filled(how.arguments, pending.inputs)
    if client.can_paginate(how.operation):
        answers = client.get_paginator(how.operation).paginate(**arguments)
    else:
        answers = [getattr(client, how.operation)(**arguments)]
    for answer in answers:
        for item in jmespath.search(how.items, answer) or () if how.items else [answer]:
            if how.name_member and item.get(how.name_member) != name:
                continue
            if any(member in item and (not gone or item[member] in gone) for member, gone in how.states.items()):
                continue
            yield str(item[how.id_member]) if how.id_member else name


def _is_foreign(pending: PendingOperation, physical_id: str, door: ProviderDoor) -> bool:
    """Whether what has the name says that it belongs to another deployment or stack.

    A name that somebody gave (an automatic one is nobody else's) may have been taken before: for most kinds the creation then
    fails, but S3, SQS and SNS answer it with what is there. What carries no such tags is taken for ours: the tags may not
    have been set yet.
    """
    if physical_id.startswith("arn:"):
        arn = physical_id
    elif pending.type == "aws:s3/bucket:Bucket":
        arn = f"arn:{_partition(door.region)}:s3:::{physical_id}"
    else:
        return False
    ours = _tags_of(pending, door)
    listed = door.client("resourcegroupstaggingapi").get_resources(ResourceARNList=[arn])["ResourceTagMappingList"]
    tags = {tag["Key"]: tag["Value"] for each in listed for tag in each["Tags"]}
    return any(key in tags and key in ours and tags[key] != ours[key] for key in OWNERS)


def _by_tags(pending: PendingOperation, door: ProviderDoor) -> Decision:
    tags = _tags_of(pending, door)
    missing = [key for key in OWNERS if key not in tags]
    if missing:
        return _unknown(pending, f"it has no tag {' and '.join(missing)} to look for")
    kind = pending.type
    if kind in TAGGED_EC2:
        listed, is_proof = list(_tagged_in_ec2(TAGGED_EC2[kind], tags, door)), True
    else:
        listed, is_proof = list(_tagged(TAGGED[kind], tags, door)), TAGGED[kind].is_proof
    # Fewer or more tags than ours make it another one's, or leave it open whose it is.
    same = [each for each, found in listed if found == tags and _is_there(kind, each, door)]
    if len(same) == 1:
        return Decision(pending, Verdict.FOUND, "it is the only one with its tags", same[0])
    if same:
        return _unknown(pending, f"{len(same)} have its tags: {', '.join(sorted(same))}")
    if not is_proof:
        return _unknown(pending, "none has its tags, but its kind may get them later")
    return Decision(pending, Verdict.ABSENT, "none has its tags, which are part of the creation")


def _is_there(kind: str, physical_id: str, door: ProviderDoor) -> bool:
    """Whether what is listed by its tags still exists; they are listed for some time after a deletion."""
    import jmespath
    from botocore.exceptions import ClientError

    how = DESCRIBED.get(kind)
    if how is None:
        return True
    given = physical_id if how.service == "kms" else [physical_id]
    try:
        answer = getattr(door.client(how.service), how.operation)(**{how.parameter: given})
    except ClientError as error:
        if "NotFound" not in error_code(error):
            raise
        return False
    items = jmespath.search(how.items, answer) or []
    return any(not how.state or jmespath.search(how.state, item) not in GONE for item in items)


def _tagged_in_ec2(prefix: str, tags: Mapping[str, str], door: ProviderDoor) -> Iterator[tuple[str, dict[str, str]]]:
    """(id, its tags) of what carries our tag ``deployment`` and has an id of that kind."""
    pages = door.client("ec2").get_paginator("describe_tags")

    def asked(**filters: list[str]) -> Iterator[Mapping[str, Any]]:
        named = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
        for page in pages.paginate(Filters=named):
            yield from page["Tags"]

    marked = asked(key=["deployment"], value=[tags["deployment"]])
    candidates = sorted({tag["ResourceId"] for tag in marked if tag["ResourceId"].startswith(prefix)})
    of_each: dict[str, dict[str, str]] = {candidate: {} for candidate in candidates}
    for start in range(0, len(candidates), _FILTER_VALUES):
        for tag in asked(resource_id=candidates[start : start + _FILTER_VALUES]):
            of_each[tag["ResourceId"]][tag["Key"]] = tag["Value"]
    for physical_id, found in of_each.items():
        yield physical_id, _own(found)


def _tagged(how: ByTags, tags: Mapping[str, str], door: ProviderDoor) -> Iterator[tuple[str, dict[str, str]]]:
    pages = door.client("resourcegroupstaggingapi").get_paginator("get_resources")
    wanted = [{"Key": key, "Values": [tags[key]]} for key in OWNERS]
    for page in pages.paginate(TagFilters=wanted, ResourceTypeFilters=[how.resource_type]):
        for each in page["ResourceTagMappingList"]:
            arn = each["ResourceARN"]
            # arn:partition:service:region:account:what
            what = arn.split(":", 5)[-1]
            if what.startswith(how.arn) or how.arn in arn:
                own = _own({tag["Key"]: tag["Value"] for tag in each["Tags"]})
                yield (arn if how.id_is_arn else arn.rpartition(how.arn)[2].split("/")[-1]), own


def _own(tags: Mapping[str, str]) -> dict[str, str]:
    """Without those that AWS itself puts there."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def _tags_of(pending: PendingOperation, door: ProviderDoor) -> dict[str, str]:
    """All tags of the creation: the provider's defaults, overridden by the resource's own."""
    merged = {**door.default_tags, **(pending.inputs.get("tags") or {}), **(pending.inputs.get("tagsAll") or {})}
    return {key: str(value) for key, value in merged.items()}


def _filled(template: Any, inputs: Mapping[str, Any]) -> Any:
    if isinstance(template, Mapping):
        return {key: _filled(part, inputs) for key, part in template.items()}
    if isinstance(template, (list, tuple)):
        return [_filled(part, inputs) for part in template]
    return inputs[template[1:-1]] if template.startswith("{") else template


def _placeholders(template: Any) -> Iterator[str]:
    if isinstance(template, Mapping):
        template = tuple(template.values())
    if isinstance(template, str):
        if template.startswith("{"):
            yield template[1:-1]
        return
    for part in template:
        yield from _placeholders(part)


def _partition(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _unknown(pending: PendingOperation, reason: str) -> Decision:
    return Decision(pending, Verdict.UNKNOWN, reason)
