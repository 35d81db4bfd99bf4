"""What the provider says of a declaration before it does anything: Check, Diff, previews."""

from __future__ import annotations

import re
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from cloud_local.provider.errors import UnknownType
from cloud_local.provider.values import SECRET, SIGNATURE, UNKNOWN, from_struct, to_struct
from tests.contract.aws_provider_harness import Engine, Resource

VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
NOWHERE = "http://127.0.0.1:9"
"""Nothing here may call AWS."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(NOWHERE, {"defaultTags": '{"tags": {"project": "shop", "team": "a"}}'})


def checked(engine: Engine, token: str, inputs: dict[str, Any], old: Any = None) -> dict[str, Any]:
    answer = engine.check(token, "it", inputs, old)
    assert not answer.failures
    return from_struct(answer.inputs)[0]


def remembered(engine: Engine, token: str, inputs: dict[str, Any]) -> Resource:
    answer = engine.check(token, "it", inputs)
    return Resource(token, "it", "an-id", answer.inputs, answer.inputs, inputs)


def test_every_fault_of_a_declaration_is_told_at_once_with_its_place(engine: Engine) -> None:
    answer = engine.check(
        "aws:ec2/subnet:Subnet", "it", {"cidr": "10.0.0.0/24", "mapPublicIpOnLaunch": "perhaps", "tags": ["a"]}
    )
    failures = {item.property: item.reason for item in answer.failures}
    assert failures.keys() == {"vpcId", "cidr", "mapPublicIpOnLaunch", "tags"}
    assert "required" in failures["vpcId"]
    assert "unknown key" in failures["cidr"]
    assert "expected boolean" in failures["mapPublicIpOnLaunch"]
    assert "expected map" in failures["tags"]


def test_an_unknown_name_inside_a_nested_block_is_told_with_its_path(engine: Engine) -> None:
    answer = engine.check(GROUP, "it", {"ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidr": ["x"]}]})
    assert [item.property for item in answer.failures] == ["ingress[0].cidr"]


def test_an_unknown_type_is_an_error_that_names_it(engine: Engine) -> None:
    with pytest.raises(UnknownType) as raised:
        engine.check("aws:quantum/computer:Computer", "it", {})
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "aws:quantum/computer:Computer" in raised.value.details()


def test_values_not_known_yet_pass_every_check(engine: Engine) -> None:
    inputs = checked(engine, "aws:ec2/subnet:Subnet", {"vpcId": UNKNOWN, "mapPublicIpOnLaunch": UNKNOWN})
    assert inputs["vpcId"] == UNKNOWN


def test_an_automatic_name_is_the_resource_name_and_seven_random_digits(engine: Engine) -> None:
    first = checked(engine, "aws:iam/role:Role", {"assumeRolePolicy": "{}"})
    second = checked(engine, "aws:iam/role:Role", {"assumeRolePolicy": "{}"})
    assert re.fullmatch(r"it-[0-9a-f]{7}", first["name"])
    assert first["name"] != second["name"]
    assert "name" in first["__defaults"]


def test_a_bucket_is_named_in_lower_case(engine: Engine) -> None:
    answer = engine.check(BUCKET, "Logs", {})
    assert re.fullmatch(r"logs-[0-9a-f]{7}", from_struct(answer.inputs)[0]["bucket"])


def test_an_automatic_name_stays_when_the_resource_is_checked_again(engine: Engine) -> None:
    first = engine.check(BUCKET, "it", {})
    again = checked(engine, BUCKET, {"forceDestroy": True}, first.inputs)
    assert again["bucket"] == from_struct(first.inputs)[0]["bucket"]


def test_a_name_given_later_replaces_the_automatic_one(engine: Engine) -> None:
    first = engine.check(BUCKET, "it", {})
    assert checked(engine, BUCKET, {"bucket": "mine"}, first.inputs)["bucket"] == "mine"


def test_the_same_seed_gives_the_same_name(engine: Engine) -> None:
    urn = f"urn:pulumi:dev::shop::{BUCKET}::it"
    request = provider_pb2.CheckRequest(urn=urn, news=to_struct({}), randomSeed=b"seed")
    names = {from_struct(engine.provider.Check(request).inputs)[0]["bucket"] for _ in range(3)}
    assert len(names) == 1


def test_a_name_too_long_for_the_random_digits_is_refused(engine: Engine) -> None:
    answer = engine.check(BUCKET, "b" * 60, {})
    assert [item.property for item in answer.failures] == ["bucket"]
    assert "longer than maximum length 63" in answer.failures[0].reason


def test_default_tags_join_all_tags_and_the_resource_overrides_them(engine: Engine) -> None:
    inputs = checked(engine, VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"team": "b", "Name": "main"}})
    assert inputs["tags"] == {"team": "b", "Name": "main"}
    assert inputs["tagsAll"] == {"project": "shop", "team": "b", "Name": "main"}


def test_a_type_without_tags_gets_none(engine: Engine) -> None:
    inputs = checked(engine, "aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b", "policy": "{}"})
    assert "tagsAll" not in inputs


def test_nothing_changed_is_no_difference(engine: Engine) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}
    answer = engine.diff(remembered(engine, VPC, inputs), inputs)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not answer.diffs


def test_a_difference_is_told_by_its_path(engine: Engine) -> None:
    rule = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    group = remembered(engine, GROUP, {"ingress": [rule], "tags": {"a.b": "c"}})
    answer = engine.diff(group, {"ingress": [{**rule, "fromPort": 80}], "tags": {"a.b": "d"}})
    kinds = provider_pb2.PropertyDiff
    assert {path: item.kind for path, item in answer.detailedDiff.items()} == {
        "ingress[0].fromPort": kinds.UPDATE,
        'tags["a.b"]': kinds.UPDATE,
        'tagsAll["a.b"]': kinds.UPDATE,
    }
    assert not answer.replaces


def test_what_no_update_covers_is_a_replacement(engine: Engine) -> None:
    answer = engine.diff(remembered(engine, VPC, {"cidrBlock": "10.0.0.0/16"}), {"cidrBlock": "10.1.0.0/16"})
    assert list(answer.replaces) == ["cidrBlock"]
    assert answer.detailedDiff["cidrBlock"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE
    assert not answer.deleteBeforeReplace


def test_a_replacement_under_a_name_of_ones_own_deletes_the_old_one_first(engine: Engine) -> None:
    role = remembered(engine, "aws:iam/role:Role", {"name": "mine", "assumeRolePolicy": "{}", "path": "/a/"})
    answer = engine.diff(role, {"name": "mine", "assumeRolePolicy": "{}", "path": "/b/"})
    assert list(answer.replaces) == ["path"]
    assert answer.deleteBeforeReplace


def test_a_value_that_becomes_unknown_counts_as_changed(engine: Engine) -> None:
    subnet = remembered(engine, "aws:ec2/subnet:Subnet", {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"})
    answer = engine.diff(subnet, {"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/24"})
    assert list(answer.replaces) == ["vpcId"]


def test_the_order_of_a_list_and_the_spelling_of_a_policy_are_no_difference(engine: Engine) -> None:
    one = {"bucket": "b", "policy": '{"Statement": [{"Action": ["a", "b"], "Effect": "Allow"}]}'}
    other = {"bucket": "b", "policy": '{"Statement":{"Effect":"Allow","Action":["b","a"]}}'}
    answer = engine.diff(remembered(engine, "aws:s3/bucketPolicy:BucketPolicy", one), other)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_preview_of_a_creation_keeps_what_is_declared_and_leaves_the_rest_unknown(engine: Engine) -> None:
    state = engine.preview(VPC, "it", {"cidrBlock": "10.0.0.0/16"})
    assert state["cidrBlock"] == "10.0.0.0/16"
    assert state["arn"] == UNKNOWN
    assert state["tagsAll"] == {"project": "shop", "team": "a"}


def test_a_secret_input_stays_secret_in_the_answer(engine: Engine) -> None:
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    inputs = {"secretId": "s", "secretString": {SIGNATURE: SECRET, "value": "hunter2"}}
    answer = engine.check(token, "it", inputs)
    assert "secretString" in from_struct(answer.inputs)[1]
    urn = f"urn:pulumi:dev::shop::{token}::it"
    preview = engine.provider.Create(provider_pb2.CreateRequest(urn=urn, properties=answer.inputs, preview=True))
    assert "secretString" in from_struct(preview.properties)[1]


def test_a_change_of_region_replaces_the_provider(engine: Engine) -> None:
    olds, news = to_struct({"region": "eu-west-1"}), to_struct({"region": "eu-west-2"})
    answer = engine.provider.DiffConfig(provider_pb2.DiffRequest(olds=olds, old_inputs=olds, news=news))
    assert list(answer.replaces) == ["region"]


def test_faults_of_the_configuration_are_told_at_once(engine: Engine) -> None:
    news = to_struct({"regoin": "x", "endpoints": "{", "region": "eu-west-1"})
    answer = engine.provider.CheckConfig(provider_pb2.CheckRequest(news=news))
    assert {item.property for item in answer.failures} == {"regoin", "endpoints"}


def test_a_configuration_not_known_yet_is_no_fault(engine: Engine) -> None:
    news = to_struct({"region": UNKNOWN, "defaultTags": UNKNOWN})
    assert not engine.provider.CheckConfig(provider_pb2.CheckRequest(news=news)).failures
