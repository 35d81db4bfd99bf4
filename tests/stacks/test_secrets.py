"""The secrets stack: generated once, kept, read back from AWS."""

from __future__ import annotations

import json
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


def test_who_may_read_is_named_in_the_preview(base: Base, deployer: Deployer) -> None:
    reader = "arn:aws:iam::123456789012:role/reader"
    steps = deployer.preview(
        "secrets", {"kmsKeyArn": base.outputs("security")["kmsKeyArn"], "secrets": {"token": {"readers": [reader]}}}
    )
    assert [(step.op, step.type, step.name) for step in steps if not step.type.startswith("cloud:")] == [
        ("create", "aws:secretsmanager/secret:Secret", "token"),
        ("create", "aws:secretsmanager/secretVersion:SecretVersion", "token"),
        ("create", "aws:secretsmanager/secretPolicy:SecretPolicy", "token"),
    ]
    (secret,) = [step for step in steps if step.type == "aws:secretsmanager/secret:Secret"]
    assert secret.inputs["recoveryWindowInDays"] == 7
    assert secret.inputs["kmsKeyId"] == base.outputs("security")["kmsKeyArn"]
