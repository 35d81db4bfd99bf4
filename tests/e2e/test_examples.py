"""The examples, as their READMEs say: made from their template, deployed in local mode, looked at in AWS, destroyed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.cli_harness import Shell

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

pytestmark = [pytest.mark.xdist_group("examples"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One local mode for all examples."""
    folder = tmp_path_factory.mktemp("home")
    shell = Shell(folder, folder)
    started = shell("local", "start", "--stand-in")
    assert started.code == 0, started.err
    yield folder
    shell("local", "stop")


@pytest.fixture
def example(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Shell:
    """A copy of the example that the test names, as somebody has it who cloned the repository."""
    folder = tmp_path / request.param
    shutil.copytree(EXAMPLES / request.param, folder)
    return Shell(folder, home)


def run(shell: Shell, *arguments: str) -> str:
    ran = shell(*arguments)
    assert ran.code == 0, ran.err
    return ran.out


def client(shell: Shell, service: str, **more: Any) -> Any:
    context = json.loads(
        (Path(shell.environment["CLOUD_HOME"]) / "contexts" / "local.json").read_text(encoding="utf-8")
    )
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", **more}
    return boto3.client(service, endpoint_url=context["aws_url"], region_name="us-east-1", **keys)


def outputs(shell: Shell, stack: str, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(shell, "stack-outputs", stack, "--json", *more))
    return found


@pytest.mark.parametrize("example", ["web-shop"], indirect=True)
def test_the_web_shop_puts_its_storefront_on_the_default_template(example: Shell) -> None:
    run(example, "init", "--org", "acme", "--project", "webshop", "--template", "web-shop", "--id", "D1SHOP1")
    layers = json.loads(run(example, "plan", "--json"))["layers"]
    assert sum(len(layer) for layer in layers) == 17
    run(example, "deploy", "--yes")

    said = json.dumps(outputs(example, "storefront"))
    assert "storefront/api" in said
    name = "/webshop/dev/storefront/api"
    api = client(example, "ssm").get_parameter(Name=name)["Parameter"]["Value"]
    assert api == client(example, "apigatewayv2").get_apis()["Items"][0]["ApiEndpoint"]
    queues = client(example, "sqs").list_queues(QueueNamePrefix="webshop-d1shop1-dev-orders")["QueueUrls"]
    assert len(queues) == 2

    run(example, "destroy", "--yes")
    assert "QueueUrls" not in client(example, "sqs").list_queues(QueueNamePrefix="webshop-d1shop1-dev-orders")


@pytest.mark.parametrize("example", ["serverless-api"], indirect=True)
def test_the_serverless_api_tells_its_function_of_its_table(example: Shell) -> None:
    run(example, "init", "--org", "acme", "--project", "orders", "--template", "orders-api", "--id", "D1SRVL1")
    run(example, "deploy", "--yes")

    function = client(example, "lambda").get_function_configuration(FunctionName="orders-d1srvl1-dev-worker")
    table = function["Environment"]["Variables"]["TABLE_NAME"]
    found = client(example, "dynamodb").describe_table(TableName=table)["Table"]
    assert found["SSEDescription"]["SSEType"] == "KMS"

    run(example, "destroy", "--yes")
    assert table not in client(example, "dynamodb").list_tables()["TableNames"]


@pytest.mark.parametrize("example", ["two-accounts"], indirect=True)
def test_two_accounts_are_kept_apart(example: Shell) -> None:
    run(example, "init", "--org", "acme", "--project", "notes", "--template", "two-accounts", "--id", "D1TWO01")
    for environment in ("dev", "prod"):
        run(example, "deploy", "--yes", "--env", environment)

    accounts = {"dev": "111111111111", "prod": "222222222222"}
    for environment, account in accounts.items():
        role = f"arn:aws:iam::{account}:role/deployer"
        given = client(example, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        there = client(
            example,
            "ssm",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        names = [item["Name"] for item in there.describe_parameters()["Parameters"]]
        assert names == [f"/notes-d1two01-{environment}-network"]

    for environment in ("prod", "dev"):
        run(example, "destroy", "--yes", "--env", environment)


def test_every_example_is_deployed_by_a_test() -> None:
    tried = {"web-shop", "serverless-api", "two-accounts"}
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == tried
