"""The compute-lambda stack: what its functions are, what they may do, what calls them, and how their code is changed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import runpy
import zipfile
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from tests.stacks.case import case_of, merged
from tests.stacks.conftest import STACKS, Base, Deployer
from tests.stacks.lives import Life

pytestmark = pytest.mark.xdist_group("stacks")

STACK = "compute-lambda"
FUNCTION, POLICY = "aws:lambda/function:Function", "aws:iam/rolePolicy:RolePolicy"


def function_of(deployer: Deployer, purpose: str = "worker") -> dict[str, Any]:
    name = deployer.outputs(STACK)["functionNames"][purpose]
    return dict(deployer.client("lambda").get_function_configuration(FunctionName=name))


def policy_of(deployer: Deployer, function: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The statements of a function's role by their names; those without are told by their first action."""
    role = function["Role"].rpartition("/")[2]
    iam = deployer.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return {statement.get("Sid") or statement["Action"][0]: statement for statement in document["Statement"]}


def queue_attributes(deployer: Deployer, arn: str) -> dict[str, str]:
    client = deployer.client("sqs")
    url = client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    return dict(client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


def alone(base: Base) -> dict[str, Any]:
    return {"kmsKeyArn": base.outputs("security")["kmsKeyArn"]}


def test_its_outputs_are_the_contracts(base: Base) -> None:
    outputs = base.outputs(STACK)
    assert set(outputs) == {"functionArns", "functionNames", "dlqArns", "stack", "deployment", "env"}
    name = outputs["functionNames"]["worker"]
    assert name == f"ecommerce-{base.deployment.lower()}-dev-worker"
    assert outputs["functionArns"] == {"worker": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"}
    assert outputs["dlqArns"] == {"worker": f"arn:aws:sqs:eu-west-1:123456789012:{name}-dlq"}


def test_its_function_is_traced_encrypted_and_fails_into_a_queue_that_refuses_whatever_is_not_tls(base: Base) -> None:
    function, outputs, key = function_of(base), base.outputs(STACK), base.outputs("security")["kmsKeyArn"]
    assert (function["Runtime"], function["Architectures"], function["MemorySize"]) == ("python3.13", ["arm64"], 128)
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["DeadLetterConfig"] == {"TargetArn": outputs["dlqArns"]["worker"]}
    assert function["KMSKeyArn"] == key
    queue = queue_attributes(base, outputs["dlqArns"]["worker"])
    assert (queue["KmsMasterKeyId"], queue["MessageRetentionPeriod"]) == (key, str(14 * 24 * 60 * 60))
    (statement,) = json.loads(queue["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_its_logs_are_kept_for_thirty_days_where_lambda_writes_them(base: Base) -> None:
    name = f"/aws/lambda/{base.outputs(STACK)['functionNames']['worker']}"
    (group,) = base.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (name, 30)


def test_by_default_it_may_write_logs_traces_and_dead_letters_and_nothing_else(base: Base) -> None:
    function = function_of(base)
    statements = policy_of(base, function)
    assert set(statements) == {"Logs", "Traces", "DeadLetters", "Key"}
    assert statements["DeadLetters"]["Resource"] == [base.outputs(STACK)["dlqArns"]["worker"]]
    assert statements["Logs"]["Resource"][0].endswith(f":log-group:/aws/lambda/{function['FunctionName']}:*")


def test_its_code_is_what_stands_in_the_stacks_folder(base: Base) -> None:
    name = base.outputs(STACK)["functionNames"]["worker"]
    uploaded = base.resources(STACK)
    (function,) = (item for item in uploaded if item["type"] == FUNCTION)
    assert function["inputs"]["code"]["path"] == "functions/worker"
    source = (STACKS / STACK / "functions/worker/handler.py").read_bytes()
    size = base.client("lambda").get_function_configuration(FunctionName=name)["CodeSize"]
    assert 0 < size < len(source)  # packed


def test_a_changed_file_is_uploaded_and_an_unchanged_one_is_not(base: Base, deployer: Deployer) -> None:
    config = alone(base)
    deployer.up(STACK, config)
    before = function_of(deployer)
    file = deployer.folder / STACK / "functions/worker/handler.py"
    text = file.read_text(encoding="utf-8")

    file.write_text(text, encoding="utf-8")  # a newer file of the same content
    assert {step.op for step in deployer.preview(STACK, config)} == {"same"}
    assert set(deployer.up(STACK, config).summary.resource_changes or {}) == {"same"}

    file.write_text(f"{text}\n# changed\n", encoding="utf-8")
    assert [(step.op, step.type) for step in deployer.preview(STACK, config) if step.op != "same"] == [
        ("update", FUNCTION)
    ]
    changes = deployer.up(STACK, config).summary.resource_changes or {}
    assert changes.get("update") == 1
    assert function_of(deployer)["CodeSha256"] != before["CodeSha256"]
    file.with_name("second.py").write_text("", encoding="utf-8")
    assert (deployer.up(STACK, config).summary.resource_changes or {}).get("update") == 1


def test_code_out_of_the_configuration_is_one_file_named_after_the_handlers_module(
    base: Base, deployer: Deployer
) -> None:
    source = "def go(event, context):\n    return {}\n"
    functions = {
        "python": {"source": source, "handler": "app.go"},
        "node": {"source": "export const go = async () => ({});", "runtime": "nodejs22.x", "handler": "index.go"},
    }
    config = {**alone(base), "functions": functions}
    deployer.up(STACK, config)
    codes = {
        item["inputs"]["handler"]: item["inputs"]["code"]["assets"]
        for item in deployer.resources(STACK)
        if item["type"] == FUNCTION
    }
    assert {handler: list(assets) for handler, assets in codes.items()} == {
        "app.go": ["app.py"],
        "index.go": ["index.mjs"],
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        entry = zipfile.ZipInfo("app.py", (1990, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        made.writestr(entry, source, zipfile.ZIP_DEFLATED)
    digest = base64.b64encode(hashlib.sha256(archive.getvalue()).digest()).decode()
    assert function_of(deployer, "python")["CodeSha256"] == digest
    assert set(deployer.up(STACK, config).summary.resource_changes or {}) == {"same"}
    changed = merged(config, {"functions": {"python": {"source": source + "# changed\n"}}})
    assert (deployer.up(STACK, changed).summary.resource_changes or {}).get("update") == 1


def test_a_function_with_data_reads_it_and_is_told_where_it_is(base: Base, deployer: Deployer) -> None:
    case = case_of(STACK)
    needed = {name: base.outputs(name) for name in case.needs}
    deployer.up(STACK, merged(case.stand_in(needed), case.production))
    function = function_of(deployer, "orders")
    database, bucket = needed["database-rds"], needed["storage"]["bucketNames"]["data"]
    assert function["Environment"]["Variables"] == {
        "STAGE": "prod",
        "BUCKET_DATA": bucket,
        "SECRET_DATABASE_ARN": needed["secrets"]["secretArns"]["database"],
        "DATABASE_HOST": database["clusterEndpoint"],
        "DATABASE_READER_HOST": database["readerEndpoint"],
        "DATABASE_PORT": str(int(database["port"])),
        "DATABASE_NAME": database["databaseName"],
        "DATABASE_SECRET_ARN": database["secretArn"],
    }
    assert sorted(function["VpcConfig"]["SubnetIds"]) == sorted(needed["network"]["privateSubnetIds"])
    assert function["VpcConfig"]["SecurityGroupIds"] == [needed["security"]["appSecurityGroupId"]]
    statements = policy_of(deployer, function)
    assert statements["Secrets"]["Resource"] == [
        needed["secrets"]["secretArns"]["database"],
        database["secretArn"],
    ]
    assert statements["s3:ListBucket"]["Resource"] == [f"arn:aws:s3:::{bucket}"]
    assert "s3:PutObject" in statements["s3:GetObject"]["Action"]
    assert statements["NotByCode"]["Effect"] == "Deny"
    assert statements["dynamodb:GetItem"]["Resource"] == ["arn:aws:dynamodb:eu-west-1:123456789012:table/orders"]
    concurrency = deployer.client("lambda").get_function_concurrency(FunctionName=function["FunctionName"])
    assert concurrency["ReservedConcurrentExecutions"] == 20


def test_a_queue_and_schedules_call_the_function_and_fail_into_its_dead_letters(base: Base, deployer: Deployer) -> None:
    queue = {"enabled": True, "maxReceives": 3}
    nightly = {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin", "input": {"job": "tidy"}}
    config = {**alone(base), "functions": {"worker": {"queue": queue, "schedules": {"nightly": nightly}}}}
    outputs = deployer.up(STACK, config).outputs
    name, dead = outputs["functionNames"].value["worker"], outputs["dlqArns"].value["worker"]
    queue_arn = f"arn:aws:sqs:eu-west-1:123456789012:{name}-queue"
    (mapping,) = deployer.client("lambda").list_event_source_mappings(EventSourceArn=queue_arn)["EventSourceMappings"]
    assert mapping["FunctionArn"] == outputs["functionArns"].value["worker"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    attributes = queue_attributes(deployer, queue_arn)
    assert json.loads(attributes["RedrivePolicy"]) == {"deadLetterTargetArn": dead, "maxReceiveCount": 3}
    assert attributes["VisibilityTimeout"] == "60"  # six timeouts of the function
    schedule = deployer.client("scheduler").get_schedule(Name=f"{name}-nightly")
    assert (schedule["ScheduleExpressionTimezone"], schedule["State"]) == ("Europe/Berlin", "ENABLED")
    target = schedule["Target"]
    assert (target["Arn"], json.loads(target["Input"])) == (outputs["functionArns"].value["worker"], {"job": "tidy"})
    assert target["DeadLetterConfig"] == {"Arn": dead}


def test_a_function_without_code_is_an_error_that_says_where_it_belongs(base: Base, deployer: Deployer) -> None:
    with pytest.raises(CommandError, match="there is no folder 'functions/mailer' in this stack"):
        deployer.up(STACK, {**alone(base), "functions": {"mailer": {}}})


def test_the_worker_answers_requests_takes_messages_and_notes_anything_else() -> None:
    # Not imported: what Python would leave beside the file belongs to no function's code.
    worker = runpy.run_path(str(STACKS / STACK / "functions/worker/handler.py"))["handler"]
    answer = worker({"requestContext": {}, "routeKey": "GET /health"}, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"route": "GET /health"})
    records = [{"messageId": "1", "body": "{}"}, {"messageId": "2", "body": "no JSON"}, {"messageId": "3", "body": "7"}]
    assert worker({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert worker({"job": "tidy"}, None) == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("stack", [STACK])
def test_the_emulated_aws_applies_all_of_it(life: Life) -> None:
    assert life.warnings == []
