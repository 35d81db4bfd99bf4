"""Every row of the provider's table against the emulated AWS."""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pulumi.runtime.proto import provider_pb2

from cloud_local.aws import moto_patches
from cloud_local.aws.resource_patches import RESOURCE_PATCHES
from cloud_local.provider.compare import same
from cloud_local.provider.errors import AwsFailure, PartialFailure, ProviderError
from cloud_local.provider.gaps import OPERATIONS
from cloud_local.provider.types import TYPES
from cloud_local.provider.values import from_struct
from tests.contract.aws_provider_harness import REGION, Engine
from tests.contract.aws_provider_world import Case, World, trust

CASES: tuple[Case, ...] = tuple(
    case
    for path in sorted(Path(__file__).parent.glob("aws_provider_*_cases.py"))
    for case in importlib.import_module(f"tests.contract.{path.stem}").CASES
)

pytestmark = pytest.mark.xdist_group("aws_provider")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    for service in RESOURCE_PATCHES:
        moto_patches.apply(service, RESOURCE_PATCHES)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def configured(endpoint: str) -> Engine:
    return Engine(endpoint, {"defaultTags": {"tags": {"project": "shop"}}})


@pytest.fixture
def engine(configured: Engine) -> Iterator[Engine]:
    configured.warnings.clear()
    yield configured
    configured.clean()


def _id(case: Case) -> str:
    return str(case)


@pytest.mark.parametrize("case", [case for case in CASES if not case.recorded], ids=_id)
def test_a_resource_is_created_read_changed_replaced_and_deleted(case: Case, engine: Engine) -> None:
    world = World(engine, str(case)[:20].lower())
    inputs = dict(case.inputs(world))
    engine.warnings.clear()

    resource = engine.create(case.token, "it", inputs)
    assert resource.id
    noted = {name.strip() for item in engine.warnings for name in item.rpartition(":")[2].split(",")}
    assert noted == case.gaps
    for name, value in inputs.items():
        assert same(value, resource.outputs[name])
    if "tagsAll" in resource.outputs:
        assert resource["tagsAll"]["project"] == "shop"
    drift = engine.refresh(resource)
    assert drift.changes == provider_pb2.DiffResponse.DIFF_NONE, dict(drift.detailedDiff)
    assert from_struct(engine.read(resource).properties)[0] == resource.outputs
    assert engine.diff(resource, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE

    if case.change is not None:
        changed = {**inputs, **case.change(world)}
        plan = engine.diff(resource, changed)
        assert plan.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert not plan.replaces, plan.replaces
        engine.update(resource, changed)
        for name, value in case.change(world).items():
            assert same(value, resource.outputs[name])
        drift = engine.refresh(resource)
        assert drift.changes == provider_pb2.DiffResponse.DIFF_NONE, dict(drift.detailedDiff)
        noted = {name.strip() for item in engine.warnings for name in item.rpartition(":")[2].split(",")}
        assert noted == case.gaps

    if case.replacement is not None:
        plan = engine.diff(resource, {**dict(resource.declared), **case.replacement(world)})
        assert set(plan.replaces) == set(case.replacement(world))

    engine.delete(resource)
    if not case.stays:
        assert not engine.exists(resource)
        engine.delete(resource)  # gone already: that is success


@pytest.mark.parametrize("case", [case for case in CASES if case.recorded], ids=_id)
def test_a_type_the_emulator_lacks_is_recorded_with_a_warning_that_names_it(case: Case, engine: Engine) -> None:
    world = World(engine, str(case)[:20].lower())
    inputs = dict(case.inputs(world))
    engine.warnings.clear()

    resource = engine.create(case.token, "it", inputs)

    assert resource.id.startswith("recorded-")
    assert len(engine.warnings) == 1
    assert case.token in engine.warnings[0]
    assert "recorded but not created" in engine.warnings[0]
    assert engine.refresh(resource).changes == provider_pb2.DiffResponse.DIFF_NONE
    engine.delete(resource)


def test_every_row_of_the_table_has_a_case() -> None:
    aliases = {token for token in TYPES if token.endswith(("V2", "BucketObjectv2"))}
    untested = TYPES.keys() - {case.token for case in CASES} - aliases
    assert untested == set()


def test_no_gap_is_named_that_the_emulator_has_closed() -> None:
    for service, operations in OPERATIONS.items():
        if importlib.util.find_spec(f"moto.{service}") is None:
            continue
        module = importlib.import_module(f"moto.{service}.responses")
        classes = [item for name, item in vars(module).items() if name.endswith("Response")]
        closed = {name for name in operations if any(hasattr(item, name) for item in classes)}
        assert not closed, f"moto has learned {service} {closed}: take them out of gaps.py"


def _client(endpoint: str, service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, **keys)


def test_a_changed_tag_is_found_by_reading_back_and_put_right(engine: Engine, endpoint: str) -> None:
    vpc = engine.create("aws:ec2/vpc:Vpc", "it", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "main"}})
    _client(endpoint, "ec2").create_tags(Resources=[vpc.id], Tags=[{"Key": "Name", "Value": "by hand"}])

    drift = engine.refresh(vpc)

    assert drift.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert set(drift.detailedDiff) == {"tags.Name", "tagsAll.Name"}


def test_a_rule_added_by_hand_is_found_inside_the_security_group(engine: Engine, endpoint: str) -> None:
    world = World(engine, "drift")
    rule = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    group = engine.create("aws:ec2/securityGroup:SecurityGroup", "it", {"vpcId": world.vpc.id, "ingress": [rule]})
    _client(endpoint, "ec2").authorize_security_group_ingress(
        GroupId=group.id,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )

    drift = engine.refresh(group)

    assert list(drift.detailedDiff) == ["ingress[1]"]


def test_a_policy_changed_by_hand_is_drift_and_one_only_spelled_otherwise_is_not(engine: Engine, endpoint: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    role = engine.create("aws:iam/role:Role", "it", {"assumeRolePolicy": json.dumps(document, indent=4)})
    assert engine.refresh(role).changes == provider_pb2.DiffResponse.DIFF_NONE
    statement["Principal"] = {"Service": "lambda.amazonaws.com"}
    _client(endpoint, "iam").update_assume_role_policy(RoleName=role.id, PolicyDocument=json.dumps(document))

    assert list(engine.refresh(role).detailedDiff) == ["assumeRolePolicy"]


def test_a_resource_that_vanished_reads_as_gone(engine: Engine, endpoint: str) -> None:
    bucket = engine.create("aws:s3/bucket:Bucket", "it", {})
    _client(endpoint, "s3").delete_bucket(Bucket=bucket.id)
    assert not engine.exists(bucket)


def test_a_bucket_that_is_not_empty_is_not_deleted_and_the_error_says_why(engine: Engine, endpoint: str) -> None:
    bucket = engine.create("aws:s3/bucket:Bucket", "it", {})
    client = _client(endpoint, "s3")
    client.put_object(Bucket=bucket.id, Key="a", Body=b"a")
    with pytest.raises(AwsFailure, match=r"deleting S3 Bucket \(it-.*S3: DeleteBucket, .*BucketNotEmpty"):
        engine.delete(bucket)
    assert engine.exists(bucket)
    client.delete_object(Bucket=bucket.id, Key="a")


def test_a_refused_creation_names_verb_resource_operation_and_reason(engine: Engine) -> None:
    inputs = {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": "10.0.0.0/24"}
    with pytest.raises(AwsFailure) as raised:
        engine.create("aws:ec2/subnet:Subnet", "it", inputs)
    assert raised.value.details().startswith("creating EC2 Subnet (it): operation error EC2: CreateSubnet")
    assert "InvalidVpcID.NotFound" in raised.value.details()


def test_a_creation_that_stops_half_way_tells_the_engine_what_exists(engine: Engine, endpoint: str) -> None:
    inputs = {"assumeRolePolicy": trust("ec2.amazonaws.com"), "managedPolicyArns": ["arn:aws:iam::aws:policy/Missing"]}
    with pytest.raises(PartialFailure) as raised:
        engine.create("aws:iam/role:Role", "it", inputs)
    ((key, _),) = raised.value.trailing_metadata()
    assert key == "grpc-status-details-bin"
    assert raised.value.detail.id.startswith("it-")
    _client(endpoint, "iam").delete_role(RoleName=raised.value.detail.id)


def test_an_existing_resource_is_imported_with_its_inputs(engine: Engine, endpoint: str) -> None:
    vpc = engine.create("aws:ec2/vpc:Vpc", "it", {"cidrBlock": "10.7.0.0/16", "tags": {"Name": "found"}})
    answer = engine.provider.Read(provider_pb2.ReadRequest(urn=vpc.urn, id=vpc.id))
    inputs = from_struct(answer.inputs)[0]
    assert inputs["cidrBlock"] == "10.7.0.0/16"
    assert inputs["tags"] == {"Name": "found"}


def test_ignored_tags_are_no_drift(endpoint: str) -> None:
    engine = Engine(endpoint, {"ignoreTags": '{"keys": ["owner"], "keyPrefixes": ["auto:"]}'})
    vpc = engine.create("aws:ec2/vpc:Vpc", "it", {"cidrBlock": "10.0.0.0/16"})
    foreign = [{"Key": "owner", "Value": "x"}, {"Key": "auto:a", "Value": "y"}]
    _client(endpoint, "ec2").create_tags(Resources=[vpc.id], Tags=foreign)
    assert engine.refresh(vpc).changes == provider_pb2.DiffResponse.DIFF_NONE
    engine.clean()


def test_a_vpc_from_an_address_pool_gets_a_range_and_a_warning_since_the_emulator_has_no_ipam(engine: Engine) -> None:
    inputs = {"ipv4IpamPoolId": "ipam-pool-0123456789abcdef0", "ipv4NetmaskLength": 20}
    vpc = engine.create("aws:ec2/vpc:Vpc", "it", inputs)
    assert vpc["cidrBlock"] == "10.0.0.0/20"
    assert any("ipv4IpamPoolId is recorded but not applied" in item for item in engine.warnings)
    assert engine.refresh(vpc).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_resource_lives_in_the_region_it_names(engine: Engine, endpoint: str) -> None:
    topic = engine.create("aws:sns/topic:Topic", "it", {"region": "us-west-2"})
    assert topic["region"] == "us-west-2"
    assert ":us-west-2:" in topic.id


def test_roles_are_assumed_before_the_first_call(endpoint: str) -> None:
    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer", "sessionName": "shop", "duration": "1h"}
    engine = Engine(endpoint, {"assumeRoles": json.dumps([role])})
    answer = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert answer["arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/shop"


def test_an_account_that_is_not_allowed_is_refused(endpoint: str) -> None:
    with pytest.raises(ProviderError, match="AWS account ID not allowed"):
        Engine(endpoint, {"allowedAccountIds": ["999999999999"]})


def test_functions_look_up_what_exists(engine: Engine) -> None:
    world = World(engine, "lookup")
    assert engine.invoke("aws:index/getRegion:getRegion", {})["region"] == REGION
    assert engine.invoke("aws:index/getPartition:getPartition", {})["partition"] == "aws"
    zones = engine.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})["names"]
    assert zones == [f"{REGION}a", f"{REGION}b", f"{REGION}c"]
    vpc = engine.invoke("aws:ec2/getVpc:getVpc", {"id": world.vpc.id})
    assert (vpc["id"], vpc["cidrBlock"]) == (world.vpc.id, "10.0.0.0/16")
    by_vpc = {"filters": [{"name": "vpc-id", "values": [world.vpc.id]}]}
    assert engine.invoke("aws:ec2/getSubnets:getSubnets", by_vpc)["ids"] == []
    assert engine.invoke("aws:kms/getKey:getKey", {"keyId": world.key.id})["arn"] == world.key["arn"]
    amis = engine.invoke("aws:ec2/getAmi:getAmi", {"mostRecent": True, "owners": ["amazon"]})
    assert amis["id"].startswith("ami-")


def test_a_policy_document_is_rendered_as_terraform_renders_it(engine: Engine) -> None:
    statement = {
        "actions": ["s3:GetObject"],
        "resources": ["*"],
        "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
        "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
    }
    answer = engine.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [statement]})
    assert json.loads(answer["json"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "*",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }
    ]


def test_a_function_that_finds_nothing_or_is_unknown_is_an_error(engine: Engine) -> None:
    with pytest.raises(ProviderError, match="no results"):
        engine.invoke("aws:ec2/getVpc:getVpc", {"tags": {"Name": "nowhere"}})
    with pytest.raises(ProviderError, match="no function aws:quantum/getQubit:getQubit"):
        engine.invoke("aws:quantum/getQubit:getQubit", {})
