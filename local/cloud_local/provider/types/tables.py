"""DynamoDB tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_INDEXES: Final = ("globalSecondaryIndexes", "localSecondaryIndexes")


def _key_schema(item: Mapping[str, Any], fallback: str = "") -> list[dict[str, str]]:
    if item.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in item["keySchemas"]]
    schema = [{"AttributeName": item.get("hashKey") or fallback, "KeyType": "HASH"}]
    if item.get("rangeKey"):
        schema.append({"AttributeName": item["rangeKey"], "KeyType": "RANGE"})
    return schema


def _throughput(item: Mapping[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": int(item.get("readCapacity") or 1),
        "WriteCapacityUnits": int(item.get("writeCapacity") or 1),
    }


def _index(scene: Scene, index: Mapping[str, Any], is_global: bool) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = list(index["nonKeyAttributes"])
    made = {
        "IndexName": index["name"],
        "KeySchema": _key_schema(index, str(scene.properties.get("hashKey"))),
        "Projection": projection,
    }
    if is_global and _provisioned(scene.properties):
        made["ProvisionedThroughput"] = _throughput(index)
    return made


def _provisioned(properties: Mapping[str, Any]) -> bool:
    return bool(properties.get("billingMode", "PROVISIONED") == "PROVISIONED")


def _table_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation != "create_table":
        return
    properties = scene.properties
    arguments["KeySchema"] = _key_schema(properties)
    arguments["AttributeDefinitions"] = [
        {"AttributeName": item["name"], "AttributeType": item["type"]} for item in properties.get("attributes") or ()
    ]
    arguments["BillingMode"] = properties.get("billingMode", "PROVISIONED")
    if _provisioned(properties):
        arguments["ProvisionedThroughput"] = _throughput(properties)
    for name in _INDEXES:
        if properties.get(name):
            member = name[0].upper() + name[1:]
            arguments[member] = [_index(scene, item, name.startswith("global")) for item in properties[name]]
    if properties.get("tableClass"):
        arguments["TableClass"] = properties["tableClass"]
    if properties.get("deletionProtectionEnabled"):
        arguments["DeletionProtectionEnabled"] = True
    if properties.get("streamEnabled"):
        arguments["StreamSpecification"] = _stream(properties)
    if (properties.get("serverSideEncryption") or {}).get("enabled"):
        arguments["SSESpecification"] = _encryption(properties["serverSideEncryption"])


def _stream(properties: Mapping[str, Any]) -> dict[str, Any]:
    if not properties.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": properties.get("streamViewType") or "NEW_AND_OLD_IMAGES"}


def _encryption(declared: Mapping[str, Any]) -> dict[str, Any]:
    encryption: dict[str, Any] = {"Enabled": bool(declared.get("enabled"))}
    if declared.get("enabled") and declared.get("kmsKeyArn"):
        encryption |= {"SSEType": "KMS", "KMSMasterKeyId": declared["kmsKeyArn"]}
    return encryption


def _extras(scene: Scene) -> None:
    """Expiry and recovery are set on a table that exists."""
    name = {"TableName": scene.id}
    scene.connection.client("dynamodb", scene.region).get_waiter("table_exists").wait(**name)
    ttl = scene.properties.get("ttl") or {}
    if ttl.get("attributeName") and ("ttl" in scene.changed or (not scene.old and ttl.get("enabled"))):
        specification = {"Enabled": bool(ttl.get("enabled", False)), "AttributeName": ttl["attributeName"]}
        scene.call("update_time_to_live", {**name, "TimeToLiveSpecification": specification})
    recovery = scene.properties.get("pointInTimeRecovery") or {}
    if "pointInTimeRecovery" in scene.changed or (not scene.old and recovery.get("enabled")):
        specification = {"PointInTimeRecoveryEnabled": bool(recovery.get("enabled"))}
        if recovery.get("enabled") and recovery.get("recoveryPeriodInDays"):
            specification["RecoveryPeriodInDays"] = recovery["recoveryPeriodInDays"]
        scene.call("update_continuous_backups", {**name, "PointInTimeRecoverySpecification": specification})


def _changes(scene: Scene) -> None:
    """UpdateTable takes one kind of change at a time."""
    name, properties, changed = {"TableName": scene.id}, scene.properties, scene.changed
    if {"billingMode", "readCapacity", "writeCapacity"} & changed:
        mode: dict[str, Any] = {"BillingMode": properties.get("billingMode", "PROVISIONED")}
        if _provisioned(properties):
            mode["ProvisionedThroughput"] = _throughput(properties)
        scene.call("update_table", {**name, **mode})
    if {"streamEnabled", "streamViewType"} & changed:
        scene.call("update_table", {**name, "StreamSpecification": _stream(properties)})
    if "serverSideEncryption" in changed:
        encryption = _encryption(properties.get("serverSideEncryption") or {})
        scene.call("update_table", {**name, "SSESpecification": encryption})
    if "deletionProtectionEnabled" in changed:
        protected = bool(properties.get("deletionProtectionEnabled"))
        scene.call("update_table", {**name, "DeletionProtectionEnabled": protected})
    if "tableClass" in changed:
        scene.call("update_table", {**name, "TableClass": properties.get("tableClass") or "STANDARD"})
    if "globalSecondaryIndexes" in changed:
        _change_indexes(scene)
    _extras(scene)


def _change_indexes(scene: Scene) -> None:
    """An index is made or removed one at a time; a changed one is both."""
    old = {item["name"]: item for item in scene.old.get("globalSecondaryIndexes") or ()}
    new = {item["name"]: item for item in scene.properties.get("globalSecondaryIndexes") or ()}
    changes: list[dict[str, Any]] = [
        {"Delete": {"IndexName": name}} for name, item in sorted(old.items()) if new.get(name) != item
    ]
    changes += [{"Create": _index(scene, item, True)} for name, item in sorted(new.items()) if old.get(name) != item]
    definitions = [
        {"AttributeName": item["name"], "AttributeType": item["type"]}
        for item in scene.properties.get("attributes") or ()
    ]
    for change in changes:
        arguments: dict[str, Any] = {"TableName": scene.id, "GlobalSecondaryIndexUpdates": [change]}
        if "Create" in change:
            arguments["AttributeDefinitions"] = definitions
        scene.call("update_table", arguments)


def _keys(schema: list[Mapping[str, str]]) -> dict[str, str]:
    names = {"HASH": "hashKey", "RANGE": "rangeKey"}
    return {names[key["KeyType"]]: key["AttributeName"] for key in schema}


def _table_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    throughput = found.get("ProvisionedThroughput") or {}
    stream = found.get("StreamSpecification") or {}
    encryption = found.get("SSEDescription") or {}
    mode = (found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    expiry = scene.call("describe_time_to_live", {"TableName": scene.id})["TimeToLiveDescription"]
    backups = scene.call("describe_continuous_backups", {"TableName": scene.id})["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription") or {}
    recovers = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    facts: dict[str, Any] = {
        **_keys(found["KeySchema"]),
        "attributes": [
            {"name": item["AttributeName"], "type": item["AttributeType"]} for item in found["AttributeDefinitions"]
        ],
        "billingMode": mode,
        "readCapacity": throughput.get("ReadCapacityUnits", 0),
        "writeCapacity": throughput.get("WriteCapacityUnits", 0),
        "streamEnabled": bool(stream.get("StreamEnabled")),
        "streamViewType": stream.get("StreamViewType") or "",
        "streamArn": found.get("LatestStreamArn") or "",
        "streamLabel": found.get("LatestStreamLabel") or "",
        "tableClass": (found.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
        "serverSideEncryption": {
            "enabled": encryption.get("Status") == "ENABLED",
            "kmsKeyArn": encryption.get("KMSMasterKeyArn"),
        },
        "ttl": {
            "enabled": expiry.get("TimeToLiveStatus") == "ENABLED",
            "attributeName": expiry.get("AttributeName"),
        },
        "pointInTimeRecovery": {"enabled": recovers, "recoveryPeriodInDays": recovery.get("RecoveryPeriodInDays")},
    }
    for name in _INDEXES:
        facts[name] = [_found_index(item) for item in found.get(name[0].upper() + name[1:]) or ()]
    return facts


def _found_index(index: Mapping[str, Any]) -> dict[str, Any]:
    projection = index.get("Projection") or {}
    throughput = index.get("ProvisionedThroughput") or {}
    return {
        "name": index["IndexName"],
        **_keys(index["KeySchema"]),
        "projectionType": projection.get("ProjectionType"),
        "nonKeyAttributes": projection.get("NonKeyAttributes") or [],
        "readCapacity": throughput.get("ReadCapacityUnits", 0),
        "writeCapacity": throughput.get("WriteCapacityUnits", 0),
    }


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:dynamodb/table:Table": row(
        "dynamodb",
        "create_table",
        "{name}",
        {"TableName": "{id}"},
        [Read("describe_table", "Table", {"TableName": "{id}"})],
        delete="delete_table",
        gone="TableStatus == 'ARCHIVED'",
        by_hook=[
            *("attributes", "billingMode", "readCapacity", "writeCapacity", "streamEnabled", "streamViewType"),
            *("serverSideEncryption", "globalSecondaryIndexes", "deletionProtectionEnabled", "tableClass"),
            *("ttl", "pointInTimeRecovery"),
        ],
        # Sent as what create_table takes them for; changed one by one.
        replace=["hashKey", "rangeKey", "localSecondaryIndexes", "name"],
        rename={"name": "TableName", "hashKey": "-", "rangeKey": "-", "localSecondaryIndexes": "-"},
        defaults={"billingMode": "PROVISIONED"},
        sticky=["readCapacity", "writeCapacity"],
        prepare=_table_arguments,
        enrich=_table_facts,
        created=_extras,
        updated=_changes,
        updates=[],
    ),
}
