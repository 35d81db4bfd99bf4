"""The contract of ``Lookups``, in memory and on AWS."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from cloud.adapters.lookups import AwsLookups
from cloud.adapters.memory.lookups import MemoryLookups
from cloud.domain.errors import ConfigurationError, NotFound
from cloud.domain.secret import Secret
from cloud.ports.workflow import Lookups
from cloud.settings import Settings
from cloud_local.aws.server import EmulatedAws

pytestmark = pytest.mark.xdist_group("lookups")


@pytest.fixture(scope="module")
def images(aws: EmulatedAws) -> dict[str, str]:
    ssm, secrets = aws.client("ssm"), aws.client("secretsmanager")
    ssm.put_parameter(Name="/shop/plain", Value="text", Type="String")
    ssm.put_parameter(Name="/shop/list", Value="a,b", Type="StringList")
    ssm.put_parameter(Name="/shop/secure", Value="hidden", Type="SecureString")
    secrets.create_secret(Name="database", SecretString='{"password": "hidden"}')
    secrets.create_secret(Name="binary", SecretBinary=b"\x00")
    ec2 = aws.client("ec2")
    (instance,) = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    return {"my.image": ec2.create_image(InstanceId=instance["InstanceId"], Name="my.image")["ImageId"]}


@pytest.fixture(params=["memory", "aws"])
def lookups(request: pytest.FixtureRequest) -> Lookups:
    if request.param == "aws":
        request.getfixturevalue("images")
        return AwsLookups(request.getfixturevalue("settings"))
    return MemoryLookups(
        zones=[f"us-east-1{letter}" for letter in "abcdef"],
        default_vpc="vpc-1",
        images={"my.image": "ami-1"},
        parameters={"/shop/plain": "text", "/shop/list": ["a", "b"], "/shop/secure": Secret("hidden")},
        secrets={"database": '{"password": "hidden"}'},
    )


def test_the_account_and_region_are_those_of_the_environment(lookups: Lookups) -> None:
    assert lookups.aws(("account", "id")) == "123456789012"
    assert lookups.aws(("region",)) == "us-east-1"


def test_the_zones_are_in_order(lookups: Lookups) -> None:
    assert lookups.aws(("azs",)) == [f"us-east-1{letter}" for letter in "abcdef"]


def test_the_default_vpc_is_its_id(lookups: Lookups) -> None:
    assert lookups.aws(("vpc", "default")).startswith("vpc-")


def test_an_image_is_found_by_its_name_which_may_have_dots(lookups: Lookups) -> None:
    assert lookups.aws(("ami", "my", "image")).startswith("ami-")


@pytest.mark.parametrize("path", [(), ("account",), ("vpc",), ("vpc", "other"), ("ami",), ("ami", "none"), ("x", "y")])
def test_what_aws_does_not_have_is_not_found(lookups: Lookups, path: tuple[str, ...]) -> None:
    with pytest.raises(NotFound):
        lookups.aws(path)


@pytest.mark.parametrize(
    ("name", "value"), [("/shop/plain", "text"), ("/shop/list", ["a", "b"]), ("/shop/secure", Secret("hidden"))]
)
def test_a_parameter_has_the_type_that_it_was_stored_with(lookups: Lookups, name: str, value: Any) -> None:
    assert lookups.ssm(name) == value


def test_a_secret_is_always_secret(lookups: Lookups) -> None:
    assert lookups.secret("database") == Secret('{"password": "hidden"}')


def test_a_parameter_or_secret_that_is_not_there_is_not_found(lookups: Lookups) -> None:
    with pytest.raises(NotFound, match="/none"):
        lookups.ssm("/none")
    with pytest.raises(NotFound, match="none"):
        lookups.secret("none")


def test_a_region_without_a_default_vpc_has_none(aws: EmulatedAws, settings: Settings) -> None:
    elsewhere = AwsLookups(settings, region="eu-central-1")
    client = boto3.client("ec2", endpoint_url=aws.url, region_name="eu-central-1")
    for vpc in client.describe_vpcs()["Vpcs"]:
        for subnet in client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]:
            client.delete_subnet(SubnetId=subnet["SubnetId"])
        client.delete_vpc(VpcId=vpc["VpcId"])
    for lookups in (elsewhere, MemoryLookups(region="eu-central-1")):
        assert lookups.aws(("region",)) == "eu-central-1"
        with pytest.raises(NotFound, match="eu-central-1"):
            lookups.aws(("vpc", "default"))


def test_a_binary_secret_is_refused(images: dict[str, str], settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="binary"):
        AwsLookups(settings).secret("binary")


def test_a_role_is_assumed_once_and_acts_in_its_own_account(aws: EmulatedAws, settings: Settings) -> None:
    lookups = AwsLookups(settings, role_arn="arn:aws:iam::222222222222:role/deployer")
    assert lookups.aws(("account", "id")) == "222222222222"
    with pytest.raises(NotFound):
        lookups.ssm("/shop/plain")
