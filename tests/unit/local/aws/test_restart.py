"""One emulated AWS after another in one process: each begins empty, and none waits for the last one's state to be rebuilt."""

from __future__ import annotations

import pytest
from moto.core.base_backend import BackendDict, BaseBackend

from cloud_local.aws.server import EmulatedAws

ROLE = "arn:aws:iam::123456789012:role/any"
DEFINITION = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
KEYS = {
    "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def fill(aws: EmulatedAws) -> None:
    """Something in every service that local mode itself uses; also in another account."""
    aws.client("dynamodb").create_table(TableName="table", **KEYS)
    aws.client("s3").create_bucket(Bucket="bucket-of-the-first")
    aws.client("s3").put_object(Bucket="bucket-of-the-first", Key="k", Body=b"x" * 100_000)
    aws.client("s3").create_multipart_upload(Bucket="bucket-of-the-first", Key="m")
    aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    aws.client("ssm").put_parameter(Name="/a", Value="b", Type="String")
    aws.client("kms").create_alias(
        AliasName="alias/cloud", TargetKeyId=aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    )
    aws.client("events").create_event_bus(Name="bus")
    aws.client("stepfunctions").create_state_machine(name="machine", definition=DEFINITION, roleArn=ROLE)
    aws.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    aws.client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/deployer", RoleSessionName="test")


def test_the_next_one_is_empty_and_works() -> None:
    with EmulatedAws() as first:
        fill(first)
    with EmulatedAws() as second:
        assert second.client("dynamodb").list_tables()["TableNames"] == []
        assert second.client("s3").list_buckets()["Buckets"] == []
        assert second.client("iam").list_roles()["Roles"] == []
        assert second.client("ssm").describe_parameters()["Parameters"] == []
        assert "alias/cloud" not in {each["AliasName"] for each in second.client("kms").list_aliases()["Aliases"]}
        assert [bus["Name"] for bus in second.client("events").list_event_buses()["EventBuses"]] == ["default"]
        assert second.client("stepfunctions").list_state_machines()["stateMachines"] == []
        assert "10.9.0.0/16" not in {vpc["CidrBlock"] for vpc in second.client("ec2").describe_vpcs()["Vpcs"]}
        fill(second)  # the names are free again: S3's are unique across accounts
        assert second.client("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")["Policy"]


def test_a_stop_makes_no_backend_again_only_to_drop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's own reset loads some 1,600 managed policies for nothing; one that gives back files or threads is called."""
    with EmulatedAws() as aws:
        fill(aws)
        instances = [backend for backends in BackendDict._instances for _, _, backend in backends.iter_backends()]
        made: list[str] = []
        before = {type(backend): type(backend).__init__ for backend in instances}
        for kind in before:
            monkeypatch.setattr(kind, "__init__", lambda self, *_: made.append(type(self).__name__))
    monkeypatch.undo()

    own = {kind.__name__ for kind in before if kind.reset is not BaseBackend.reset}
    assert "IAMBackend" in {kind.__name__ for kind in before}
    assert set(made) == own == {"S3Backend"}


def test_a_reset_while_it_runs_forgets_everything_and_it_goes_on() -> None:
    with EmulatedAws() as aws:
        fill(aws)
        aws.reset()
        assert aws.client("dynamodb").list_tables()["TableNames"] == []
        fill(aws)
