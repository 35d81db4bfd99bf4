from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud import asl
from cloud.domain.errors import ConfigurationError
from cloud_local import bundle, provision
from cloud_local.aws.events import FunctionTarget, StateMachineTarget
from cloud_local.aws.lambda_runtime import LambdaFunction
from cloud_local.aws.patterns import compile_pattern
from cloud_local.aws.schedules import Schedule
from cloud_local.aws.server import EmulatedAws
from cloud_local.handlers import deployed_name, load_functions
from infra import topology


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with EmulatedAws() as emulated:
        provision.create_tables(emulated)
        provision.create_buckets(emulated)
        provision.create_key(emulated)
        provision.create_buses(emulated)
        yield emulated


@pytest.mark.parametrize("table", topology.TABLES, ids=lambda table: table.name)
def test_a_table_is_as_declared(aws: EmulatedAws, table: topology.Table) -> None:
    found = aws.client("dynamodb").describe_table(TableName=f"cloud-{table.name}")["Table"]

    def keys(schema: list[dict[str, str]]) -> tuple[str, ...]:
        assert [key["KeyType"] for key in schema] == ["HASH", "RANGE"][: len(schema)]
        return tuple(key["AttributeName"] for key in schema)

    assert keys(found["KeySchema"]) == (table.hash_key, table.range_key)
    indexes = {each["IndexName"]: each for each in found.get("GlobalSecondaryIndexes", ())}
    assert {name: keys(each["KeySchema"]) for name, each in indexes.items()} == {
        index.name: (index.hash_key, index.range_key) for index in table.indexes
    }
    assert all(each["Projection"] == {"ProjectionType": "ALL"} for each in indexes.values())
    stream = found.get("StreamSpecification")
    assert stream == ({"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"} if table.stream else None)
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("table", topology.TABLES, ids=lambda table: table.name)
def test_rows_expire_where_it_is_declared_and_nowhere_else(aws: EmulatedAws, table: topology.Table) -> None:
    found = aws.client("dynamodb").describe_time_to_live(TableName=f"cloud-{table.name}")["TimeToLiveDescription"]

    assert found["TimeToLiveStatus"] == ("ENABLED" if table.ttl else "DISABLED")
    assert found.get("AttributeName") == ("ttl" if table.ttl else None)


def test_buckets_key_and_buses_exist(aws: EmulatedAws) -> None:
    buckets = {each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]}
    buses = {each["Name"] for each in aws.client("events").list_event_buses()["EventBuses"]}

    assert buckets == {"cloud-artifacts", "cloud-state"}
    assert buses == {"default", "cloud-events"}
    sealed = aws.client("kms").encrypt(KeyId=provision.KEY_ALIAS, Plaintext=b"secret")["CiphertextBlob"]
    assert aws.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"


def test_every_declared_function_is_loaded_with_its_limits() -> None:
    loaded = {function.name: function for function in load_functions()}

    assert set(loaded) == {deployed_name(function.name) for function in topology.FUNCTIONS}
    for declared in topology.FUNCTIONS:
        function = loaded[deployed_name(declared.name)]
        assert callable(function.handler)
        assert (function.timeout_seconds, function.memory_mb) == (declared.timeout, declared.memory)
        assert "_" not in function.name


def test_a_function_without_a_folder_is_an_error_and_names_it() -> None:
    with pytest.raises(ImportError, match="open_nothing"):
        load_functions([topology.Function("open_nothing")])


def test_the_state_machine_is_the_rendered_file(aws: EmulatedAws) -> None:
    (machine,) = topology.STATE_MACHINES
    arn = provision.create_state_machine(aws, machine, bundle.folder("statemachine"))

    found = aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    assert found["name"] == "cloud-deployment"
    definition = json.loads(found["definition"])
    assert definition["StartAt"] == "OpenOperation"
    names = {name: deployed_name(target) for name, target in machine.substitutions.items()}
    text = (bundle.folder("statemachine") / "deployment.asl.json").read_text(encoding="utf-8")
    assert definition == asl.render(text, names)
    assert "${" not in found["definition"]


def test_a_state_machine_whose_file_has_names_that_nobody_declared_is_refused(aws: EmulatedAws, tmp_path: Path) -> None:
    text = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${UnknownFunction}", "End": true}}}'
    (tmp_path / "odd.asl.json").write_text(text)

    with pytest.raises(ConfigurationError) as refused:
        provision.create_state_machine(aws, topology.StateMachine("odd", {}), tmp_path)
    assert "UnknownFunction" in str(refused.value.to_dict())


def test_a_declared_rule_becomes_one_with_its_target_and_a_pattern_that_compiles(aws: EmulatedAws) -> None:
    rules = provision.event_rules({"deployment": "arn:the-machine"})
    aws.events.add(rules)  # ValueError for an operator that the emulation doesn't know
    rule, _ = rules

    assert (rule.bus, rule.target) == ("cloud-events", StateMachineTarget("arn:the-machine"))
    event = {"id": "7", "detail": {"deployment_id": "D1BRV40", "environment": "dev", "operation": "deploy"}}
    assert rule.input_for(event) == {
        "event_id": "7",
        "deployment_id": "D1BRV40",
        "environment": "dev",
        "operation": "deploy",
    }


def test_the_rule_for_executions_sees_those_of_the_declared_machine_alone() -> None:
    _, rule = provision.event_rules({"deployment": "arn:the-machine"})
    matches = compile_pattern(rule.pattern)

    def event(**detail: str) -> dict[str, Any]:
        detail = {"status": "ABORTED", "stateMachineArn": "arn:the-machine", **detail}
        return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}

    assert (rule.bus, rule.target) == ("default", FunctionTarget("cloud-reconcile-operation"))
    assert all(matches(event(status=status)) for status in ("ABORTED", "FAILED", "TIMED_OUT"))
    assert not any(matches(event(status=status)) for status in ("RUNNING", "SUCCEEDED"))
    assert not matches(event(stateMachineArn="arn:another"))


def test_the_sweep_is_scheduled_every_minute() -> None:
    assert provision.schedules() == [Schedule("sweep-operations", 60.0, "cloud-reconcile-operation")]


def test_only_events_reach_the_broadcaster_not_counters_nor_log_lines(aws: EmulatedAws) -> None:
    (mapping,) = provision.event_sources()
    seen: list[str] = []

    def broadcaster(event: dict[str, Any], _: Any) -> None:
        seen.extend(record["dynamodb"]["Keys"]["SK"]["S"] for record in event["Records"])

    aws.functions.register([LambdaFunction(mapping.function, broadcaster)])
    aws.add_event_sources([mapping])
    for sort in ("COUNTER#01J", "EVENT#01J#0000000001", "TIMESTAMP#2026#x", "EVENT#01J#0000000002", "EVENTUALLY"):
        aws.client("dynamodb").put_item(
            TableName="cloud-logs", Item={"PK": {"S": "DEPLOYMENT#D1BRV40"}, "SK": {"S": sort}}
        )

    assert aws.wait_until_delivered()
    assert seen == ["EVENT#01J#0000000001", "EVENT#01J#0000000002"]


def test_a_source_without_prefixes_has_no_filter_and_one_with_several_takes_any() -> None:
    (mapping,) = provision.event_sources()
    assert mapping.filters == ({"dynamodb": {"Keys": {"SK": {"S": [{"prefix": "EVENT#"}]}}}},)
    assert (mapping.table, mapping.function, mapping.batch_size) == ("cloud-logs", "cloud-broadcast-events", 100)
