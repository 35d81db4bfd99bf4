"""Create in the emulated AWS what the topology declares: tables, buckets, the key, the bus, the state machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cloud import asl
from cloud_local.aws.events import EventRule, FunctionTarget, StateMachineTarget
from cloud_local.aws.schedules import Schedule
from cloud_local.aws.server import EmulatedAws
from cloud_local.aws.streams import EventSourceMapping
from cloud_local.handlers import deployed_name
from infra import topology

TTL_ATTRIBUTE = "ttl"
"""Epoch seconds (4-data.md). moto keeps the declaration and deletes nothing: local mode does not live that long."""
KEY_ALIAS = "alias/cloud"
MAC_ALIAS = "alias/cloud-mac"
ROLE_ARN = "arn:aws:iam::123456789012:role/cloud-deployment"


def create_tables(aws: EmulatedAws) -> None:
    client = aws.client("dynamodb")
    for table in topology.TABLES:
        client.create_table(**table_definition(table))
        if table.ttl:
            client.update_time_to_live(
                TableName=deployed_name(table.name),
                TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE},
            )


def table_definition(table: topology.Table) -> dict[str, Any]:
    """The CreateTable request of a declared table."""
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": _key_schema(index.hash_key, index.range_key),
            "Projection": {"ProjectionType": "ALL"},
        }
        for index in table.indexes
    ]
    keys = {table.hash_key, table.range_key}
    keys |= {key for index in table.indexes for key in (index.hash_key, index.range_key)}
    definition: dict[str, Any] = {
        "TableName": deployed_name(table.name),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(table.hash_key, table.range_key),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys - {""})],
    }
    if indexes:
        definition["GlobalSecondaryIndexes"] = indexes
    if table.stream:
        definition["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    return definition


def _key_schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else schema


def create_buckets(aws: EmulatedAws) -> None:
    for bucket in topology.BUCKETS:
        aws.client("s3").create_bucket(Bucket=deployed_name(bucket.name))


def create_key(aws: EmulatedAws) -> None:
    """The key that seals the secrets of manifests."""
    key = aws.client("kms").create_key(Description="cloud: secrets of manifests")["KeyMetadata"]["KeyId"]
    aws.client("kms").create_alias(AliasName=KEY_ALIAS, TargetKeyId=key)
    mac = aws.client("kms").create_key(
        Description="cloud: digests of configurations", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"
    )["KeyMetadata"]["KeyId"]
    aws.client("kms").create_alias(AliasName=MAC_ALIAS, TargetKeyId=mac)


def create_state_machine(aws: EmulatedAws, machine: topology.StateMachine, folder: Path) -> str:
    """Render and create the machine; gives its ARN."""
    text = (folder / f"{machine.name}.asl.json").read_text(encoding="utf-8")
    names = {name: deployed_name(target) for name, target in machine.substitutions.items()}
    created = aws.client("stepfunctions").create_state_machine(
        name=deployed_name(machine.name), definition=json.dumps(asl.render(text, names)), roleArn=ROLE_ARN
    )
    arn: str = created["stateMachineArn"]
    return arn


def create_buses(aws: EmulatedAws) -> None:
    for bus in topology.BUSES:
        aws.client("events").create_event_bus(Name=deployed_name(bus.name))


def event_sources() -> list[EventSourceMapping]:
    """The declared streams. ``window`` is not emulated: a record is delivered at once."""
    return [
        EventSourceMapping(
            deployed_name(source.table),
            deployed_name(source.function),
            batch_size=source.batch_size,
            filters=tuple(_key_filter(source.table, prefix) for prefix in source.key_prefixes),
        )
        for source in topology.EVENT_SOURCES
    ]


def _key_filter(table: str, prefix: str) -> dict[str, Any]:
    """The event pattern of records whose range key begins with ``prefix``."""
    range_key = next(declared.range_key for declared in topology.TABLES if declared.name == table)
    return {"dynamodb": {"Keys": {range_key: {"S": [{"prefix": prefix}]}}}}


def event_rules(state_machines: dict[str, str]) -> list[EventRule]:
    """The declared rules; ``state_machines`` maps a machine's declared name to its ARN."""
    return [
        EventRule(
            rule.name,
            rule_pattern(rule, state_machines),
            StateMachineTarget(state_machines[rule.target_name])
            if rule.target is topology.RuleTarget.STATE_MACHINE
            else FunctionTarget(deployed_name(rule.target_name)),
            bus=rule.bus if rule.bus == topology.DEFAULT_BUS else deployed_name(rule.bus),
            input_paths=rule.input_paths,
        )
        for rule in topology.RULES
    ]


def rule_pattern(rule: topology.Rule, state_machines: dict[str, str]) -> dict[str, Any]:
    """The pattern of a rule as it is deployed. Raises KeyError for a machine that isn't declared."""
    if not rule.of_state_machine:
        return rule.pattern
    detail: Any = rule.pattern.get("detail", {})
    return {**rule.pattern, "detail": {**detail, "stateMachineArn": [state_machines[rule.of_state_machine]]}}


def schedules() -> list[Schedule]:
    """The declared schedules."""
    return [
        Schedule(schedule.name, 60.0 * schedule.minutes, deployed_name(schedule.function))
        for schedule in topology.SCHEDULES
    ]
