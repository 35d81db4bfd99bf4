"""The secrets stack: generated once, kept, read back from AWS."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.stacks.conftest import Base, Deployer

pytestmark = pytest.mark.xdist_group("stacks")


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs("secrets")
    assert set(outputs) == {"secretArns", "databaseSecretArn", "parameterNames", "stack", "deployment", "env"}
    assert outputs["secretArns"] == {"database": outputs["databaseSecretArn"]}
    assert outputs["parameterNames"] == {}


def test_the_database_secret_has_a_generated_password_under_the_deployments_key(base: Base) -> None:
    client, arn = base.client("secretsmanager"), base.outputs("secrets")["databaseSecretArn"]
    value = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    assert value["username"] == "app"
    assert len(value["password"]) == 32
    assert value["password"].isalnum()
    assert client.describe_secret(SecretId=arn)["KmsKeyId"] == base.outputs("security")["kmsKeyArn"]


def test_the_password_stays_what_it_was(base: Base) -> None:
    client, arn = base.client("secretsmanager"), base.outputs("secrets")["databaseSecretArn"]
    before = client.get_secret_value(SecretId=arn)["SecretString"]
    changes = base.up("secrets").summary.resource_changes
    assert changes is not None
    assert set(changes) <= {"same", "read"}
    assert client.get_secret_value(SecretId=arn)["SecretString"] == before


def test_no_password_stands_in_plain_text_in_the_state(base: Base) -> None:
    client, arn = base.client("secretsmanager"), base.outputs("secrets")["databaseSecretArn"]
    password = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])["password"]
    folder = Path(base.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.json")]
    assert any(arn in text for text in texts)
    assert not any(password in text for text in texts)


def test_parameters_lie_under_the_deployments_path(base: Base, deployer: Deployer) -> None:
    outputs = deployer.up(
        "secrets",
        {
            "kmsKeyArn": base.outputs("security")["kmsKeyArn"],
            "secrets": {},
            "parameters": {"app/mode": {"value": "fast"}, "app/key": {"value": "hunter22", "type": "SecureString"}},
        },
    ).outputs
    names = outputs["parameterNames"].value
    assert names["app/mode"] == f"/ecommerce/{deployer.deployment.lower()}/dev/app/mode"
    assert outputs["databaseSecretArn"].value == ""
    found = deployer.client("ssm").get_parameter(Name=names["app/key"], WithDecryption=True)["Parameter"]
    assert (found["Type"], found["Value"]) == ("SecureString", "hunter22")


def test_a_preview_names_who_may_read_and_keeps_everybody_else_out(base: Base, deployer: Deployer) -> None:
    reader = "arn:aws:iam::210987654321:role/reader"
    steps = deployer.preview(
        "secrets", {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "secrets": {"token": {"readers": [reader]}}}
    )
    made = {step.type: step for step in steps if not step.type.startswith("cloud:")}
    assert {step.op for step in made.values()} == {"create"}
    assert set(made) == {
        "aws:secretsmanager/secret:Secret",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
    }
    secret = made["aws:secretsmanager/secret:Secret"]
    assert secret.inputs["recoveryWindowInDays"] == 7
    assert secret.inputs["kmsKeyId"] == base.outputs("security")["kmsKeyArn"]


def test_the_policy_refuses_other_accounts_and_connections_without_tls(base: Base, deployer: Deployer) -> None:
    reader = "arn:aws:iam::210987654321:role/reader"
    outputs = deployer.up(
        "secrets",
        {
            "kmsKeyArn": base.outputs("security")["kmsKeyArn"],
            "secrets": {"token": {"readers": [reader], "recoveryWindowDays": 0}},
        },
    ).outputs
    arn = outputs["secretArns"].value["token"]
    policy = json.loads(deployer.client("secretsmanager").get_resource_policy(SecretId=arn)["ResourcePolicy"])
    found = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert {sid: statement["Effect"] for sid, statement in found.items()} == {
        "TlsOnly": "Deny",
        "OtherAccounts": "Deny",
        "Readers": "Allow",
    }
    assert all(statement["Resource"] == [arn] for statement in found.values())
    condition = found["OtherAccounts"]["Condition"]
    assert condition["StringNotEquals"] == {"aws:PrincipalAccount": ["123456789012", "210987654321"]}
    assert found["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert found["Readers"]["Principal"] == {"AWS": [reader]}


def test_a_rotation_hands_the_secret_to_its_function_and_the_generated_version_stays(
    base: Base, deployer: Deployer
) -> None:
    function, secrets = rotation_function(deployer), deployer.client("secretsmanager")
    config = {
        "kmsKeyArn": base.outputs("security")["kmsKeyArn"],
        "secrets": {"token": {"rotation": {"lambdaArn": function, "days": 7}, "recoveryWindowDays": 0}},
    }
    arn = deployer.up("secrets", config).outputs["secretArns"].value["token"]
    told = secrets.describe_secret(SecretId=arn)
    assert (told["RotationEnabled"], told["RotationLambdaARN"]) == (True, function)
    assert told["RotationRules"]["AutomaticallyAfterDays"] == 7

    for value in ("rotated", "rotated again"):  # as the function would
        secrets.put_secret_value(SecretId=arn, SecretString=value)
    assert ["generated"] in secrets.describe_secret(SecretId=arn)["VersionIdsToStages"].values()
    assert set(deployer.stack("secrets", config).refresh().summary.resource_changes or {}) <= {"same", "update"}
    assert set(deployer.up("secrets", config).summary.resource_changes or {}) == {"same"}
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "rotated again"


def test_a_destroyed_secret_can_be_made_again_within_its_recovery_window(base: Base, deployer: Deployer) -> None:
    config = {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "secrets": {"token": {}}}
    first = deployer.up("secrets", config).outputs["secretArns"].value["token"]
    deployer.stack("secrets", config).destroy()
    assert "DeletedDate" in deployer.client("secretsmanager").describe_secret(SecretId=first)
    second = deployer.up("secrets", config).outputs["secretArns"].value["token"]
    assert second != first


def test_punctuation_is_what_a_database_takes(base: Base, deployer: Deployer) -> None:
    secret = {"length": 1000, "punctuation": True, "recoveryWindowDays": 0}
    config = {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "secrets": {"token": secret}}
    arn = deployer.up("secrets", config).outputs["secretArns"].value["token"]
    password = deployer.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert len(password) == 1000
    assert not password.isalnum()
    assert not set(password) & set("/@\"' \\")


def rotation_function(deployer: Deployer) -> str:
    """A function that does nothing, under any role: local mode doesn't run it."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): ...")
    role = deployer.client("iam").create_role(
        RoleName=f"rotator-{deployer.deployment}", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )["Role"]["Arn"]
    made = deployer.client("lambda").create_function(
        FunctionName=f"rotator-{deployer.deployment}",
        Runtime="python3.13",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return str(made["FunctionArn"])
