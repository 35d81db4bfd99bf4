"""The look-ups, against the emulated AWS: what boto3 has made there is found, what it hasn't is not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from cloud.adapters.pulumi.checkpoint import PendingOperation
from cloud.adapters.pulumi.pending import Decision, Verdict
from cloud.adapters.pulumi.pending_kinds import DESCRIBED, NAMED, SETTINGS, TAGGED, TAGGED_EC2
from cloud.adapters.pulumi.pending_lookup import AwsLookup
from cloud_local.aws.server import EmulatedAws
from tests.unit.adapters.pulumi.aws_makers import MAKERS, TAGGERS, subnet, tagged_vpc

_numbers = itertools.count(1)
Look = Callable[..., Decision]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with EmulatedAws() as emulated:
        yield emulated


def creation(kind: str, inputs: Mapping[str, Any], **provider: Any) -> PendingOperation:
    return PendingOperation(
        f"urn:pulumi:dev::shop::{kind}::it",
        "creating",
        kind,
        inputs=inputs,
        provider={"region": "us-east-1", **provider},
    )


def unpaused(seconds: float) -> None:
    raise AssertionError("an emulated AWS doesn't lag")


@pytest.fixture(scope="module")
def look(aws: EmulatedAws) -> Look:
    """The decision about one creation."""
    find = AwsLookup(aws.environment, unpaused)

    def look(kind: str, inputs: Mapping[str, Any], **provider: Any) -> Decision:
        (decision,) = find([creation(kind, inputs, **provider)])
        return decision

    return look


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_name_is_absent_until_it_is_there(aws: EmulatedAws, look: Look, kind: str) -> None:
    make, identify = MAKERS[kind]
    name = f"{'alias/' if 'alias' in kind else ''}it{next(_numbers)}-x"
    inputs = {NAMED[kind].name: name}

    make(aws.client, f"{name}-longer")
    assert look(kind, inputs).verdict is Verdict.ABSENT
    made = make(aws.client, name)
    decision = look(kind, inputs)

    assert (decision.verdict, decision.id) == (Verdict.FOUND, identify(made) if identify else name)
    assert name in decision.reason


def test_a_security_group_is_looked_for_in_its_own_network(aws: EmulatedAws, look: Look) -> None:
    here, there = subnet(aws.client)[0], subnet(aws.client)[0]
    ec2 = aws.client("ec2")
    made = ec2.create_security_group(GroupName="web", Description="d", VpcId=here)["GroupId"]
    kind = "aws:ec2/securityGroup:SecurityGroup"

    assert look(kind, {"name": "web", "vpcId": here}).id == made
    assert look(kind, {"name": "web", "vpcId": there}).verdict is Verdict.ABSENT
    unnamed = look(kind, {"name": "web"})
    assert (unnamed.verdict, unnamed.reason) == (Verdict.UNKNOWN, "its inputs hold no vpcId")


def test_what_joins_two_resources_is_found_by_both(aws: EmulatedAws, look: Look) -> None:
    vpc, first = subnet(aws.client)
    ec2, efs = aws.client("ec2"), aws.client("efs")
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    files = efs.create_file_system(CreationToken=f"it{next(_numbers)}")["FileSystemId"]
    association = ("aws:ec2/routeTableAssociation:RouteTableAssociation", {"subnetId": first, "routeTableId": table})
    target = ("aws:efs/mountTarget:MountTarget", {"subnetId": first, "fileSystemId": files})

    assert look(*association).verdict is look(*target).verdict is Verdict.ABSENT
    associated = ec2.associate_route_table(RouteTableId=table, SubnetId=first)["AssociationId"]
    mounted = efs.create_mount_target(FileSystemId=files, SubnetId=first)["MountTargetId"]
    assert (look(*association).id, look(*target).id) == (associated, mounted)


def test_a_secret_that_is_being_deleted_is_there_no_more(aws: EmulatedAws, look: Look) -> None:
    secrets = aws.client("secretsmanager")
    name = f"it{next(_numbers)}"
    secrets.create_secret(Name=name)
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)

    assert look("aws:secretsmanager/secret:Secret", {"name": name}).verdict is Verdict.ABSENT


def test_a_bucket_with_the_tags_of_another_deployment_is_not_taken(aws: EmulatedAws, look: Look) -> None:
    name = f"it{next(_numbers)}-shared"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    ours = {"bucket": name, "tagsAll": {"deployment": "D1", "stack": "files"}}
    bucket = "aws:s3/bucket:Bucket"

    assert look(bucket, ours).id == name, "its tags may not have been set yet"
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "deployment", "Value": "D2"}]})
    decision = look(bucket, ours)
    assert decision.verdict is Verdict.UNKNOWN
    assert "carries the tags of something else" in decision.reason
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "deployment", "Value": "D1"}]})
    assert look(bucket, ours).id == name


@pytest.mark.parametrize("kind", sorted(TAGGERS))
def test_what_has_no_name_is_found_by_exactly_its_tags(aws: EmulatedAws, look: Look, kind: str) -> None:
    make, client = TAGGERS[kind], aws.client
    defaults = {"deployment": f"D{next(_numbers)}", "stack": "network"}
    tags = {**defaults, "Name": "main"}
    # As Pulumi's state has them: the defaults with the provider, in JSON, and the resource's own among its inputs.
    provider = {"defaultTags": json.dumps({"tags": defaults})}
    inputs = {"tags": {"Name": "main"}}

    make(client, {**tags, "deployment": "another"})
    make(client, defaults)
    make(client, {**tags, "more": "tags"})
    assert look(kind, inputs, **provider).verdict is Verdict.ABSENT
    made = make(client, tags)
    decision = look(kind, inputs, **provider)
    assert (decision.verdict, decision.id) == (Verdict.FOUND, made)
    make(client, tags)
    assert look(kind, inputs, **provider).verdict is Verdict.UNKNOWN


DELETIONS: Mapping[str, tuple[str, str, str]] = {
    "aws:ec2/eip:Eip": ("ec2", "release_address", "AllocationId"),
    "aws:ec2/vpc:Vpc": ("ec2", "delete_vpc", "VpcId"),
    "aws:ec2/internetGateway:InternetGateway": ("ec2", "delete_internet_gateway", "InternetGatewayId"),
    "aws:kms/key:Key": ("kms", "schedule_key_deletion", "KeyId"),
}


@pytest.mark.parametrize("kind", sorted(DELETIONS))
def test_what_was_deleted_is_not_taken_for_there_though_its_tags_are_still_listed(
    aws: EmulatedAws, look: Look, kind: str
) -> None:
    service, operation, parameter = DELETIONS[kind]
    tags = {"deployment": f"D{next(_numbers)}", "stack": "network"}
    gone = TAGGERS[kind](aws.client, tags)
    getattr(aws.client(service), operation)(**{parameter: gone})
    assert look(kind, {"tags": tags}).verdict is Verdict.ABSENT
    made = TAGGERS[kind](aws.client, tags)
    assert look(kind, {"tags": tags}).id == made


def test_every_way_to_see_whether_something_is_still_there_exists_in_aws(aws: EmulatedAws) -> None:
    for kind, how in DESCRIBED.items():
        assert kind in {*TAGGED_EC2, *TAGGED}
        client = aws.client(how.service)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[how.operation])
        assert how.parameter in model.input_shape.members
        assert how.items.strip("[]").partition("[")[0] in model.output_shape.members
    assert set(TAGGED_EC2) <= set(DESCRIBED)


def test_without_the_tags_that_say_whose_it_is_nothing_is_decided(look: Look) -> None:
    decision = look("aws:ec2/vpc:Vpc", {"tags": {"Name": "main"}})

    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason == "it has no tag deployment and stack to look for"


def test_a_kind_that_may_get_its_tags_later_is_never_proved_absent(look: Look) -> None:
    decision = look("aws:cognito/userPool:UserPool", {"tagsAll": {"deployment": "D1", "stack": "s"}})

    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason == "none has its tags, but its kind may get them later"


def test_a_setting_can_be_set_again_and_an_unlisted_kind_is_not_guessed(look: Look) -> None:
    assert look("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "b"}).verdict is Verdict.ABSENT
    decision = look("gcp:storage/bucket:Bucket", {"name": "b"})
    assert (decision.verdict, decision.reason) == (
        Verdict.UNKNOWN,
        "there is no look-up for gcp:storage/bucket:Bucket",
    )


def test_no_kind_stands_in_two_tables() -> None:
    tables = [set(NAMED), set(TAGGED_EC2), set(TAGGED), set(SETTINGS)]
    assert sum(map(len, tables)) == len(set().union(*tables))


def test_absence_is_believed_at_the_second_look(aws: EmulatedAws) -> None:
    name, pauses = f"it{next(_numbers)}", []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        aws.client("s3").create_bucket(Bucket=f"{name}-late")

    find = AwsLookup(aws.environment, pause, lag_seconds=5.0)
    kind = "aws:s3/bucket:Bucket"
    setting = creation("aws:s3/bucketVersioning:BucketVersioning", {"bucket": name})
    decisions = find([creation(kind, {"bucket": f"{name}-{which}"}) for which in ("late", "never")] + [setting])

    assert [each.verdict for each in decisions] == [Verdict.FOUND, Verdict.ABSENT, Verdict.ABSENT]
    assert pauses == [5.0]
    assert find([setting])[0].verdict is Verdict.ABSENT
    assert pauses == [5.0]


def test_it_asks_with_the_provider_s_own_roles_region_and_endpoints(aws: EmulatedAws, look: Look) -> None:
    sts = {"roleArn": f"arn:aws:iam::{'2' * 12}:role/deployer", "externalId": "shop"}
    provider = {
        "region": "eu-west-1",
        "assumeRoles": json.dumps([sts]),
        "endpoints": json.dumps([{"s3": aws.url, "sts": aws.url, "ec2": aws.url}]),
    }
    name = f"it{next(_numbers)}"
    tags = {"deployment": name, "stack": "network"}
    made = tagged_vpc(aws.client, tags)
    find = AwsLookup({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}, unpaused)
    vpc = "aws:ec2/vpc:Vpc"

    # Another account, another region; in the resource's own region of the account itself it is.
    assert find([creation(vpc, {"tags": tags}, **provider)])[0].verdict is Verdict.ABSENT
    elsewhere = {**provider, "assumeRoles": "[]"}
    assert find([creation(vpc, {"tags": tags}, **elsewhere)])[0].verdict is Verdict.ABSENT
    assert find([creation(vpc, {"tags": tags, "region": aws.region}, **elsewhere)])[0].id == made


def test_what_can_not_be_asked_is_unknown() -> None:
    refused = "http://127.0.0.1:9"  # the discard service: nobody listens
    find = AwsLookup({"AWS_ENDPOINT_URL": refused, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, unpaused)

    (decision,) = find([creation("aws:ec2/vpc:Vpc", {"tags": {"deployment": "D", "stack": "s"}})])
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason.startswith("AWS could not be reached to look for aws:ec2/vpc:Vpc")
